#include "log/tree.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

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
std::vector<Hash> ClimbBlocks(std::span<const Hash> nodes, int height,
                              const ParallelFor& parallel) {
  std::vector<Hash> roots(nodes.size() >> height);
  parallel((nodes.size() + kBlockNodes - 1) / kBlockNodes, [&](size_t i) {
    const size_t begin = i * kBlockNodes;
    size_t width = std::min(kBlockNodes, nodes.size() - begin);
    // Bytes, because hashes would be zeroed first.
    alignas(64) std::array<uint8_t, kBlockNodes / 2 * Hash::kSize> bytes;
    Hash* const block = reinterpret_cast<Hash*>(bytes.data());
    const Hash* below = nodes.data() + begin;
    for (int level = 0; level < height; ++level) {
      width /= 2;
      Hash* above = level + 1 == height ? roots.data() + (begin >> height) : block;
      NodeHashes(below, width, above);
      below = above;
    }
  });
  return roots;
}

// Calls body(begin, end) for pieces that cover [0, count).
template <typename Body>
void InBlocks(size_t count, const ParallelFor& parallel, Body body) {
  parallel((count + kBlockNodes - 1) / kBlockNodes, [&](size_t i) {
    body(i * kBlockNodes, std::min((i + 1) * kBlockNodes, count));
  });
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

std::vector<Hash> LeafHashes(uint8_t type, std::span<const Hash> values,
                             const ParallelFor& parallel) {
  std::vector<Hash> leaves(values.size());
  InBlocks(values.size(), parallel, [&](size_t begin, size_t end) {
    LeafHashes(type, values.subspan(begin, end - begin), &leaves[begin]);
  });
  return leaves;
}

void LeafHashes(uint8_t type, std::span<const Hash> values, Hash* leaves) {
  if (values.empty()) return;
  const uint8_t prefix[] = {kLeafPrefix[0], type};
  HashMany(prefix, values[0].data(), Hash::kSize, values.size(), leaves);
}

std::vector<Hash> LeafHashes(std::span<const Bytes> entries,
                             const ParallelFor& parallel) {
  std::vector<Hash> leaves(entries.size());
  InBlocks(entries.size(), parallel, [&](size_t block_begin, size_t block_end) {
    std::vector<uint8_t> bodies;
    for (size_t begin = block_begin; begin < block_end;) {
      const size_t length = entries[begin].size();
      size_t end = begin;
      while (end < block_end && entries[end].size() == length) ++end;
      bodies.resize((end - begin) * length);
      for (size_t i = begin; i < end; ++i) {
        uint8_t* to = bodies.data() + (i - begin) * length;
        if (length == 33) {  // an add or a remove: nearly all
          std::memcpy(to, entries[i].data(), 33);
        } else {
          std::copy(entries[i].begin(), entries[i].end(), to);
        }
      }
      HashMany(kLeafPrefix, bodies.data(), length, end - begin, &leaves[begin]);
      begin = end;
    }
  });
  return leaves;
}

void NodeHashes(const Hash* nodes, size_t parent_count, Hash* parents) {
  if (parent_count == 0) return;
  HashMany(kNodePrefix, nodes->data(), 2 * Hash::kSize, parent_count, parents);
}

std::vector<Hash> SubtreeRoots(std::span<const Hash> nodes, int height,
                               const ParallelFor& parallel) {
  if (height < 0 || height > 63 || nodes.size() % (uint64_t{1} << height) != 0) {
    std::abort();
  }
  if (height == 0) return {nodes.begin(), nodes.end()};
  std::vector<Hash> roots = ClimbBlocks(nodes, std::min(height, kPassHeight), parallel);
  for (int left = height - kPassHeight; left > 0; left -= kPassHeight) {
    roots = ClimbBlocks(roots, std::min(left, kPassHeight), parallel);
  }
  return roots;
}

}  // namespace setlog
