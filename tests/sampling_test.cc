// The probability that a sample meets a fault: against counting, and against drawing.
#include "log/sampling.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"

namespace setlog {
namespace {

// All subsets of a small log, one by one.
double Counted(unsigned size, unsigned sampled, unsigned bad) {
  unsigned all = 0;
  unsigned seen = 0;
  for (unsigned subset = 0; subset < 1u << size; ++subset) {
    if (static_cast<unsigned>(__builtin_popcount(subset)) != sampled) continue;
    ++all;
    if ((subset & ((1u << bad) - 1)) != 0) ++seen;
  }
  return static_cast<double>(seen) / all;
}

TEST(SamplingTest, ItIsWhatCountingAllSamplesGives) {
  for (unsigned size = 1; size <= 11; ++size) {
    for (unsigned sampled = 0; sampled <= size; ++sampled) {
      for (unsigned bad = 0; bad <= size; ++bad) {
        EXPECT_NEAR(DetectionProbability(size, sampled, bad),
                    Counted(size, sampled, bad), 1e-12)
            << size << " " << sampled << " " << bad;
      }
    }
  }
}

TEST(SamplingTest, ItIsNeverBelowTheBoundOfDrawsWithRepetition) {
  for (const uint64_t size : {1000u, 1'000'000u, 20'000'000u}) {
    for (const uint64_t sampled : {1u, 30u, 300u, 1000u}) {
      for (const double fraction : {0.001, 0.01, 0.2}) {
        const auto bad = static_cast<uint64_t>(fraction * static_cast<double>(size));
        const double bound = 1 - std::pow(1 - fraction, static_cast<double>(sampled));
        EXPECT_GE(DetectionProbability(size, sampled, bad), bound - 1e-9);
      }
    }
  }
  EXPECT_NEAR(DetectionProbability(uint64_t{1} << 40, 300, (uint64_t{1} << 40) / 100),
              1 - std::pow(0.99, 300), 1e-6);
}

TEST(SamplingTest, DrawingAgrees) {
  std::mt19937_64 random(1);
  constexpr int kRounds = 20'000;
  int seen = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::set<uint64_t> drawn;
    while (drawn.size() < 30) drawn.insert(random() % 500);
    if (*drawn.begin() < 20) ++seen;
  }
  EXPECT_NEAR(static_cast<double>(seen) / kRounds, DetectionProbability(500, 30, 20),
              0.015);
}

TEST(SamplingTest, ItGrowsWithBothAndEndsAtOne) {
  double last = 0;
  for (uint64_t bad = 1; bad <= 100; ++bad) {
    const double now = DetectionProbability(100, 10, bad);
    EXPECT_TRUE(now > last || now == 1) << bad;
    last = now;
  }
  EXPECT_EQ(DetectionProbability(100, 10, 91), 1) << "ten entries, nine are good";
  EXPECT_EQ(DetectionProbability(100, 100, 1), 1) << "all are drawn";
  EXPECT_EQ(DetectionProbability(100, 1000, 1), 1);
  EXPECT_EQ(DetectionProbability(100, 10, 1000), 1);
  EXPECT_EQ(DetectionProbability(0, 10, 10), 0);
  EXPECT_EQ(DetectionProbability(100, 0, 10), 0);
}

TEST(SamplingTest, TheLeastDetectedIsTheFirstOfAll) {
  for (const uint64_t size : {1u, 7u, 100u, 5000u}) {
    for (const uint64_t sampled : {1u, 5u, 60u, 300u}) {
      for (const double probability : {0.5, 0.95, 0.999}) {
        const auto least = LeastDetected(size, sampled, probability);
        ASSERT_TRUE(least);
        EXPECT_GE(DetectionProbability(size, sampled, *least), probability);
        EXPECT_LT(DetectionProbability(size, sampled, *least - 1), probability);
      }
    }
  }
  EXPECT_EQ(LeastDetected(100, 0, 0.95), std::nullopt);
  EXPECT_EQ(LeastDetected(0, 10, 0.95), std::nullopt);
  // About three in the number of draws: the rule of three.
  EXPECT_NEAR(static_cast<double>(*LeastDetected(20'000'000, 300, 0.95)) / 20'000'000,
              3.0 / 300, 0.0005);
}

TEST(SamplingTest, EverySampleIsEquallyLikely) {
  std::mt19937_64 random(3);
  std::map<std::vector<uint64_t>, int> times;
  constexpr int kRounds = 42'000;
  for (int round = 0; round < kRounds; ++round) {
    ++times[DrawPositions(7, 3, [&] { return random(); })];
  }
  ASSERT_EQ(times.size(), 35u) << "7 over 3";
  for (const auto& [sample, count] : times) {
    EXPECT_TRUE(std::is_sorted(sample.begin(), sample.end()));
    EXPECT_NEAR(count, kRounds / 35, 5 * std::sqrt(kRounds / 35.0));
  }
}

TEST(SamplingTest, TooLargeASampleIsAllAndWhateverTheBitsAreItIsInRange) {
  for (const uint64_t bits : {uint64_t{0}, uint64_t{1} << 63, UINT64_MAX - 100}) {
    uint64_t next = bits;
    const auto random = [&next] { return next++; };
    EXPECT_EQ(DrawPositions(3, 10, random), (std::vector<uint64_t>{0, 1, 2}));
    EXPECT_TRUE(DrawPositions(0, 10, random).empty());
    EXPECT_TRUE(DrawPositions(10, 0, random).empty());
    const std::vector<uint64_t> drawn = DrawPositions(1000, 100, random);
    EXPECT_EQ(std::set<uint64_t>(drawn.begin(), drawn.end()).size(), 100u);
    EXPECT_LT(drawn.back(), 1000u);
  }
}

}  // namespace
}  // namespace setlog
