#include "client/entry_stream.h"

#include <chrono>

#include "client/entry_chunk.h"
#include "client/tree_client.h"
#include "fake_server.h"
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

}  // namespace
}  // namespace setlog
