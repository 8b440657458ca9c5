#include "client/retry.h"

#include <algorithm>
#include <thread>

#include "testing.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds Since(steady_clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

TEST(RetryTest, OnlyWhatMayPassIsWaitedFor) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    const bool passes = absl::IsUnavailable(status) || absl::IsAborted(status) ||
                        absl::IsCancelled(status);
    EXPECT_EQ(MayPass(status), passes) << status;
    EXPECT_EQ(Retry(milliseconds(1000)).WaitAfter(status), passes) << status;
  }
}

TEST(RetryTest, TheBudgetEndsIt) {
  const auto begin = steady_clock::now();
  Retry retry(milliseconds(200));
  int tries = 0;
  while (retry.WaitAfter(absl::UnavailableError(""))) ++tries;
  EXPECT_GE(Since(begin), milliseconds(199));
  EXPECT_LT(Since(begin), milliseconds(2000));
  EXPECT_GE(tries, 2);
  EXPECT_FALSE(Retry(milliseconds(0)).WaitAfter(absl::UnavailableError("")));
}

TEST(RetryTest, SilenceBeforeTheFirstFailureCostsNothingAndProgressGivesAllBack) {
  Retry retry(milliseconds(100));
  std::this_thread::sleep_for(milliseconds(150));
  EXPECT_TRUE(retry.WaitAfter(absl::UnavailableError("")));
  while (retry.WaitAfter(absl::UnavailableError(""))) {
  }
  retry.Progress();
  EXPECT_TRUE(retry.WaitAfter(absl::UnavailableError("")));
}

TEST(RetryTest, WaitsAreSpreadFromNothingToTheirLimit) {
  milliseconds shortest(1000), longest(0);
  for (int i = 0; i < 60; ++i) {
    Retry retry(milliseconds(1000));
    const auto begin = steady_clock::now();
    ASSERT_TRUE(retry.WaitAfter(absl::UnavailableError("")));
    shortest = std::min(shortest, Since(begin));
    longest = std::max(longest, Since(begin));
  }
  EXPECT_LT(shortest, milliseconds(25));
  EXPECT_GT(longest, milliseconds(25));
}

TEST(RetryTest, TheServersWishIsHonoured) {
  absl::Status busy = absl::ResourceExhaustedError("quota");
  EXPECT_FALSE(PushbackOf(busy).has_value());
  EXPECT_FALSE(MayPass(busy));
  SetPushback(busy, milliseconds(120));
  EXPECT_TRUE(MayPass(busy));
  EXPECT_EQ(PushbackOf(busy), milliseconds(120));
  const auto begin = steady_clock::now();
  EXPECT_TRUE(Retry(milliseconds(5000)).WaitAfter(busy));
  EXPECT_GE(Since(begin), milliseconds(120));
  // Sooner would be in vain.
  EXPECT_FALSE(Retry(milliseconds(100)).WaitAfter(busy));
  SetPushback(busy, milliseconds(-1));
  EXPECT_FALSE(Retry(milliseconds(5000)).WaitAfter(busy));
}

}  // namespace
}  // namespace setlog
