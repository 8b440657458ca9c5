#include "log/bucket_hasher.h"

#include <algorithm>

#include "log/sha256.h"

namespace setlog {
namespace {

constexpr std::array<uint8_t, 1> kNodePrefix = {0x11};

}  // namespace

std::vector<Hash> HashParents(unsigned bit, std::span<const Hash> children) {
  std::vector<Hash> parents(children.size() / 2);
  std::vector<uint8_t> bodies;
  std::vector<size_t> places;
  for (size_t i = 0; i < parents.size(); ++i) {
    const Hash& left = children[2 * i];
    const Hash& right = children[2 * i + 1];
    if (left == SetTop::kNoKeys || right == SetTop::kNoKeys) {
      parents[i] = left == SetTop::kNoKeys ? right : left;
      continue;
    }
    places.push_back(i);
    bodies.push_back(static_cast<uint8_t>(bit));
    bodies.insert(bodies.end(), left.bytes.begin(), left.bytes.end());
    bodies.insert(bodies.end(), right.bytes.begin(), right.bytes.end());
  }
  std::vector<Hash> hashes(places.size());
  HashMany(kNodePrefix, bodies.data(), 1 + 2 * Hash::kSize, places.size(),
           hashes.data());
  for (size_t i = 0; i < places.size(); ++i) parents[places[i]] = hashes[i];
  return parents;
}

void HashUpperNodes(SetTop* top) {
  for (unsigned level = top->depth; level-- > 0;) {
    const size_t width = size_t{1} << level;
    const std::vector<Hash> parents =
        HashParents(level, std::span(top->nodes).subspan(2 * width, 2 * width));
    std::copy(parents.begin(), parents.end(), top->nodes.begin() + width);
  }
}

}  // namespace setlog
