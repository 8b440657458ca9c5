#include "log/tree.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "log/sha256.h"

namespace setlog {
namespace {

constexpr uint8_t kLeafPrefix[] = {0x00};
constexpr uint8_t kNodePrefix[] = {0x01};

// One pass climbs at most 8 levels of blocks of 2^12 nodes: the 64 KiB of parents stay
// in the second-level cache, and the top level of a block still has 16 nodes, a full
// vector for the widest kernel.
constexpr int kPassHeight = 8;
constexpr size_t kBlockNodes = 4096;

// Climbs `height` <= kPassHeight levels, blockwise.
std::vector<Hash> ClimbBlocks(std::span<const Hash> nodes, int height) {
  std::vector<Hash> roots(nodes.size() >> height);
  std::vector<Hash> block(std::min(nodes.size(), kBlockNodes) / 2);
  for (size_t begin = 0; begin < nodes.size(); begin += kBlockNodes) {
    size_t width = std::min(kBlockNodes, nodes.size() - begin);
    const Hash* below = nodes.data() + begin;
    for (int level = 0; level < height; ++level) {
      width /= 2;
      Hash* above =
          level + 1 == height ? roots.data() + (begin >> height) : block.data();
      NodeHashes(below, width, above);
      below = above;
    }
  }
  return roots;
}

}  // namespace

Hash EmptyRoot() { return Sha256(Bytes()); }

Hash LeafHash(Bytes entry) { return Sha256({kLeafPrefix, entry}); }

Hash NodeHash(const Hash& left, const Hash& right) {
  const std::array<Hash, 2> children = {left, right};
  Hash parent;
  NodeHashes(children.data(), 1, &parent);
  return parent;
}

std::vector<Hash> LeafHashes(uint8_t type, std::span<const Hash> values) {
  std::vector<Hash> leaves(values.size());
  LeafHashes(type, values, leaves.data());
  return leaves;
}

void LeafHashes(uint8_t type, std::span<const Hash> values, Hash* leaves) {
  if (values.empty()) return;
  const uint8_t prefix[] = {kLeafPrefix[0], type};
  HashMany(prefix, values[0].data(), Hash::kSize, values.size(), leaves);
}

std::vector<Hash> LeafHashes(std::span<const Bytes> entries) {
  std::vector<Hash> leaves(entries.size());
  std::vector<uint8_t> bodies;
  for (size_t begin = 0; begin < entries.size();) {
    const size_t length = entries[begin].size();
    size_t end = begin;
    bodies.clear();
    for (; end < entries.size() && entries[end].size() == length; ++end) {
      bodies.insert(bodies.end(), entries[end].begin(), entries[end].end());
    }
    HashMany(kLeafPrefix, bodies.data(), length, end - begin, leaves.data() + begin);
    begin = end;
  }
  return leaves;
}

void NodeHashes(const Hash* nodes, size_t parent_count, Hash* parents) {
  if (parent_count == 0) return;
  HashMany(kNodePrefix, nodes->data(), 2 * Hash::kSize, parent_count, parents);
}

std::vector<Hash> SubtreeRoots(std::span<const Hash> nodes, int height) {
  if (height < 0 || height > 63 || nodes.size() % (uint64_t{1} << height) != 0) {
    std::abort();
  }
  if (height == 0) return {nodes.begin(), nodes.end()};
  std::vector<Hash> roots = ClimbBlocks(nodes, std::min(height, kPassHeight));
  for (int left = height - kPassHeight; left > 0; left -= kPassHeight) {
    roots = ClimbBlocks(roots, std::min(left, kPassHeight));
  }
  return roots;
}

}  // namespace setlog
