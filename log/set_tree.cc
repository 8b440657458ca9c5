#include "log/set_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

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
    : keys_(keys), edges_(std::make_unique_for_overwrite<Edge[]>(keys.size())) {
  // The gap before key i is a node, whose bit is the first one in which the keys at the
  // gap differ.
  const auto bits = std::make_unique_for_overwrite<uint8_t[]>(keys.size());
  std::array<uint32_t, 256> counts = {};
  // So far ahead (8 KiB) the keys are called from memory, which does not know that the
  // pages go on. What follows the last one is likely the next forest's.
  constexpr size_t kAhead = 256;
  size_t begin = 0;
  for (size_t end : ends) {
    edges_[begin] = {static_cast<uint32_t>(begin), {static_cast<uint32_t>(begin), 0}};
    for (size_t i = begin + 1; i < end; ++i) {
      edges_[i] = {static_cast<uint32_t>(i), {static_cast<uint32_t>(i), 0}};
      __builtin_prefetch(keys.data() + i + kAhead);
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
  const auto gaps = std::make_unique_for_overwrite<uint32_t[]>(nodes);
  begin = 0;
  for (size_t end : ends) {
    for (size_t i = begin + 1; i < end; ++i) {
      gaps[next[bits[i]]++] = static_cast<uint32_t>(i);
    }
    begin = end;
  }
  HashNodes(std::span(gaps.get(), nodes), bits.get());
  roots_.reserve(ends.size());
  begin = 0;
  for (size_t end : ends) {
    roots_.push_back(edges_[begin].top);
    begin = end;
  }
}

void SetForest::HashNodes(std::span<const uint32_t> gaps, const uint8_t* bits) {
  constexpr size_t kBatch = 64;
  std::array<HashPair, kBatch> pairs;
  nodes_ = std::make_unique_for_overwrite<Node[]>(gaps.size());
  hash_bytes_ = std::make_unique_for_overwrite<uint8_t[]>(gaps.size() * Hash::kSize);
  Hash* const hashes = reinterpret_cast<Hash*>(hash_bytes_.get());
  // Looked up, not branched on: what a child is cannot be predicted.
  const Hash* const bases[] = {keys_.data(), hashes};
  size_t hashed = 0;
  const auto hash_until = [&](size_t end) {
    HashPairs(kNodePrefix, std::span(pairs).first(end - hashed), hashes + hashed);
    hashed = end;
  };
  // A batch goes on from one bit to the next, until it is full or a node is over one
  // that waits in it.
  const auto waits = [&](Ref child) { return child.is_node & (child.index >= hashed); };
  for (size_t i = 0; i < gaps.size(); ++i) {
    const uint32_t gap = gaps[i];
    // The subtrees that end and begin at the gap become one.
    const Edge left = edges_[gap - 1];
    const Edge right = edges_[gap];
    const Ref top = {static_cast<uint32_t>(i), 1};
    edges_[left.other] = {right.other, top};
    edges_[right.other] = {left.other, top};
    nodes_[i] = {left.top, right.top, bits[gap]};
    if ((i - hashed == kBatch) | waits(left.top) | waits(right.top)) hash_until(i);
    pairs[i - hashed] = {(bases[left.top.is_node] + left.top.index)->data(),
                         (bases[right.top.is_node] + right.top.index)->data(),
                         bits[gap]};
  }
  hash_until(gaps.size());
}

namespace {

// The first of sorted `keys` whose first `bits` bits are not below `prefix`, found in
// few steps from a good guess.
size_t LowerBound(std::span<const Hash> keys, unsigned bits, uint64_t prefix,
                  size_t guess) {
  const auto below = [&](const Hash& key) { return KeyPrefix(key, bits) < prefix; };
  size_t begin = std::min(guess, keys.size());
  size_t end = begin;
  for (size_t step = 64; begin > 0 && !below(keys[begin - 1]); step *= 2) {
    end = begin - 1;
    begin -= std::min(begin, step);
  }
  for (size_t step = 64; end < keys.size() && below(keys[end]); step *= 2) {
    begin = end + 1;
    end += std::min(keys.size() - end, step);
  }
  return std::partition_point(keys.begin() + begin, keys.begin() + end, below) -
         keys.begin();
}

}  // namespace

Hash SortedTop(std::span<const Hash> keys, const ParallelFor& parallel) {
  constexpr size_t kRangeKeys = 8192;
  unsigned depth = 0;
  while (depth < 20 && keys.size() >> depth > kRangeKeys) ++depth;
  const size_t width = keys.size() >> depth;  // as keys are hashes, of nearly all
  std::vector<Hash> tops(size_t{1} << depth, kNoSubtree);
  const size_t ranges = std::max<size_t>(tops.size() / 128, 1);  // in a turn
  parallel(tops.size() / ranges, [&](size_t turn) {
    const size_t first = turn * ranges;
    size_t begin = LowerBound(keys, depth, first, first * width);
    for (size_t range = first; range < first + ranges; ++range) {
      const size_t end = LowerBound(keys, depth, range + 1, begin + width);
      const size_t count = end - begin;
      if (count > 0) {
        const SetForest forest(keys.subspan(begin, count), std::span(&count, 1));
        tops[range] = forest.hash(forest.root(0));
      }
      begin = end;
    }
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
