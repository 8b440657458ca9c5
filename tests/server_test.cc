// The service over a real socket and a real RocksDB, asked through plain gRPC.
#include "server/server.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "log/checkpoint.h"
#include "log/manifest.h"
#include "log/proof.h"
#include "log/replay.h"
#include "log/set_tree.h"
#include "log/sha256.h"
#include "log/tile.h"
#include "log/tree.h"
#include "log/verify.h"
#include "proto/forms.h"
#include "server/key_files.h"
#include "setlog/v1/reader.grpc.pb.h"
#include "setlog/v1/writer.grpc.pb.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr char kOrigin[] = "example.org/records";

Hash Record(uint64_t i) { return Sha256(AsBytes("record-" + std::to_string(i))); }

std::string ManifestOf(const std::string& origin) {
  Manifest manifest;
  manifest.origin = origin;
  manifest.scheme = "bytes/1";
  return *FormatManifest(manifest);
}

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/setlog-server-test-XXXXXX";
    dir_ = mkdtemp(name);
    StartServer();
  }
  void TearDown() override {
    StopServer();
    std::filesystem::remove_all(dir_);
  }
  void StartServer() {
    ServerOptions options;
    options.data_dir = dir_ + "/data";
    options.listen = options.http = "127.0.0.1:0";
    options.memory_bytes = kMinMemoryBytes;
    options.min_free_bytes = min_free_bytes_;
    auto server = Server::Start(options);
    ASSERT_OK(server);
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->grpc_address(),
                                   grpc::InsecureChannelCredentials());
    reader_ = v1::Reader::NewStub(channel_);
    writer_ = v1::Writer::NewStub(channel_);
    std::ifstream(options.data_dir + "/admin.token") >> token_;
  }
  void StopServer() {
    reader_.reset();
    writer_.reset();
    channel_.reset();
    server_.reset();
  }
  void Authorize(grpc::ClientContext* context) const {
    context->AddMetadata("authorization", "Bearer " + token_);
  }

  grpc::Status Create(const std::string& manifest) {
    grpc::ClientContext context;
    Authorize(&context);
    v1::CreateLogRequest request;
    request.set_manifest(manifest);
    v1::Head head;
    return writer_->CreateLog(&context, request, &head);
  }
  // Appends in one stream; the last acknowledgement, or the stream's error.
  absl::StatusOr<v1::AppendResponse> Append(const std::string& session,
                                            const std::vector<Hash>& records,
                                            bool remove = false,
                                            size_t per_message = 1000) {
    grpc::ClientContext context;
    Authorize(&context);
    auto stream = remove ? writer_->Remove(&context) : writer_->Append(&context);
    v1::AppendRequest open;
    open.mutable_open()->set_origin(kOrigin);
    open.mutable_open()->set_session(session);
    stream->Write(open);
    for (size_t i = 0; i < records.size(); i += per_message) {
      v1::AppendRequest request;
      request.set_hashes(ConcatHashes(
          std::span(records).subspan(i, std::min(per_message, records.size() - i))));
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    v1::AppendResponse response;
    while (stream->Read(&response)) {
    }
    const grpc::Status status = stream->Finish();
    if (status.ok()) return response;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                        status.error_message());
  }
  absl::StatusOr<v1::Head> GetHead(const std::string& tag = "", uint64_t size = 0) {
    grpc::ClientContext context;
    v1::GetHeadRequest request;
    request.set_origin(kOrigin);
    if (!tag.empty()) request.set_tag(tag);
    if (size > 0) request.set_size(size);
    v1::Head head;
    const grpc::Status status = reader_->GetHead(&context, request, &head);
    if (status.ok()) return head;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                        status.error_message());
  }
  VerifierKey Key() {
    grpc::ClientContext context;
    v1::GetLogRequest request;
    request.set_origin(kOrigin);
    v1::GetLogResponse response;
    EXPECT_TRUE(reader_->GetLog(&context, request, &response).ok());
    return *ParseVkey(response.vkey());
  }
  Version Verified(const v1::Head& head) {
    absl::StatusOr<VersionProof> proof = VersionFromProto(head);
    EXPECT_OK(proof);
    absl::StatusOr<Version> version = VerifyVersion(*proof, {.log_key = Key()}, {});
    EXPECT_OK(version);
    return *version;
  }
  // Waits until the set holds everything up to `position`.
  Version Indexed(uint64_t position) {
    for (int i = 0; i < 1000; ++i) {
      const Version version = Verified(*GetHead());
      if (version.index.m > position) return version;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "the index never reached position " << position;
    return Verified(*GetHead());
  }
  absl::StatusOr<Answer> Lookup(const Version& version, const Hash& record) {
    v1::LookupRequest request;
    request.set_origin(kOrigin);
    request.set_record(std::string(AsText(record)));
    request.set_index_size(version.index.m);
    request.set_size(version.checkpoint.size);
    v1::LookupResponse response;
    grpc::Status status;
    for (int i = 0; i < 200; ++i) {  // the index may still be loading
      grpc::ClientContext context;
      response.Clear();
      status = reader_->Lookup(&context, request, &response);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (!status.ok()) return absl::UnknownError(status.error_message());
    AnswerProof proof{.record = record};
    absl::StatusOr<LookupProof> lookup = LookupFromProto(response.lookup());
    if (!lookup.ok()) return lookup.status();
    proof.lookup = *lookup;
    if (response.has_added()) proof.added = *EntryFromProto(response.added(), "added");
    if (response.has_removed()) {
      proof.removed = *EntryFromProto(response.removed(), "removed");
    }
    return VerifyAnswer(version, proof);
  }
  grpc::Status Tag(const std::string& name, v1::TagResponse* response) {
    grpc::ClientContext context;
    Authorize(&context);
    v1::TagRequest request;
    request.set_origin(kOrigin);
    request.set_name(name);
    return writer_->Tag(&context, request, response);
  }

  std::string dir_;
  uint64_t min_free_bytes_ = 0;
  std::string token_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Reader::Stub> reader_;
  std::unique_ptr<v1::Writer::Stub> writer_;
};

std::vector<Hash> Records(uint64_t begin, uint64_t end) {
  std::vector<Hash> records;
  for (uint64_t i = begin; i < end; ++i) records.push_back(Record(i));
  return records;
}

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
    const auto fault = replay.Feed(*ParseBundle(AsBytes(chunk.bundle())));
    ASSERT_FALSE(fault) << fault->reason;
  }
  ASSERT_TRUE(stream->Finish().ok());
  EXPECT_EQ(replay.size(), version.checkpoint.size);
  EXPECT_EQ(replay.Root(), version.checkpoint.root);
  EXPECT_EQ(replay.tags().at("v1").m, tag.index_size());
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

