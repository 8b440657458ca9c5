// A client that follows a log for long keeps no more than one that has just begun.
#include <malloc.h>

#include <filesystem>
#include <map>
#include <vector>

#include "log_client_fixture.h"
#include "sanitized.h"

namespace setlog {
namespace {

constexpr int kHeads = 1000;
constexpr int kWarmUp = 100;

class ManyHeadsTest : public LogClientTest {
 protected:
  struct Cost {
    size_t heap_bytes = 0;
    std::map<std::string, uint64_t> files;  // and their sizes
    uint64_t disk_bytes() const {
      uint64_t bytes = 0;
      for (const auto& [name, size] : files) bytes += size;
      return bytes;
    }
  };
  Cost Measure() const {
    Cost cost;
    const struct mallinfo2 heap = mallinfo2();
    cost.heap_bytes = heap.uordblks + heap.hblkhd;
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(dir_.path())) {
      if (file.is_regular_file()) cost.files[file.path()] = file.file_size();
    }
    return cost;
  }
  void Grow(int i) {
    log().Add(HashN(10'000 + static_cast<uint64_t>(i)));
    log().Index();
  }
  enum class How {
    kOneClient,  // a process that follows on
    kAnew,       // one that is started for each head
    kKeeping,    // one that forgets nothing: what the bound must see
  };
  // Bytes that the heap has more for each head.
  void Follow(How how, uint64_t* grown) {
    std::optional<LogClient> client = Pinned();
    std::vector<VerifiedHead> kept;
    Cost before;
    for (int i = 0; i < kHeads; ++i) {
      Grow(i);
      if (how == How::kAnew) client.emplace(Pinned());
      const absl::StatusOr<VerifiedHead> head = client->Head();
      ASSERT_OK(head);
      ASSERT_EQ(head->version.checkpoint.size, log().size());
      if (how == How::kKeeping) kept.push_back(*head);
      if (i == kWarmUp) before = Measure();
    }
    const Cost after = Measure();
    EXPECT_EQ(before.files.size(), after.files.size());
    // Sizes and paths have some digits and hashes more.
    EXPECT_LT(after.disk_bytes(), before.disk_bytes() + 1024);
    *grown = (after.heap_bytes - before.heap_bytes) / (kHeads - kWarmUp);
    RecordProperty("heap_bytes_a_head", static_cast<int>(*grown));
  }
};

// The server of this test is in this process, with its log and its set: it grows by
// some 1,100 bytes a head.
constexpr uint64_t kServerGrows = 1600;

TEST_F(ManyHeadsTest, AFollowerOfAThousandHeadsDoesNotGrow) {
  uint64_t grown = 0;
  Follow(How::kOneClient, &grown);
  EXPECT_LT(grown, kServerGrows);
}

TEST_F(ManyHeadsTest, AThousandFollowersOneAfterTheOtherLeaveNoMoreThanOne) {
  uint64_t grown = 0;
  Follow(How::kAnew, &grown);
  EXPECT_LT(grown, kServerGrows);
}

TEST_F(ManyHeadsTest, AHeadThatIsKeptWouldBeSeen) {
  uint64_t grown = 0;
  Follow(How::kKeeping, &grown);
  if (!kSanitized) {
    EXPECT_GT(grown, kServerGrows);
  }
}

}  // namespace
}  // namespace setlog
