// The service, asked through plain gRPC.
#include "server/server.h"

#include <chrono>
#include <thread>

#include "client/entry_chunk.h"
#include "log/checkpoint.h"
#include "log/proof.h"
#include "log/replay.h"
#include "log/set_tree.h"
#include "log/tree.h"
#include "server_fixture.h"

namespace setlog {
namespace {

TEST_F(ServerTest, AppendedRecordsAreProvenAndOthersAreProvenAbsent) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  const auto ack = Append(std::string(16, 'a'), Records(0, 5000));
  ASSERT_OK(ack);
  EXPECT_EQ(ack->acknowledged(), 5000u);
  EXPECT_EQ(ack->first(), 2u);
  const Version version = Indexed(ack->end() - 1);
  EXPECT_EQ(version.index.n, 5000u);
  EXPECT_EQ(version.index.set_root, SetRootOfValues(Records(0, 5000)));
  for (uint64_t i : {0, 1, 777, 4999}) {
    const auto answer = Lookup(version, Record(i));
    ASSERT_OK(answer);
    EXPECT_EQ(answer->verdict, SetVerdict::kPresent);
  }
  for (uint64_t i : {5000, 9999}) {
    const auto answer = Lookup(version, Record(i));
    ASSERT_OK(answer);
    EXPECT_EQ(answer->verdict, SetVerdict::kAbsent);
  }
}

TEST_F(ServerTest, EveryOldVersionAnswersRightlyAlsoAfterARestart) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  struct Step {
    bool remove;
    uint64_t begin, end;
  };
  const Step steps[] = {{false, 0, 300}, {true, 100, 150},  {false, 120, 130},
                        {true, 0, 20},   {false, 250, 600}, {true, 120, 125}};
  std::vector<std::pair<Version, std::set<uint64_t>>> versions;
  std::set<uint64_t> members;
  char session = 'a';
  for (const Step& step : steps) {
    const auto ack = Append(std::string(16, session++), Records(step.begin, step.end),
                            step.remove, 37);
    ASSERT_OK(ack);
    for (uint64_t i = step.begin; i < step.end; ++i) {
      if (step.remove) {
        members.erase(i);
      } else {
        members.insert(i);
      }
    }
    versions.push_back({Indexed(ack->end() - 1), members});
  }
  for (int restarts = 0; restarts < 2; ++restarts) {
    for (auto& [version, expected] : versions) {
      // The old index entry under today's head.
      absl::StatusOr<v1::Head> head = GetHead("", version.index_position + 1);
      ASSERT_OK(head);
      const Version today = Verified(*head);
      ASSERT_EQ(today.index, version.index);
      for (uint64_t i = 0; i < 610; i += 3) {
        const auto answer = Lookup(today, Record(i));
        ASSERT_OK(answer);
        EXPECT_EQ(answer->verdict == SetVerdict::kPresent, expected.contains(i))
            << "record " << i << " at m = " << today.index.m;
      }
    }
    const auto removed = Lookup(Verified(*GetHead()), Record(101));
    ASSERT_OK(removed);
    EXPECT_EQ(removed->verdict, SetVerdict::kRemoved);
    StopServer();
    ASSERT_NO_FATAL_FAILURE(StartServer());
  }
}

TEST_F(ServerTest, TheWholeLogReplays) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  const auto ack = Append(std::string(16, 'a'), Records(0, 3000));
  ASSERT_OK(ack);
  v1::TagResponse tag;
  ASSERT_TRUE(Tag("v1", &tag).ok());
  ASSERT_OK(Append(std::string(16, 'b'), Records(10, 2000), true));
  const Version version = Indexed(ack->end() + 1990);
  grpc::ClientContext context;
  v1::GetEntriesRequest request;
  request.set_origin(kOrigin);
  auto stream = reader_->GetEntries(&context, request);
  Replay replay(kOrigin);
  v1::EntriesChunk chunk;
  while (stream->Read(&chunk)) {
    EXPECT_EQ(chunk.begin(), replay.size());
    const auto fault = replay.Feed(*ParseChunk(AsBytes(chunk.bundle()), UINT64_MAX));
    ASSERT_FALSE(fault) << fault->reason;
  }
  ASSERT_TRUE(stream->Finish().ok());
  EXPECT_EQ(replay.size(), version.checkpoint.size);
  EXPECT_EQ(replay.Root(), version.checkpoint.root);
  EXPECT_EQ(replay.tags().at("v1").m, tag.index_size());
}