TEST_F(ServerTest, RefusesToStartWithAForeignOrMissingKey) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  ASSERT_TRUE(Create(ManifestOf("example.org/other")).ok());
  StopServer();
  ServerOptions options;
  options.data_dir = dir_ + "/data";
  options.listen = options.http = "127.0.0.1:0";
  std::vector<std::filesystem::path> keys;
  for (const auto& file : std::filesystem::directory_iterator(dir_ + "/data/keys")) {
    keys.push_back(file.path());
  }
  ASSERT_EQ(keys.size(), 2u);
  std::filesystem::rename(keys[0], dir_ + "/saved");
  EXPECT_STATUS(Server::Start(options), absl::StatusCode::kNotFound, keys[0].string());
  std::filesystem::copy_file(keys[1], keys[0]);
  EXPECT_STATUS(Server::Start(options), absl::StatusCode::kDataLoss,
                "is not the signing key of");
  std::filesystem::remove(keys[0]);
  std::filesystem::copy_file(dir_ + "/saved", keys[0]);
  std::filesystem::permissions(keys[0], std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_STATUS(Server::Start(options), absl::StatusCode::kFailedPrecondition,
                "chmod 600");
  std::filesystem::remove(keys[0]);
  // A new key of the right name would sign another log.
  const std::array<uint8_t, 32> seed = {7};
  for (const char* origin : {kOrigin, "example.org/other"}) {
    if (SigningKeyPath(dir_ + "/data", origin) != keys[0].string()) continue;
    std::ofstream(keys[0]) << FormatSkey(
        *MakeSigningKey(origin, *Ed25519PrivateKey::FromSeed(seed)));
  }
  std::filesystem::permissions(keys[0], std::filesystem::perms::owner_read);
  EXPECT_STATUS(Server::Start(options), absl::StatusCode::kDataLoss,
                "holds another key than the one that signed");
  std::filesystem::remove(keys[0]);
  std::filesystem::rename(dir_ + "/saved", keys[0]);
  EXPECT_OK(Server::Start(options));
}

