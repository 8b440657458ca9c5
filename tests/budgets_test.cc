// What tokens have left: against an independent model, over restarts and crashes, under
// clocks that jump, and with a disk that fails.
#include "server/budgets.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "server/limits.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr int64_t kDay = 24 * kHour;
constexpr char kOrigin[] = "example.org/pets";

std::string FileText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The bucket as a count that grows: exact where the period is a multiple of records.
class SlowBucket {
 public:
  explicit SlowBucket(const Budget& budget)
      : budget_(budget), level_(Whole(budget.records)) {}
  bool Take(uint64_t count, int64_t now_us) {
    level_ =
        std::min(Whole(budget_.records),
                 level_ + (now_us - at_us_) * static_cast<__int128>(budget_.records));
    at_us_ = now_us;
    if (level_ < Whole(count)) return false;
    level_ -= Whole(count);
    return true;
  }

 private:
  // In parts of a record that come back in a microsecond each.
  __int128 Whole(uint64_t count) const {
    return static_cast<__int128>(count) * budget_.period_us;
  }
  const Budget budget_;
  __int128 level_;
  int64_t at_us_ = 0;
};

TEST(BucketTest, AnswersAsACountThatGrowsWould) {
  std::mt19937_64 random(1);
  for (const Budget& budget :
       {Budget{1, kSecond}, Budget{10, kSecond}, Budget{10000, kDay},
        Budget{1'000'000, kSecond}, Budget{86400, 3650 * kDay}}) {
    ASSERT_OK(budget.Check());
    ASSERT_EQ(budget.period_us % static_cast<int64_t>(budget.records), 0);
    Bucket bucket;
    SlowBucket slow(budget);
    int64_t now = 1;
    for (int i = 0; i < 20000; ++i) {
      // Now and then exactly so long that the last record comes back.
      now += static_cast<int64_t>(random() % 3) *
             (random() % 2 ? budget.TimeOf(1)
                           : static_cast<int64_t>(
                                 random() % static_cast<uint64_t>(budget.period_us)));
      const uint64_t count = random() % (2 + budget.records / (1 + random() % 50));
      const uint64_t left = bucket.Left(budget, now);
      const int64_t wait = bucket.WaitFor(budget, count, now);
      const bool took = bucket.Take(budget, count, now);
      ASSERT_EQ(took, slow.Take(count, now)) << i << " " << count;
      ASSERT_EQ(took, count <= left) << count << " of " << left;
      ASSERT_EQ(took, wait == 0);
    }
  }
}

TEST(BucketTest, NeverGivesMoreThanWhatItHeldAndWhatCameBack) {
  std::mt19937_64 random(2);
  for (const Budget& budget :
       {Budget{3, kSecond}, Budget{7, kDay - 1}, Budget{999'999'937, kSecond},
        Budget{Budget::kMaxRecords, Budget::kMaxPeriodUs}, Budget{10007, 13 * kHour}}) {
    ASSERT_OK(budget.Check());
    Bucket bucket;
    const int64_t begin = 1'700'000'000 * kSecond;
    int64_t now = begin;
    unsigned __int128 taken = 0;
    for (int i = 0; i < 5000; ++i) {
      now += static_cast<int64_t>(random() %
                                  static_cast<uint64_t>(budget.period_us / 100 + 2));
      const uint64_t count = 1 + random() % std::min<uint64_t>(budget.records, 4096);
      if (bucket.Take(budget, count, now)) taken += count;
      const auto period = static_cast<unsigned __int128>(budget.period_us);
      ASSERT_LE(
          taken * period,
          budget.records * (period + static_cast<unsigned __int128>(now - begin)));
    }
    EXPECT_GT(taken, 0u);
  }
}

TEST(BucketTest, AfterTheWaitItSaysThereIsEnoughAndNotBefore) {
  std::mt19937_64 random(3);
  const Budget budget{10007, 13 * kHour};
  Bucket bucket;
  int64_t now = 0;
  for (int i = 0; i < 2000; ++i) {
    const uint64_t count = 1 + random() % 4096;
    const int64_t wait = bucket.WaitFor(budget, count, now);
    if (wait > 0) {
      Bucket early = bucket;
      EXPECT_FALSE(early.Take(budget, count, now + wait - 1));
    }
    now += wait;
    ASSERT_TRUE(bucket.Take(budget, count, now));
  }
  EXPECT_EQ(bucket.WaitFor(budget, budget.records + 1, now), -1);
  EXPECT_EQ(bucket.WaitFor(budget, 0, now), 0);
}

