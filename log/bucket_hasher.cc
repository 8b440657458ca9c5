#include "log/bucket_hasher.h"

#include <algorithm>

namespace setlog {

void HashUpperNodes(SetTop* top) {
  for (unsigned level = top->depth; level-- > 0;) {
    const size_t width = size_t{1} << level;
    const std::vector<Hash> parents =
        HashParents(level, std::span(top->nodes).subspan(2 * width, 2 * width));
    std::copy(parents.begin(), parents.end(), top->nodes.begin() + width);
  }
}

}  // namespace setlog
