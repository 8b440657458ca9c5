#include "log/sampling.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace setlog {
namespace {

// Below `limit` >= 1, without the bias of a mere remainder.
uint64_t Below(uint64_t limit, const std::function<uint64_t()>& random) {
  const uint64_t surplus = (UINT64_MAX % limit + 1) % limit;  // 2^64 mod limit
  while (true) {
    const uint64_t bits = random();
    if (bits <= UINT64_MAX - surplus) return bits % limit;
  }
}

}  // namespace

double DetectionProbability(uint64_t size, uint64_t sampled, uint64_t bad) {
  sampled = std::min(sampled, size);
  bad = std::min(bad, size);
  if (sampled == 0 || bad == 0) return 0;
  if (sampled > size - bad) return 1;
  // The fraction is symmetric in the two: the shorter product.
  const uint64_t terms = std::min(sampled, bad);
  const double other = static_cast<double>(std::max(sampled, bad));
  double log_missed = 0;
  for (uint64_t i = 0; i < terms; ++i) {
    log_missed += std::log1p(-other / static_cast<double>(size - i));
  }
  return -std::expm1(log_missed);
}

std::optional<uint64_t> LeastDetected(uint64_t size, uint64_t sampled,
                                      double probability) {
  if (DetectionProbability(size, sampled, size) < probability) return std::nullopt;
  uint64_t missed = 0;  // too few to be detected so often
  uint64_t detected = size;
  while (detected - missed > 1) {
    const uint64_t middle = missed + (detected - missed) / 2;
    if (DetectionProbability(size, sampled, middle) < probability) {
      missed = middle;
    } else {
      detected = middle;
    }
  }
  return detected;
}

std::vector<uint64_t> DrawPositions(uint64_t size, uint64_t count,
                                    const std::function<uint64_t()>& random) {
  // Floyd's way: one draw for each, from a range that grows to the whole.
  std::set<uint64_t> drawn;
  for (uint64_t last = size - std::min(size, count); last < size; ++last) {
    if (!drawn.insert(Below(last + 1, random)).second) drawn.insert(last);
  }
  return {drawn.begin(), drawn.end()};
}

}  // namespace setlog