TEST(BucketTest, NothingIsNeverThere) {
  const Budget nothing{0, 0};
  ASSERT_OK(nothing.Check());
  Bucket bucket;
  EXPECT_EQ(bucket.Left(nothing, 5), 0u);
  EXPECT_FALSE(bucket.Take(nothing, 1, 5));
  EXPECT_TRUE(bucket.Take(nothing, 0, 5));
  for (const Budget& bad :
       {Budget{0, 1}, Budget{1, 0}, Budget{1, kSecond - 1}, Budget{1, -kSecond},
        Budget{Budget::kMaxRecords + 1, kDay}, Budget{1, Budget::kMaxPeriodUs + 1}}) {
    EXPECT_STATUS(bad.Check(), StatusCode::kInvalidArgument, "1s to 3650d");
  }
}

class BudgetsTest : public testing::Test {
 protected:
  BudgetsTest() {
    tokens_ = Tokens::Open(dir_.path(), [this] { return now_us_; }).value();
    Open();
  }
  void Open() {
    budgets_ = Budgets::Open(dir_.path(), tokens_.get(), default_, [this] {
                 return now_us_;
               }).value();
  }
  void Restart() {
    budgets_.reset();
    Open();
  }
  // As kill -9 leaves it: nothing is written at the end.
  void Crash() {
    const std::string file = FileText(File());
    const bool had = std::filesystem::exists(File());
    budgets_.reset();
    if (had) {
      std::ofstream(File(), std::ios::trunc) << file;
    } else {
      std::filesystem::remove(File());
    }
    Open();
  }
  Caller Make(std::optional<Budget> budget = {}) {
    const NewToken made =
        tokens_->Create("*", {Verb::kRead}, 1000 * kDay, budget).value();
    return {.kind = Caller::Kind::kToken, .id = made.token.id};
  }
  // How many can be taken, one by one.
  uint64_t Drain(const Caller& caller, const std::string& origin = kOrigin) {
    uint64_t taken = 0;
    while (budgets_->Spend(caller, origin, 1).ok()) ++taken;
    return taken;
  }
  std::string File() const { return dir_.path() + "/budgets.json"; }

  TempDir dir_;
  Budget default_{640, 64 * kHour};
  int64_t now_us_ = 1'700'000'000 * kSecond;
  std::unique_ptr<Tokens> tokens_;
  std::unique_ptr<Budgets> budgets_;
};

TEST_F(BudgetsTest, EachTokenHasOneForEachLogAndTheAdminNeedsNone) {
  const Caller first = Make();
  const Caller second = Make();
  EXPECT_EQ(Drain(first), 640u);
  EXPECT_EQ(Drain(first), 0u);
  EXPECT_EQ(Drain(first, "example.org/other"), 640u);
  EXPECT_EQ(Drain(second), 640u);
  EXPECT_OK(budgets_->Spend({.kind = Caller::Kind::kAdmin}, kOrigin, 1'000'000));
  now_us_ += kHour;
  EXPECT_EQ(Drain(first), 10u);
  now_us_ += 1000 * kHour;
  EXPECT_EQ(Drain(first), 640u);
}

TEST_F(BudgetsTest, ATokensOwnBudgetCounts) {
  const Caller small = Make(Budget{3, kDay});
  EXPECT_EQ(Drain(small), 3u);
  EXPECT_STATUS(budgets_->Spend(Make(Budget{0, 0}), kOrigin, 1),
                StatusCode::kPermissionDenied, "--prove-budget");
  EXPECT_EQ(Drain(Make()), 640u);
}

