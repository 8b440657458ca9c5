#include "log/set_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "log/sha256.h"

namespace setlog {
namespace {

constexpr std::array<uint8_t, 1> kKeyPrefix = {0x10};
constexpr uint8_t kNodePrefix = 0x11;
constexpr uint8_t kRootPrefix = 0x12;
constexpr size_t kNodeBodyBytes = 1 + 2 * Hash::kSize;

}  // namespace

Hash SetKey(const Hash& value) {
  Hash key;
  HashMany(kKeyPrefix, value.data(), Hash::kSize, 1, &key);
  return key;
}

std::vector<Hash> SetKeys(std::span<const Hash> values) {
  std::vector<Hash> keys(values.size());
  if (values.empty()) return keys;
  HashMany(kKeyPrefix, values[0].data(), Hash::kSize, values.size(), keys.data());
  return keys;
}

Hash SetNode(uint8_t bit, const Hash& left, const Hash& right) {
  const HashPair pair = {left.data(), right.data(), bit};
  Hash node;
  HashPairs(kNodePrefix, std::span(&pair, 1), &node);
  return node;
}

void SetNodes(std::span<const HashPair> pairs, Hash* nodes) {
  HashPairs(kNodePrefix, pairs, nodes);
}

Hash SetRoot(uint64_t n, const Hash& top) {
  std::string head(1, static_cast<char>(kRootPrefix));
  AppendU64(&head, n);
  return n == 0 ? Sha256(AsBytes(head)) : Sha256({AsBytes(head), top});
}

Hash EmptySetRoot() { return SetRoot(0, Hash()); }

unsigned FirstDifferentBit(const Hash& a, const Hash& b) {
  for (unsigned word = 0; word < 4; ++word) {
    const uint64_t difference =
        ReadU64(Bytes(a).subspan(8 * word)) ^ ReadU64(Bytes(b).subspan(8 * word));
    if (difference != 0) return 64 * word + std::countl_zero(difference);
  }
  return 256;
}

SetForest::SetForest(std::span<const Hash> keys, std::span<const size_t> ends)
    : keys_(keys) {
  roots_.reserve(ends.size());
  nodes_.reserve(keys.size());
  std::vector<uint16_t> heights;  // of each node, leaves are 0
  heights.reserve(keys.size());
  const auto height = [&](Ref ref) -> uint16_t {
    return ref.is_node ? heights[ref.index] : 0;
  };
  // The right edge of the trie built so far: subtrees whose right child is still to
  // come, with the bit at which it will hang. Bits increase downwards.
  struct Open {
    Ref left;
    uint8_t bit;
  };
  std::vector<Open> edge;
  const auto close = [&](Ref right) {
    const Open open = edge.back();
    edge.pop_back();
    heights.push_back(1 + std::max(height(open.left), height(right)));
    nodes_.push_back({open.left, right, open.bit});
    return Ref{static_cast<uint32_t>(nodes_.size() - 1), 1};
  };
  size_t begin = 0;
  for (size_t end : ends) {
    Ref last = {static_cast<uint32_t>(begin), 0};
    for (size_t i = begin + 1; i < end; ++i) {
      const uint8_t bit = static_cast<uint8_t>(FirstDifferentBit(keys[i - 1], keys[i]));
      while (!edge.empty() && edge.back().bit > bit) last = close(last);
      edge.push_back({last, bit});
      last = Ref{static_cast<uint32_t>(i), 0};
    }
    while (!edge.empty()) last = close(last);
    roots_.push_back(last);
    begin = end;
  }
  HashNodes(heights);
}

void SetForest::HashNodes(std::span<const uint16_t> heights) {
  // Nodes by height (counting sort), so that each batch only needs finished ones.
  std::vector<uint32_t> starts(258, 0);
  for (uint16_t height : heights) ++starts[height + 1];
  for (size_t h = 1; h < starts.size(); ++h) starts[h] += starts[h - 1];
  std::vector<uint32_t> order(nodes_.size());
  std::vector<uint32_t> next(starts.begin(), starts.end());
  for (uint32_t i = 0; i < nodes_.size(); ++i) order[next[heights[i]]++] = i;

  constexpr size_t kBatch = 256;
  std::array<uint8_t, kBatch * kNodeBodyBytes> bodies;
  std::array<Hash, kBatch> results;
  hashes_.resize(nodes_.size());
  for (size_t h = 1; h + 1 < starts.size(); ++h) {
    for (size_t begin = starts[h]; begin < starts[h + 1]; begin += kBatch) {
      const size_t count = std::min<size_t>(kBatch, starts[h + 1] - begin);
      for (size_t i = 0; i < count; ++i) {
        const Node& node = nodes_[order[begin + i]];
        uint8_t* body = &bodies[i * kNodeBodyBytes];
        body[0] = node.bit;
        std::memcpy(body + 1, hash(node.left).data(), Hash::kSize);
        std::memcpy(body + 1 + Hash::kSize, hash(node.right).data(), Hash::kSize);
      }
      HashMany(Bytes(&kNodePrefix, 1), bodies.data(), kNodeBodyBytes, count,
               results.data());
      for (size_t i = 0; i < count; ++i) hashes_[order[begin + i]] = results[i];
    }
  }
}

Hash SetRootOfValues(std::vector<Hash> values) {
  std::vector<Hash> keys = SetKeys(values);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty()) return EmptySetRoot();
  const size_t end = keys.size();
  const SetForest forest(keys, std::span(&end, 1));
  return SetRoot(keys.size(), forest.hash(forest.root(0)));
}

}  // namespace setlog
