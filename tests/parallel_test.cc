#include "port/parallel.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace setlog {
namespace {

TEST(ParallelTest, EachTurnIsTakenOnceAndAllBeforeItReturns) {
  Parallel parallel(3);
  for (size_t count = 0; count < 200; ++count) {
    std::array<std::atomic<int>, 200> turns{};
    parallel(count, [&](size_t i) { ++turns[i]; });
    for (size_t i = 0; i < turns.size(); ++i) ASSERT_EQ(turns[i], i < count ? 1 : 0);
  }
}

TEST(ParallelTest, ALoopWithinATurnStaysOnItsThreadInOrder) {
  Parallel parallel(3);
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> wrong = 0;
    std::atomic<size_t> turns = 0;
    parallel(20, [&](size_t) {
      const std::thread::id outer = std::this_thread::get_id();
      size_t next = 0;
      parallel(10, [&](size_t i) {
        wrong += std::this_thread::get_id() != outer || i != next++;
        ++turns;
      });
    });
    ASSERT_EQ(wrong, 0);
    ASSERT_EQ(turns, 200u);
  }
}

TEST(ParallelTest, AnothersLoopWithinATurnHasItsOwnThreads) {
  Parallel outer(2);
  Parallel inner(2);  // for the first turn alone: one caller at a time
  std::atomic<size_t> turns = 0;
  outer(2, [&](size_t i) {
    if (i == 0) inner(50, [&](size_t) { ++turns; });
  });
  EXPECT_EQ(turns, 50u);
}

}  // namespace
}  // namespace setlog