TEST_F(BudgetsTest, ARefusalTakesNothingAndSaysWhenThereIsMore) {
  const Caller caller = Make();
  ASSERT_OK(budgets_->Spend(caller, kOrigin, 600));
  const absl::Status refused = budgets_->Spend(caller, kOrigin, 60);
  EXPECT_STATUS(refused, StatusCode::kResourceExhausted,
                "may have 640 records of example.org/pets proven in 64h; of the 60 "
                "asked for 40 are left now, and all of them in 2h");
  // Two hours are nothing to wait for with a connection open.
  ASSERT_TRUE(refused.GetPayload(kPushback).has_value());
  EXPECT_EQ(*refused.GetPayload(kPushback), "");
  EXPECT_STATUS(budgets_->Spend(caller, kOrigin, 641), StatusCode::kResourceExhausted,
                "ask for fewer");
  ASSERT_OK(budgets_->Spend(caller, kOrigin, 40));
  now_us_ += 360 * kSecond - 2500;
  const absl::Status soon = budgets_->Spend(caller, kOrigin, 1);
  EXPECT_STATUS(soon, StatusCode::kResourceExhausted, "all of them in 1s");
  EXPECT_EQ(*soon.GetPayload(kPushback), "3");
}

TEST_F(BudgetsTest, AStopInPeaceForgetsNothing) {
  const Caller caller = Make();
  ASSERT_OK(budgets_->Spend(caller, kOrigin, 123));
  Restart();
  EXPECT_EQ(Drain(caller), 517u);
  Restart();
  EXPECT_EQ(Drain(caller), 0u);
  now_us_ += kHour;
  Restart();
  EXPECT_EQ(Drain(caller), 10u);
  struct stat info;
  ASSERT_EQ(stat(File().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(BudgetsTest, ACrashCostsASixtyFourthAtMostAndNeverGivesAnything) {
  std::mt19937_64 random(4);
  const Caller caller = Make();
  uint64_t taken = 0;
  const int64_t begin = now_us_;
  for (int i = 0; i < 1000; ++i) {
    now_us_ += static_cast<int64_t>(random() % (kHour / 10));
    const uint64_t count = 1 + random() % 3;
    if (budgets_->Spend(caller, kOrigin, count).ok()) taken += count;
    if (random() % 10 == 0) Crash();
    ASSERT_LE(taken, 640 + 10 * static_cast<uint64_t>((now_us_ - begin) / kHour + 1));
  }
  // What one crash takes from a bucket with some left: a 64th is ten records.
  now_us_ += 1000 * kHour;
  ASSERT_OK(budgets_->Spend(caller, kOrigin, 100));
  Crash();
  const uint64_t left = Drain(caller);
  EXPECT_LE(left, 540u);
  EXPECT_GE(left, 530u);
}

TEST_F(BudgetsTest, TheFileIsWrittenOnceForManyRecords) {
  const Caller caller = Make();
  uint64_t writes = 0;
  std::string before;
  for (int i = 0; i < 640; ++i) {
    ASSERT_OK(budgets_->Spend(caller, kOrigin, 1));
    const std::string now = FileText(File());
    writes += now != before ? 1 : 0;
    before = now;
  }
  EXPECT_LE(writes, 64u);
  EXPECT_GE(writes, 50u);
}

TEST_F(BudgetsTest, AClockThatGoesBackGivesNothing) {
  const Caller caller = Make();
  EXPECT_EQ(Drain(caller), 640u);
  const int64_t then = now_us_;
  for (const int64_t back : {kSecond, kHour, 1000 * kDay}) {
    now_us_ = then - back;
    EXPECT_EQ(Drain(caller), 0u);
  }
  now_us_ = then + kHour;
  EXPECT_EQ(Drain(caller), 10u);
  // After a restart under another clock too; and nobody waits longer than a period.
  for (const bool crash : {false, true}) {
    now_us_ -= 100 * kDay;
    crash ? Crash() : Restart();
    EXPECT_EQ(Drain(caller), 0u);
    now_us_ += kHour;
    EXPECT_EQ(Drain(caller), 10u);
    now_us_ += 64 * kHour;
    EXPECT_EQ(Drain(caller), 640u);
  }
}

TEST_F(BudgetsTest, ASmallerDefaultHoldsFromTheRestartOn) {
  const Caller caller = Make();
  EXPECT_EQ(Drain(caller), 640u);
  default_ = {5, kHour};
  Restart();
  EXPECT_EQ(Drain(caller), 0u);
  now_us_ += kHour;
  EXPECT_EQ(Drain(caller), 5u);
}

TEST_F(BudgetsTest, ARevokedTokenSpendsNothing) {
  const Caller caller = Make();
  ASSERT_OK(budgets_->Spend(caller, kOrigin, 1));
  ASSERT_OK(tokens_->Revoke(caller.id));
  EXPECT_STATUS(budgets_->Spend(caller, kOrigin, 1), StatusCode::kUnauthenticated,
                "was revoked");
  // Nor is anything kept of it.
  Restart();
  ASSERT_OK(budgets_->Spend(Make(), kOrigin, 1));
  EXPECT_THAT(FileText(File()), testing::Not(testing::HasSubstr(caller.id)));
}

TEST_F(BudgetsTest, BucketsThatAreFullLeaveTheFile) {
  for (int i = 0; i < 20; ++i) ASSERT_OK(budgets_->Spend(Make(), kOrigin, 1));
  now_us_ += kHour;
  const Caller last = Make();
  ASSERT_OK(budgets_->Spend(last, kOrigin, 1));
  const absl::StatusOr<BudgetTimes> times = DecodeBudgets(FileText(File()));
  ASSERT_OK(times);
  ASSERT_EQ(times->size(), 1u);
  EXPECT_EQ(times->begin()->first, std::pair(last.id, std::string(kOrigin)));
}

TEST_F(BudgetsTest, WhatCannotBeKeptIsNotAnsweredAndIsSpentAllTheSame) {
  const Caller caller = Make();
  ASSERT_OK(budgets_->Spend(caller, kOrigin, 640));
  now_us_ += 100 * kHour;
  // No file can take the name of a directory.
  std::filesystem::remove(File());
  std::filesystem::create_directory(File());
  std::ofstream(File() + "/full") << "x";
  EXPECT_FALSE(budgets_->Spend(caller, kOrigin, 640).ok());
  std::filesystem::remove_all(File());
  EXPECT_TRUE(absl::IsResourceExhausted(budgets_->Spend(caller, kOrigin, 640)));
  now_us_ += 100 * kHour;
  EXPECT_OK(budgets_->Spend(caller, kOrigin, 640));
}

TEST_F(BudgetsTest, ManyAtOnceGetNoMoreThanThereIs) {
  const Caller caller = Make();
  std::atomic<uint64_t> taken = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] { taken += Drain(caller); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 640u);
  Crash();
  EXPECT_EQ(Drain(caller), 0u);
}

TEST_F(BudgetsTest, ADamagedFileIsRefusedByName) {
  ASSERT_OK(budgets_->Spend(Make(), kOrigin, 1));
  const std::string file = FileText(File());
  budgets_.reset();
  const auto open = [&] {
    return Budgets::Open(dir_.path(), tokens_.get(), default_, [] { return 0; })
        .status();
  };
  std::ofstream(File()) << file.substr(0, file.size() / 2);
  EXPECT_STATUS(open(), StatusCode::kDataLoss, File());
  EXPECT_STATUS(Budgets::Open(dir_.path(), tokens_.get(), {1, 0}, [] { return 0; }),
                StatusCode::kInvalidArgument, "budget");
}

TEST(BudgetFileTest, AnyChangeIsDataLossOrOtherBudgets) {
  const BudgetTimes times = {{{"0123456789abcdef", "a.org/b"}, 17},
                             {{"fedcba9876543210", "a.org"}, -1}};
  const std::string text = EncodeBudgets(times);
  ASSERT_OK(DecodeBudgets(text));
  EXPECT_EQ(*DecodeBudgets(text), times);
  for (size_t i = 0; i < text.size(); ++i) {
    EXPECT_STATUS(DecodeBudgets(text.substr(0, i)), StatusCode::kDataLoss, "");
    for (const char bit : {1, 32}) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ bit);
      const absl::StatusOr<BudgetTimes> read = DecodeBudgets(flipped);
      if (read.ok()) {
        EXPECT_NE(*read, times) << "byte " << i;
      }
    }
  }
  for (const char* other :
       {"", "{}", "[]", "{\"budgets\":[]}", "{\"budgets\":[1]}", "null", "\xff"}) {
    EXPECT_STATUS(DecodeBudgets(other), StatusCode::kDataLoss, "");
  }
}

TEST(EvenClockTest, BeginsWithTheTimeOfDayAndNeverGoesBack) {
  const auto clock = EvenClock();
  const int64_t wall = std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  int64_t before = clock();
  EXPECT_LT(std::abs(before - wall), 5 * kSecond);
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = clock();
    ASSERT_GE(now, before);
    before = now;
  }
}

}  // namespace
}  // namespace setlog