TEST_F(ServerTest, AKeyWhoseStoreIsGoneSignsNoSecondHistory) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  StopServer();
  std::filesystem::remove_all(dir_ + "/data/store");
  std::filesystem::remove(dir_ + "/data/anchor");
  StartServer();
  const grpc::Status again = Create(ManifestOf(kOrigin));
  EXPECT_EQ(again.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_NE(again.error_message().find(SigningKeyPath(dir_ + "/data", kOrigin)),
            std::string::npos)
      << again.error_message();
  EXPECT_NE(again.error_message().find("setlogd restore"), std::string::npos);
  std::filesystem::rename(SigningKeyPath(dir_ + "/data", kOrigin), dir_ + "/away");
  EXPECT_TRUE(Create(ManifestOf(kOrigin)).ok());
}

TEST_F(ServerTest, ACreationThatACrashCutShortIsFinishedOrForgotten) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  const VerifierKey key = Key();
  StopServer();
  const std::string path = SigningKeyPath(dir_ + "/data", kOrigin);
  const std::string other = SigningKeyPath(dir_ + "/data", "example.org/other");
  // After the commit, before the key had its name.
  std::filesystem::rename(path, path + ".new");
  // Before the commit of another log.
  std::ofstream(other + ".new") << "cut sh";
  StartServer();
  EXPECT_EQ(Key(), key);
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_TRUE(Create(ManifestOf("example.org/other")).ok());
  EXPECT_TRUE(std::filesystem::exists(other));
  EXPECT_FALSE(std::filesystem::exists(other + ".new"));
}

TEST_F(ServerTest, StopsAtOnceWithWatchersAndAppendersThatWouldStay) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  grpc::ClientContext watching;
  v1::GetHeadRequest request;
  request.set_origin(kOrigin);
  auto watch = reader_->WatchHeads(&watching, request);
  v1::Head head;
  ASSERT_TRUE(watch->Read(&head));
  const auto begin = std::chrono::steady_clock::now();
  std::thread stop([&] { server_.reset(); });
  EXPECT_FALSE(watch->Read(&head));
  const grpc::Status ended = watch->Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE) << ended.error_message();
  stop.join();
  // The drain alone would be five seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST_F(ServerTest, WithoutRoomItIsReadOnlyAndSaysSo) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  ASSERT_OK(Append(std::string(16, 'a'), Records(0, 10)));
  StopServer();
  min_free_bytes_ = uint64_t{1} << 60;
  StartServer();
  EXPECT_STATUS(Append(std::string(16, 'a'), Records(0, 10)),
                absl::StatusCode::kResourceExhausted, "--min-free");
  EXPECT_OK(GetHead());
  min_free_bytes_ = 0;
  StopServer();
  StartServer();
  EXPECT_OK(Append(std::string(16, 'b'), Records(10, 20)));
}

}  // namespace
}  // namespace setlog
