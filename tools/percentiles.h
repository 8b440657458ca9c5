// tools/percentiles.h -- what a benchmark says of its latencies.
//
//   std::vector<float> microseconds = ...;           // every call, none left out
//   const Percentiles p = PercentilesOf(std::move(microseconds));
//   p.p99                                            // 99 of 100 took at most so long
//
// Exact, from all samples (nearest rank), and not from a histogram: 4 bytes a call are
// affordable. Pure; O(n log n).
#ifndef SETLOG_TOOLS_PERCENTILES_H_
#define SETLOG_TOOLS_PERCENTILES_H_

#include <algorithm>
#include <cmath>
#include <vector>

namespace setlog {

// All zero if there was no sample.
struct Percentiles {
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
};

inline Percentiles PercentilesOf(std::vector<float> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    const double rank = std::ceil(share * static_cast<double>(samples.size()));
    return static_cast<double>(samples[std::max<size_t>(1, rank) - 1]);
  };
  return {at(0.5), at(0.99), at(0.999), samples.back()};
}

}  // namespace setlog

#endif  // SETLOG_TOOLS_PERCENTILES_H_
