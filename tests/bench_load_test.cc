// What `setlog bench` measures with: records, percentiles, the closed loop.

#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tools/bench_records.h"
#include "tools/closed_loop.h"
#include "tools/percentiles.h"

namespace setlog {
namespace {

TEST(BenchRecordsTest, AreAFunctionOfSeedAndNumberAndDiffer) {
  const BenchRecords records(1), again(1), other(2);
  std::set<Hash> seen;
  for (uint64_t i = 0; i < 10'000; ++i) {
    EXPECT_EQ(records.At(i), again.At(i));
    seen.insert(records.At(i));
    seen.insert(other.At(i));
    seen.insert(records.At(BenchRecords::kAbsent + i));
  }
  EXPECT_EQ(seen.size(), 30'000u);
  EXPECT_FALSE(records.count());
}

TEST(PercentilesTest, AreNearestRanks) {
  std::vector<float> samples;
  for (int i = 1000; i >= 1; --i) samples.push_back(i);
  const Percentiles p = PercentilesOf(samples);
  EXPECT_EQ(p.p50, 500);
  EXPECT_EQ(p.p99, 990);
  EXPECT_EQ(p.p999, 999);
  EXPECT_EQ(p.max, 1000);
  EXPECT_EQ(PercentilesOf({7}).p999, 7);
  EXPECT_EQ(PercentilesOf({}).max, 0);
}

// Threads that were started by each other: the last of them may end the loop before the
// one that started it has put it into the list, which it does under the mutex.
void JoinAll(std::vector<std::thread>* threads, std::mutex* mutex) {
  for (size_t i = 0;; ++i) {
    std::thread thread;
    {
      const std::lock_guard lock(*mutex);
      if (i == threads->size()) return;
      thread = std::move((*threads)[i]);
    }
    thread.join();
  }
}

TEST(ClosedLoopTest, MakesEachCallOnceAndNeverMoreThanItsConcurrencyAtATime) {
  std::vector<std::atomic<int>> made(500);
  std::atomic<int> running = 0, most = 0;
  std::vector<std::thread> threads;
  std::mutex mutex;
  const LoopResult result =
      RunLoop({.concurrency = 3, .calls = 500}, [&](const LoopCall& call) {
        ++made[call.number()];
        most = std::max<int>(most, ++running);
        std::lock_guard lock(mutex);
        threads.emplace_back([&, call] {
          --running;
          call.Done(call.number() % 10 == 0 ? absl::InternalError("tenth")
                                            : absl::OkStatus());
        });
      });
  JoinAll(&threads, &mutex);
  for (const std::atomic<int>& count : made) EXPECT_EQ(count, 1);
  EXPECT_LE(most, 3);
  EXPECT_EQ(result.calls, 450u);
  EXPECT_EQ(result.latencies_us.size(), 450u);
  EXPECT_EQ(result.failed, 50u);
  EXPECT_EQ(result.first_failure.message(), "tenth");
}

TEST(ClosedLoopTest, EndsWhenEveryCallFails) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  const LoopResult result = RunLoop(
      {.concurrency = 2, .duration = std::chrono::hours(1)}, [&](const LoopCall& call) {
        std::lock_guard lock(mutex);
        threads.emplace_back([call] { call.Done(absl::UnavailableError("gone")); });
      });
  JoinAll(&threads, &mutex);
  EXPECT_EQ(result.calls, 0u);
  EXPECT_GE(result.failed, 1000u);
  EXPECT_LE(result.failed, 1002u);
}

}  // namespace
}  // namespace setlog
