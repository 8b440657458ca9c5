// log/sampling.h -- what a random sample of a log's entries can miss.
//
//   DetectionProbability(1'000'000, 300, 10'000);     // 0.9511: 1 % is seen so often
//   *LeastDetected(1'000'000, 300, 0.95);             // 9'930 bad entries
//
// `sampled` different entries of `size`, each set of them equally likely, `bad` of all
// are faulty: the sample holds none of those with probability
//
//   C(size - bad, sampled) / C(size, sampled)         (hypergeometric)
//
// which is at most (1 - bad/size)^sampled, the usual bound for draws with repetition.
// Which entries are bad must not depend on the draw: the sample is drawn after the log
// has signed the head. Pure; thread-safe.
#ifndef SETLOG_LOG_SAMPLING_H_
#define SETLOG_LOG_SAMPLING_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace setlog {

// That at least one bad entry is among the sampled ones. Exact but for rounding (about
// 1e-9 at 10^6 terms). `bad` and `sampled` are taken as `size` if they are larger.
// O(min(bad, sampled)).
double DetectionProbability(uint64_t size, uint64_t sampled, uint64_t bad);

// The smallest number of bad entries that is detected with `probability` or more;
// nothing if even all of them would not be (an empty sample). `probability` is in
// (0, 1). O(sampled * log(size)).
std::optional<uint64_t> LeastDetected(uint64_t size, uint64_t sampled,
                                      double probability);

// `count` different numbers below `size`, rising; all of them if `count` is larger.
// Every set of them is equally likely if `random` gives 64 independent random bits.
// O(count log count).
std::vector<uint64_t> DrawPositions(uint64_t size, uint64_t count,
                                    const std::function<uint64_t()>& random);

}  // namespace setlog

#endif  // SETLOG_LOG_SAMPLING_H_
