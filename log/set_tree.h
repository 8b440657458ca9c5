// log/set_tree.h -- the sorted tree: a path-compressed binary trie over 256-bit keys.
//
//   SetTrie trie(SortedKeys(values));                   // bulk build
//   Hash root = SetRoot(values.size(), trie.hash());
//
// With H = SHA-256 and d the number of a bit, 0..255, most significant first:
//
//   K(r)          = H(0x10 | r)             a value's position AND its leaf hash
//   node(d, L, R) = H(0x11 | u8 d | L | R)  d = first bit where the keys below differ
//   set root      = H(0x12 | u64 n | top hash), or H(0x12 | u64 0) for the empty set
//
// The root is a function of the set alone; a node binds its absolute bit, not its
// depth, so a removed leaf's sibling simply moves up and trees built apart for ranges
// of keys join under new nodes.
#ifndef SETLOG_LOG_SET_TREE_H_
#define SETLOG_LOG_SET_TREE_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "log/bytes.h"
#include "log/parallel_for.h"
#include "log/sha256.h"

namespace setlog {

Hash SetKey(const Hash& value);
std::vector<Hash> SetKeys(std::span<const Hash> values);
Hash SetNode(uint8_t bit, const Hash& left, const Hash& right);
// SetNode of many in one kernel call: the tag of a pair is its node's bit.
void SetNodes(std::span<const HashPair> pairs, Hash* nodes);
// `top` is read only if n > 0.
Hash SetRoot(uint64_t n, const Hash& top);
Hash EmptySetRoot();

inline bool KeyBit(const Hash& key, unsigned bit) {
  return key.bytes[bit >> 3] >> (7 - (bit & 7)) & 1;
}
// The number of the first bit in which two keys differ; 256 if they are equal.
unsigned FirstDifferentBit(const Hash& a, const Hash& b);
// Bits [64 word, 64 word + 64) of a key as a number.
inline uint64_t KeyWord(const Hash& key, unsigned word) {
  uint64_t bytes;
  std::memcpy(&bytes, key.data() + 8 * word, 8);
  return std::endian::native == std::endian::little ? __builtin_bswap64(bytes) : bytes;
}
// The first `bits` <= 63 bits of a key, as a number.
inline uint64_t KeyPrefix(const Hash& key, unsigned bits) {
  return bits == 0 ? 0 : KeyWord(key, 0) >> (64 - bits);
}

// The tries of several runs of keys at once. Nodes are hashed from the last branch bit
// to the first, all of one bit together and across runs, so that batch kernels get full
// batches; what is below a node has greater bits, hence is done. Made for some thousand
// keys, which stay in the cache; more keys are for SortedTop.
// Memory: about 60 bytes a key while it lives.
class SetForest {
 public:
  // A child: a key of the input (a leaf), or a node.
  struct Ref {
    uint32_t index : 31;
    uint32_t is_node : 1;
  };
  struct Node {
    Ref left, right;
    uint8_t bit;
  };

  // Run i is keys[ends[i - 1], ends[i]); keys strictly increase within a run and no
  // run is empty; at most 2^31 keys in all. O(keys) and one node hash a key.
  // `keys` must outlive the forest.
  SetForest(std::span<const Hash> keys, std::span<const size_t> ends);

  Ref root(size_t run) const { return roots_[run]; }
  const Node& node(Ref ref) const { return nodes_[ref.index]; }
  const Hash& hash(Ref ref) const {
    const Hash* const hashes = reinterpret_cast<const Hash*>(hash_bytes_.get());
    return ref.is_node ? hashes[ref.index] : keys_[ref.index];
  }

 private:
  void HashNodes(std::span<const uint32_t> gaps, const uint8_t* bits);

  // A subtree is known to the first and to the last of its keys.
  struct Edge {
    uint32_t other;  // the key at the subtree's other end
    Ref top;
  };

  std::span<const Hash> keys_;
  std::unique_ptr<Edge[]> edges_;  // by key
  std::vector<Ref> roots_;
  std::unique_ptr<Node[]> nodes_;          // children before parents
  std::unique_ptr<uint8_t[]> hash_bytes_;  // theirs; bytes, for hashes would be zeroed
};

// Stands for the hash of a subtree without keys.
inline constexpr Hash kNoSubtree = {};

// parents[i] is over the two hashes in children[2i], children[2i + 1], at `bit`; over
// one of them alone it is that one, over none kNoSubtree.
std::vector<Hash> HashParents(unsigned bit, std::span<const Hash> children);

// The top hash over keys that strictly increase, at least one: key ranges apart, each
// in a forest of its own, joined under the nodes above them. One node hash a key.
Hash SortedTop(std::span<const Hash> keys, const ParallelFor& parallel = InOrder);

// The set root of any set of values, from nothing: sorts, drops duplicates, builds.
// O(n log n) time; the slow, obvious reference for everything incremental.
Hash SetRootOfValues(std::vector<Hash> values);

}  // namespace setlog

#endif  // SETLOG_LOG_SET_TREE_H_