TEST_F(ServerTest, EntriesComeInChunksAsAskedForFromAnyPositionToAnyOther) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  ASSERT_OK(Append(std::string(16, 'a'), Records(0, 70'000)));
  uint32_t chunk_bytes = 20'000;
  const auto fetch = [&](uint64_t begin, uint64_t end, size_t* chunks) {
    grpc::ClientContext context;
    v1::GetEntriesRequest request;
    request.set_origin(kOrigin);
    request.set_begin(begin);
    request.set_end(end);
    request.set_chunk_bytes(chunk_bytes);
    auto stream = reader_->GetEntries(&context, request);
    std::vector<std::string> entries;
    v1::EntriesChunk chunk;
    *chunks = 0;
    while (stream->Read(&chunk)) {
      ++*chunks;
      EXPECT_EQ(chunk.begin(), begin + entries.size());
      EXPECT_LT(chunk.bundle().size(), chunk_bytes + 10'000u);  // a bundle more
      const std::vector<Bytes> parsed =
          ParseChunk(AsBytes(chunk.bundle()), UINT64_MAX).value();
      EXPECT_FALSE(parsed.empty());
      for (Bytes entry : parsed) entries.emplace_back(AsText(entry));
    }
    EXPECT_TRUE(stream->Finish().ok());
    return entries;
  };
  size_t chunks = 0;
  const std::vector<std::string> all = fetch(0, 70'002, &chunks);
  ASSERT_EQ(all.size(), 70'002u);
  EXPECT_EQ(chunks, 92u) << "of three bundles";
  uint64_t adds = 0;  // index entries stand between them
  for (const std::string& entry : all) {
    if (entry[0] != 1) continue;
    ASSERT_EQ(entry.substr(1), AsText(Record(adds)));
    ++adds;
  }
  EXPECT_GT(adds, 69'000u);
  for (const auto& [begin, end] :
       std::vector<std::pair<uint64_t, uint64_t>>{{0, 1},
                                                  {255, 257},
                                                  {256, 512},
                                                  {300, 301},
                                                  {300, 69'999},
                                                  {70'001, 70'002}}) {
    EXPECT_EQ(fetch(begin, end, &chunks),
              std::vector<std::string>(all.begin() + static_cast<ptrdiff_t>(begin),
                                       all.begin() + static_cast<ptrdiff_t>(end)))
        << begin << " " << end;
  }
  EXPECT_TRUE(fetch(300, 300, &chunks).empty());
  // Who does not ask for more gets no more than a bundle.
  chunk_bytes = 0;
  EXPECT_EQ(fetch(0, 70'002, &chunks), all);
  EXPECT_EQ(chunks, 70'002 / 256 + 1u);
  // And nobody gets more than the memory allows: here 64 KiB.
  chunk_bytes = uint32_t{1} << 30;
  EXPECT_EQ(fetch(0, 70'002, &chunks), all);
  EXPECT_GE(chunks, 70'002 * 35 / ((64 << 10) + 10'000) + 1u);
}

TEST_F(ServerTest, ASessionGoesOnWhereItStopped) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  const std::string session(16, 's');
  ASSERT_OK(Append(session, Records(0, 100)));
  const auto again = Append(session, {});
  ASSERT_OK(again);
  EXPECT_EQ(again->acknowledged(), 100u);
  EXPECT_EQ(again->first(), 2u);
  StopServer();
  ASSERT_NO_FATAL_FAILURE(StartServer());
  const auto more = Append(session, Records(100, 150));
  ASSERT_OK(more);
  EXPECT_EQ(more->acknowledged(), 150u);
  // Another operation under the same id is another session.
  const auto remove = Append(session, {}, true);
  ASSERT_OK(remove);
  EXPECT_EQ(remove->acknowledged(), 0u);
}

TEST_F(ServerTest, NothingIsIndexedWhenNothingChanged) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  const auto ack = Append(std::string(16, 'a'), Records(0, 10));
  ASSERT_OK(ack);
  const Version before = Indexed(ack->end() - 1);
  v1::TagResponse tag;
  ASSERT_TRUE(Tag("v1", &tag).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const Version after = Verified(*GetHead());
  EXPECT_EQ(after.checkpoint.size, before.checkpoint.size + 1);
  EXPECT_EQ(after.index, before.index);
}

TEST_F(ServerTest, WatchersSeeEveryConsistentStepUntilTheyLeave) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  grpc::ClientContext context;
  v1::GetHeadRequest request;
  request.set_origin(kOrigin);
  auto stream = reader_->WatchHeads(&context, request);
  v1::Head head;
  ASSERT_TRUE(stream->Read(&head));
  uint64_t size = Verified(head).checkpoint.size;
  for (int round = 0; round < 5; ++round) {
    const auto ack = Append(std::string(16, 'a' + round), Records(round, round + 1));
    ASSERT_OK(ack);
    while (size < ack->size()) {
      ASSERT_TRUE(stream->Read(&head));
      const uint64_t next = Verified(head).checkpoint.size;
      ASSERT_GT(next, size);
      size = next;
    }
  }
  context.TryCancel();
  while (stream->Read(&head)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ServerTest, EachTagNamesTheSetOfItsTime) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  ASSERT_OK(Append(std::string(16, 'a'), Records(0, 100)));
  v1::TagResponse v1_tag, again, v2_tag;
  ASSERT_TRUE(Tag("v1", &v1_tag).ok());
  ASSERT_TRUE(Tag("v1", &again).ok());  // the same set: the same answer
  EXPECT_EQ(v1_tag.position(), again.position());
  ASSERT_OK(Append(std::string(16, 'b'), Records(100, 200)));
  ASSERT_TRUE(Tag("v2", &v2_tag).ok());
  const grpc::Status reused = Tag("v1", &again);
  EXPECT_EQ(reused.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(reused.error_message(), ::testing::HasSubstr("choose another name"));
  EXPECT_EQ(Verified(*GetHead("v1")).index.n, 100u);
  EXPECT_EQ(Verified(*GetHead("v2")).index.n, 200u);
  EXPECT_EQ(Lookup(Verified(*GetHead("v1")), Record(150))->verdict,
            SetVerdict::kAbsent);
  EXPECT_EQ(Lookup(Verified(*GetHead("v2")), Record(150))->verdict,
            SetVerdict::kPresent);
  EXPECT_STATUS(GetHead("v3"), absl::StatusCode::kNotFound, "setlog tags");
}

TEST_F(ServerTest, ProofsForEverySizeOfASmallLog) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  const auto ack = Append(std::string(16, 'a'), Records(0, 600), false, 50);
  ASSERT_OK(ack);
  const Version version = Indexed(ack->end() - 1);
  const uint64_t head = version.checkpoint.size;
  for (uint64_t size = 1; size <= head; size += 7) {
    for (uint64_t index = size % 3; index < size; index += 41) {
      grpc::ClientContext context;
      v1::GetInclusionProofRequest request;
      request.set_origin(kOrigin);
      request.set_index(index);
      request.set_size(size);
      v1::InclusionProof proof;
      ASSERT_TRUE(reader_->GetInclusionProof(&context, request, &proof).ok());
      ASSERT_OK(VerifyInclusion(index, size, *OneHash(proof.leaf_hash(), "leaf"),
                                *SplitHashes(proof.path(), "path"),
                                *OneHash(proof.root(), "root")));
    }
    grpc::ClientContext context;
    v1::GetConsistencyProofRequest request;
    request.set_origin(kOrigin);
    request.set_size1(size);
    v1::ConsistencyProof proof;
    ASSERT_TRUE(reader_->GetConsistencyProof(&context, request, &proof).ok());
    ASSERT_OK(VerifyConsistency(size, proof.size2(), *OneHash(proof.root1(), "root"),
                                *OneHash(proof.root2(), "root"),
                                *SplitHashes(proof.path(), "path")));
  }
}

TEST_F(ServerTest, BadCallsGetTheRightCodeAndAWordOfHelp) {
  using grpc::StatusCode;
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  const auto expect = [](const grpc::Status& status, StatusCode code,
                         const std::string& text) {
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), ::testing::HasSubstr(text));
  };
  expect(Create(ManifestOf(kOrigin)), StatusCode::ALREADY_EXISTS, "exists already");
  expect(Create(ManifestOf("example.org/../x")), StatusCode::INVALID_ARGUMENT, "..");
  expect(Create(ManifestOf("metrics")), StatusCode::INVALID_ARGUMENT, "metrics");
  expect(Create("{}"), StatusCode::INVALID_ARGUMENT, "");
  expect(Create(" " + ManifestOf("example.org/b")), StatusCode::INVALID_ARGUMENT, "");
  {
    grpc::ClientContext context;
    v1::CreateLogRequest request;
    request.set_manifest(ManifestOf("example.org/b"));
    v1::Head head;
    expect(writer_->CreateLog(&context, request, &head), StatusCode::UNAUTHENTICATED,
           "--token-file");
  }
  {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + std::string(64, '0'));
    v1::TagRequest request;
    v1::TagResponse response;
    expect(writer_->Tag(&context, request, &response), StatusCode::UNAUTHENTICATED,
           "admin.token");
  }
  {
    grpc::ClientContext context;
    auto stream = writer_->Append(&context);
    v1::AppendResponse response;
    EXPECT_FALSE(stream->Read(&response));
    expect(stream->Finish(), StatusCode::UNAUTHENTICATED, "token");
  }
  v1::TagResponse tag;
  expect(Tag("123", &tag), StatusCode::INVALID_ARGUMENT, "digits only");
  expect(Tag("a b", &tag), StatusCode::INVALID_ARGUMENT, "A-Z");
  EXPECT_STATUS(Append("short", Records(0, 1)), absl::StatusCode::kInvalidArgument,
                "16");

  const auto raw_append = [this](const std::vector<v1::AppendRequest>& requests) {
    grpc::ClientContext context;
    Authorize(&context);
    auto stream = writer_->Append(&context);
    for (const auto& request : requests) stream->Write(request);
    stream->WritesDone();
    v1::AppendResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  };
  v1::AppendRequest open, hashes;
  open.mutable_open()->set_origin(kOrigin);
  open.mutable_open()->set_session(std::string(16, 'x'));
  hashes.set_hashes(std::string(33, 'h'));
  expect(raw_append({open, hashes}), StatusCode::INVALID_ARGUMENT, "32 bytes each");
  hashes.set_hashes("");
  expect(raw_append({open, hashes}), StatusCode::INVALID_ARGUMENT, "32 bytes each");
  expect(raw_append({hashes}), StatusCode::FAILED_PRECONDITION, "open a session");
  expect(raw_append({open, open}), StatusCode::FAILED_PRECONDITION, "open already");
  hashes.set_hashes(std::string(32 * 65537, 'h'));
  expect(raw_append({open, hashes}), StatusCode::INVALID_ARGUMENT, "65536");
  hashes.set_hashes(std::string(5 << 20, 'h'));
  expect(raw_append({open, hashes}), StatusCode::RESOURCE_EXHAUSTED, "larger than max");
  open.mutable_open()->set_origin("example.org/unknown");
  expect(raw_append({open}), StatusCode::NOT_FOUND, "example.org/unknown");
  open.mutable_open()->set_origin("Example.org");
  expect(raw_append({open}), StatusCode::INVALID_ARGUMENT, "");

  const auto inclusion = [this](uint64_t index, uint64_t size) {
    grpc::ClientContext context;
    v1::GetInclusionProofRequest request;
    request.set_origin(kOrigin);
    request.set_index(index);
    request.set_size(size);
    v1::InclusionProof proof;
    return reader_->GetInclusionProof(&context, request, &proof);
  };
  expect(inclusion(2, 0), StatusCode::OUT_OF_RANGE, "size 2");
  expect(inclusion(0, 3), StatusCode::OUT_OF_RANGE, "beyond the head");
  const auto consistency = [this](uint64_t size1, uint64_t size2) {
    grpc::ClientContext context;
    v1::GetConsistencyProofRequest request;
    request.set_origin(kOrigin);
    request.set_size1(size1);
    request.set_size2(size2);
    v1::ConsistencyProof proof;
    return reader_->GetConsistencyProof(&context, request, &proof);
  };
  expect(consistency(0, 1), StatusCode::OUT_OF_RANGE, "1 <= size1");
  expect(consistency(2, 1), StatusCode::OUT_OF_RANGE, "1 <= size1");
  expect(consistency(1, 3), StatusCode::OUT_OF_RANGE, "beyond the head");
  {
    grpc::ClientContext context;
    v1::LookupRequest request;
    request.set_origin(kOrigin);
    request.set_record("short");
    v1::LookupResponse response;
    expect(reader_->Lookup(&context, request, &response), StatusCode::INVALID_ARGUMENT,
           "32 bytes");
  }
  {
    grpc::ClientContext context;
    v1::LookupRequest request;
    request.set_origin(kOrigin);
    request.set_record(std::string(32, 'r'));
    request.set_index_size(2);
    v1::LookupResponse response;
    expect(reader_->Lookup(&context, request, &response),
           StatusCode::FAILED_PRECONDITION, "m = 2");
  }
  {
    grpc::ClientContext context;
    v1::BatchLookupRequest request;
    request.set_origin(kOrigin);
    request.set_records(std::string(32 * 4097, 'r'));
    v1::BatchLookupResponse response;
    expect(reader_->BatchLookup(&context, request, &response),
           StatusCode::INVALID_ARGUMENT, "4096");
  }
  {
    grpc::ClientContext context;
    v1::GetEntriesRequest request;
    request.set_origin(kOrigin);
    request.set_end(3);
    auto stream = reader_->GetEntries(&context, request);
    v1::EntriesChunk chunk;
    EXPECT_FALSE(stream->Read(&chunk));
    expect(stream->Finish(), StatusCode::OUT_OF_RANGE, "beyond the head");
  }
}

}  // namespace
}  // namespace setlog
