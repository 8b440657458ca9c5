#include "log/bucket_hasher.h"

#include <algorithm>

namespace setlog {

void HashUpperNodes(SetTop* top, const ParallelFor& parallel) {
  const unsigned part_bits = std::min(top->depth, 6u);
  // The levels from `high` down to `low`, for the keys that begin with `part`.
  const auto hash_levels = [top](unsigned high, unsigned low, unsigned bits,
                                 size_t part) {
    for (unsigned level = high; level-- > low;) {
      const size_t width = size_t{1} << (level - bits);
      const size_t first = (size_t{1} << level) + part * width;
      const std::vector<Hash> parents =
          HashParents(level, std::span(top->nodes).subspan(2 * first, 2 * width));
      std::copy(parents.begin(), parents.end(), top->nodes.begin() + first);
    }
  };
  parallel(size_t{1} << part_bits,
           [&](size_t part) { hash_levels(top->depth, part_bits, part_bits, part); });
  hash_levels(part_bits, 0, 0, 0);
}

}  // namespace setlog
