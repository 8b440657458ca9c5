#include "client/entry_stream.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "client/entry_chunk.h"
#include "client/tree_client.h"
#include "fakes/fake_server.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

// A line on which what is asked for first comes too late, and a bundle in time.
class SlowLineTest : public testing::Test {
 protected:
  static constexpr milliseconds kPatience{500};
  static constexpr uint64_t kSize = 6000;

  SlowLineTest() : connection_(server_.Channel(), "", milliseconds(0)) {
    server_.Create("example.org/a");
    // Small ones, so that a bundle of them is small: 18 kB in all.
    while (server_.log().size() < kSize) server_.log().AppendBytes("x");
    server_.line_bytes_per_s = 10'000;
    connection_.LimitCalls(kPatience);
  }
  absl::StatusOr<uint64_t> Stream() {
    EntryStream stream(&connection_, "example.org/a", 0, kSize);
    uint64_t count = 0;
    while (!stream.done()) {
      const absl::StatusOr<EntryPiece> piece = stream.Next(milliseconds(20));
      if (!piece.ok()) return piece.status();
      EXPECT_EQ(piece->begin, count);
      count += piece->entries.size();
    }
    return count;
  }
  absl::StatusOr<uint64_t> Tree() {
    FakeLog& log = server_.log();
    const TreeClient tree(&connection_,
                          {"example.org/a", kSize, log.RootAt(kSize), {}});
    uint64_t count = 0;
    const absl::Status status =
        tree.Entries(0, kSize, [&](uint64_t begin, std::span<const Bytes> entries) {
          EXPECT_EQ(begin, count);
          count += entries.size();
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    return count;
  }

  FakeServer server_;
  Connection connection_;
};

TEST_F(SlowLineTest, AStreamGoesOnInSmallerMessages) {
  const auto begin = std::chrono::steady_clock::now();
  const absl::StatusOr<uint64_t> count = Stream();
  ASSERT_OK(count);
  EXPECT_EQ(*count, kSize);
  // One that was given up, and one that took longer than a message may.
  EXPECT_EQ(server_.entry_streams, 2);
  EXPECT_GT(std::chrono::steady_clock::now() - begin, 2 * kPatience);
}

TEST_F(SlowLineTest, VerifiedEntriesComeInSmallerMessages) {
  const absl::StatusOr<uint64_t> count = Tree();
  ASSERT_OK(count);
  EXPECT_EQ(*count, kSize);
}

TEST_F(SlowLineTest, ALineThatCarriesNothingIsGivenUp) {
  server_.line_bytes_per_s = 1;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Stream().status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5 * kPatience);
  EXPECT_EQ(Tree().status().code(), StatusCode::kDeadlineExceeded);
}

// It does not matter how long the caller is busy between two pieces.
TEST_F(SlowLineTest, ACallerThatIsSlowIsNotTakenForTheServer) {
  server_.line_bytes_per_s = 0;
  EntryStream stream(&connection_, "example.org/a", 0, kSize);
  uint64_t count = 0;
  for (int i = 0; !stream.done(); ++i) {
    const absl::StatusOr<EntryPiece> piece = stream.Next(milliseconds(20));
    ASSERT_OK(piece);
    count += piece->entries.size();
    if (i == 0) std::this_thread::sleep_for(kPatience + milliseconds(200));
  }
  EXPECT_EQ(count, kSize);
  EXPECT_EQ(server_.entry_streams, 1);
}

TEST_F(SlowLineTest, WhoStopsDoesNotWaitForTheRest) {
  bool stops = false;
  connection_.StopWhen([&] { return stops; });
  stops = true;
  EXPECT_EQ(Tree().status().code(), StatusCode::kCancelled);
}

TEST(ChunkBytesTest, AreNoMoreThanASlowLineCarriesInTime) {
  EXPECT_EQ(ChunkBytesFor(milliseconds(4000)), 64'000u);
  EXPECT_EQ(ChunkBytesFor(milliseconds(60'000)), 960'000u);
  EXPECT_EQ(ChunkBytesFor(milliseconds::max()), kEntryChunkBytes);
  EXPECT_EQ(ChunkBytesFor(milliseconds(-1)), 0u);
}

constexpr uint64_t kChunk = 65536;
constexpr uint64_t kEntries = 128 * kChunk;

// A log of entries of no bytes: two bytes each on the way, and a view in memory.
class EmptyEntries final : public v1::Reader::Service {
 public:
  std::atomic<uint64_t> sent = 0;

  grpc::Status GetEntries(grpc::ServerContext*, const v1::GetEntriesRequest* request,
                          grpc::ServerWriter<v1::EntriesChunk>* writer) override {
    for (uint64_t at = request->begin(); at < request->end(); at += kChunk) {
      v1::EntriesChunk chunk;
      chunk.set_begin(at);
      chunk.set_bundle(std::string(2 * kChunk, '\0'));
      if (!writer->Write(chunk)) break;
      sent += kChunk;
    }
    return grpc::Status::OK;
  }
};

TEST(EntryStreamTest, TheQueueIsBoundedByWhatItCostsAlsoForEntriesOfNoBytes) {
  EmptyEntries service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const Connection connection(server->InProcessChannel({}), "", milliseconds(0));
  EntryStream stream(&connection, "example.org/a", 0, kEntries);
  // Nobody takes anything: the server is soon kept from sending more.
  for (uint64_t before = 1; service.sent != before;) {
    before = service.sent;
    std::this_thread::sleep_for(milliseconds(300));
  }
  const uint64_t views = service.sent * sizeof(Bytes);
  EXPECT_LT(views, 2 * EntryStream::kQueueBytes);
  EXPECT_GT(views, EntryStream::kQueueBytes / 4);
  uint64_t taken = 0;
  while (!stream.done()) {
    const auto piece = stream.Next(milliseconds(100));
    ASSERT_OK(piece);
    EXPECT_EQ(piece->begin, taken);
    taken += piece->entries.size();
  }
  EXPECT_EQ(taken, kEntries);
}

}  // namespace
}  // namespace setlog
