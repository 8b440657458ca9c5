// GetExtensionProof of a real server, over a real socket.

#include <set>
#include <thread>

#include "client/entry_chunk.h"
#include "log/extension.h"
#include "log/set_proof.h"
#include "server_fixture.h"

namespace setlog {
namespace {

using grpc::StatusCode;

class ExtensionAnswerTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  }
  // Records [begin, end), in a session of their own.
  void Change(uint64_t begin, uint64_t end, bool remove = false) {
    std::vector<Hash> records;
    for (uint64_t i = begin; i < end; ++i) records.push_back(Record(i));
    ASSERT_OK(Append(std::string(16, static_cast<char>(++sessions_)), records, remove));
    WaitIndexed();
  }
  void WaitIndexed() {
    for (int i = 0; i < 1000; ++i) {
      const std::vector<std::string> entries = Entries();
      uint64_t changes_end = 0;
      uint64_t m = 0;
      for (uint64_t p = 0; p < entries.size(); ++p) {
        const Entry entry = *DecodeEntry(AsBytes(entries[p]));
        if (TypeOf(entry) == EntryType::kAdd || TypeOf(entry) == EntryType::kRemove) {
          changes_end = p + 1;
        }
        if (const auto* index = std::get_if<IndexEntry>(&entry)) m = index->m;
      }
      if (m >= changes_end) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "the index does not come";
  }
  std::vector<std::string> Entries() {
    grpc::ClientContext context;
    v1::GetEntriesRequest request;
    request.set_origin(kOrigin);
    auto stream = reader_->GetEntries(&context, request);
    std::vector<std::string> entries;
    v1::EntriesChunk chunk;
    while (stream->Read(&chunk)) {
      const std::vector<Bytes> bundle =
          *ParseChunk(AsBytes(chunk.bundle()), UINT64_MAX);
      for (Bytes entry : bundle) {
        entries.emplace_back(AsText(entry));
      }
    }
    EXPECT_TRUE(stream->Finish().ok());
    return entries;
  }
  grpc::Status Ask(uint64_t begin, uint64_t end, std::string* proof,
                   const std::string& origin = kOrigin) {
    grpc::ClientContext context;
    v1::GetExtensionProofRequest request;
    request.set_origin(origin);
    request.set_begin(begin);
    request.set_end(end);
    auto stream = reader_->GetExtensionProof(&context, request);
    v1::ExtensionProofChunk chunk;
    while (stream->Read(&chunk)) {
      EXPECT_LE(chunk.proof().size(), size_t{1} << 20);
      EXPECT_FALSE(chunk.proof().empty());
      *proof += chunk.proof();
    }
    return stream->Finish();
  }
  // Every index entry from every earlier one, by one proof each.
  void ExpectAllFollow() {
    const std::vector<std::string> entries = Entries();
    std::vector<IndexEntry> indexes = {EmptySetVersion()};
    for (const std::string& bytes : entries) {
      const Entry entry = *DecodeEntry(AsBytes(bytes));
      if (const auto* index = std::get_if<IndexEntry>(&entry))
        indexes.push_back(*index);
    }
    ASSERT_GT(indexes.size(), 2u);
    for (size_t a = 0; a < indexes.size(); ++a) {
      for (size_t b = a; b < indexes.size(); b += 1 + indexes.size() / 5) {
        std::string proof;
        ASSERT_TRUE(Ask(indexes[a].m, indexes[b].m, &proof).ok());
        std::vector<Bytes> range;
        for (uint64_t p = indexes[a].m; p < indexes[b].m; ++p) {
          range.push_back(AsBytes(entries[p]));
        }
        const auto shown =
            VerifyExtension(indexes[a], indexes[b], range, AsBytes(proof));
        ASSERT_OK(shown);
        EXPECT_EQ(shown->contradiction, std::nullopt);
      }
    }
  }

  int sessions_ = 0;
};

TEST_F(ExtensionAnswerTest, EveryIndexEntryFollowsFromEveryEarlierOne) {
  Change(0, 300);
  Change(100, 500);
  Change(50, 90, /*remove=*/true);
  Change(0, 10);
  Change(0, 600, /*remove=*/true);  // to the empty set, and from it
  Change(5, 20);
  ExpectAllFollow();
  // Also those that are not among the newest any more.
  StopServer();
  StartServer();
  ExpectAllFollow();
}

// Several turns of the set, several messages.
TEST_F(ExtensionAnswerTest, ALargeProofComesInPieces) {
  Change(0, 60'000);
  const uint64_t m = Entries().size();
  const std::vector<std::string> before = Entries();
  const IndexEntry from = std::get<IndexEntry>(*DecodeEntry(AsBytes(before.back())));
  Change(40'000, 100'000);
  const std::vector<std::string> entries = Entries();
  const IndexEntry to = std::get<IndexEntry>(*DecodeEntry(AsBytes(entries.back())));
  std::string proof;
  ASSERT_TRUE(Ask(from.m, to.m, &proof).ok());
  EXPECT_GT(proof.size(), size_t{1} << 20);
  std::vector<Bytes> range;
  for (uint64_t p = from.m; p < to.m; ++p) range.push_back(AsBytes(entries[p]));
  const auto shown = VerifyExtension(from, to, range, AsBytes(proof));
  ASSERT_OK(shown);
  EXPECT_EQ(shown->contradiction, std::nullopt);
  EXPECT_EQ(shown->n, 100'000u);
  EXPECT_GE(m, from.m);
}

TEST_F(ExtensionAnswerTest, WhatCannotBeProvenIsRefusedWithTheReason) {
  Change(0, 100);
  const uint64_t size = Entries().size();
  std::string proof;
  EXPECT_EQ(Ask(0, size, &proof).error_code(), StatusCode::OK);
  EXPECT_EQ(proof, "") << "of the empty set";
  EXPECT_EQ(Ask(1, size + 1, &proof).error_code(), StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(Ask(0, UINT64_MAX, &proof).error_code(), StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(Ask(2, 1, &proof).error_code(), StatusCode::OUT_OF_RANGE);
  const grpc::Status no_index = Ask(2, size, &proof);
  EXPECT_EQ(no_index.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(no_index.error_message(), ::testing::HasSubstr("m = 2"));
  EXPECT_EQ(Ask(1, size, &proof, "example.org/none").error_code(),
            StatusCode::NOT_FOUND);
  EXPECT_EQ(proof, "");
}

TEST_F(ExtensionAnswerTest, MoreCallersThanSlotsAreToldToComeBack) {
  Change(0, 5000);
  const std::vector<std::string> entries = Entries();
  const uint64_t m = std::get<IndexEntry>(*DecodeEntry(AsBytes(entries[1]))).m;
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  std::atomic<int> busy = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      std::string proof;
      const grpc::Status status = Ask(m, entries.size(), &proof);
      if (status.ok()) ++good;
      if (status.error_code() == StatusCode::RESOURCE_EXHAUSTED) ++busy;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(good, 4);
  EXPECT_EQ(good + busy, 16);
  // The slots came back.
  std::string proof;
  EXPECT_TRUE(Ask(m, entries.size(), &proof).ok());
}

}  // namespace
}  // namespace setlog
