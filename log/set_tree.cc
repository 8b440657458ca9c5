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
  std::array<uint8_t, 9 + Hash::kSize> message = {kRootPrefix};
  for (int i = 0; i < 8; ++i) message[1 + i] = static_cast<uint8_t>(n >> 8 * (7 - i));
  std::memcpy(message.data() + 9, top.data(), Hash::kSize);
  return Sha256(Bytes(message).first(n == 0 ? 9 : message.size()));
}

Hash EmptySetRoot() { return SetRoot(0, Hash()); }

unsigned FirstDifferentBit(const Hash& a, const Hash& b) {
  for (unsigned word = 0; word < 4; ++word) {
    const uint64_t difference = KeyWord(a, word) ^ KeyWord(b, word);
    if (difference != 0) return 64 * word + std::countl_zero(difference);
  }
  return 256;
}

SetForest::SetForest(std::span<const Hash> keys, std::span<const size_t> ends)
    : keys_(keys), edges_(keys.size()) {
  // The gap before key i is a node, whose bit is the first one in which the keys at the
  // gap differ.
  std::vector<uint8_t> bits(keys.size());
  std::array<uint32_t, 256> counts = {};
  size_t begin = 0;
  for (size_t end : ends) {
    edges_[begin] = {static_cast<uint32_t>(begin), {static_cast<uint32_t>(begin), 0}};
    for (size_t i = begin + 1; i < end; ++i) {
      edges_[i] = {static_cast<uint32_t>(i), {static_cast<uint32_t>(i), 0}};
      bits[i] = static_cast<uint8_t>(FirstDifferentBit(keys[i - 1], keys[i]));
      ++counts[bits[i]];
    }
    begin = end;
  }
  // All gaps, by falling bit.
  std::array<uint32_t, 256> next;
  uint32_t nodes = 0;
  for (size_t bit = counts.size(); bit-- > 0;) {
    next[bit] = nodes;
    nodes += counts[bit];
  }
  std::vector<uint32_t> gaps(nodes);
  begin = 0;
  for (size_t end : ends) {
    for (size_t i = begin + 1; i < end; ++i) {
      gaps[next[bits[i]]++] = static_cast<uint32_t>(i);
    }
    begin = end;
  }
  HashNodes(gaps, bits);
  roots_.reserve(ends.size());
  begin = 0;
  for (size_t end : ends) {
    roots_.push_back(edges_[begin].top);
    begin = end;
  }
}

void SetForest::HashNodes(std::span<const uint32_t> gaps,
                          std::span<const uint8_t> bits) {
  constexpr size_t kBatch = 256;
  std::array<HashPair, kBatch> pairs;
  nodes_.resize(gaps.size());
  hashes_.resize(gaps.size());
  // Looked up, not branched on: what a child is cannot be predicted.
  const Hash* const bases[] = {keys_.data(), hashes_.data()};
  for (size_t begin = 0; begin < gaps.size();) {
    const uint8_t bit = bits[gaps[begin]];
    size_t end = begin;
    for (; end < gaps.size() && end - begin < kBatch; ++end) {
      const uint32_t gap = gaps[end];
      if (bits[gap] != bit) break;
      // The subtrees that end and begin at the gap become one.
      const Edge left = edges_[gap - 1];
      const Edge right = edges_[gap];
      const Ref top = {static_cast<uint32_t>(end), 1};
      edges_[left.other] = {right.other, top};
      edges_[right.other] = {left.other, top};
      nodes_[end] = {left.top, right.top, bit};
      pairs[end - begin] = {(bases[left.top.is_node] + left.top.index)->data(),
                            (bases[right.top.is_node] + right.top.index)->data(), bit};
    }
    HashPairs(kNodePrefix, std::span(pairs).first(end - begin), &hashes_[begin]);
    begin = end;
  }
}

Hash SortedTop(std::span<const Hash> keys, const ParallelFor& parallel) {
  constexpr size_t kRangeKeys = 4096;
  unsigned depth = 0;
  while (depth < 20 && keys.size() >> depth > kRangeKeys) ++depth;
  std::vector<Hash> tops(size_t{1} << depth, kNoSubtree);
  parallel(tops.size(), [&](size_t range) {
    const auto before = [&](uint64_t prefix) {
      return
          [depth, prefix](const Hash& key) { return KeyPrefix(key, depth) < prefix; };
    };
    const auto begin = std::partition_point(keys.begin(), keys.end(), before(range));
    const auto last = std::partition_point(begin, keys.end(), before(range + 1));
    const std::span<const Hash> part(begin, last);
    if (part.empty()) return;
    const size_t end = part.size();
    const SetForest forest(part, std::span(&end, 1));
    tops[range] = forest.hash(forest.root(0));
  });
  while (depth > 0) tops = HashParents(--depth, tops);
  return tops[0];
}

std::vector<Hash> HashParents(unsigned bit, std::span<const Hash> children) {
  std::vector<Hash> parents(children.size() / 2);
  constexpr size_t kBatch = 64;
  std::array<HashPair, kBatch> pairs;
  std::array<Hash, kBatch> hashes;
  std::array<size_t, kBatch> places;
  size_t count = 0;
  const auto flush = [&] {
    HashPairs(kNodePrefix, std::span(pairs).first(count), hashes.data());
    for (size_t i = 0; i < count; ++i) parents[places[i]] = hashes[i];
    count = 0;
  };
  for (size_t i = 0; i < parents.size(); ++i) {
    const Hash& left = children[2 * i];
    const Hash& right = children[2 * i + 1];
    if (left == kNoSubtree || right == kNoSubtree) {
      parents[i] = left == kNoSubtree ? right : left;
      continue;
    }
    pairs[count] = {left.data(), right.data(), static_cast<uint8_t>(bit)};
    places[count] = i;
    if (++count == kBatch) flush();
  }
  flush();
  return parents;
}

Hash SetRootOfValues(std::vector<Hash> values) {
  std::vector<Hash> keys = SetKeys(values);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty()) return EmptySetRoot();
  return SetRoot(keys.size(), SortedTop(keys));
}

}  // namespace setlog
