// log/tree.h -- the hashes of the log's tree (RFC 6962 section 2.1), one and in bulk.
//
//   Hash leaf = LeafHash(AsBytes("entry-0"));            // H(0x00 | entry)
//   Hash root = NodeHash(leaf, LeafHash(AsBytes("entry-1")));  // H(0x01 | l | r)
//   std::vector<Hash> leaves = LeafHashes(kAdd, values);  // one kernel call
//   std::vector<Hash> parents = SubtreeRoots(leaves, 8);  // a root per 256 leaves
//
// A tree of n > 1 leaves splits at the largest power of two below n, so all of it but
// the right edge is perfect subtrees, and those are what nodes and tiles are made of.
// Thread-safe: nothing here keeps state.
#ifndef SETLOG_LOG_TREE_H_
#define SETLOG_LOG_TREE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "log/bytes.h"
#include "log/parallel_for.h"

namespace setlog {

// The perfect subtree over the leaves [index << level, (index + 1) << level). Level 0
// is a leaf; level 63 is the highest that a tree of 64-bit size can hold.
struct NodeId {
  uint8_t level = 0;
  uint64_t index = 0;
  friend bool operator==(const NodeId&, const NodeId&) = default;
};

// H(""): the root of the tree without leaves.
Hash EmptyRoot();
// H(0x00 | entry).
Hash LeafHash(Bytes entry);
// H(0x01 | left | right).
Hash NodeHash(const Hash& left, const Hash& right);

// LeafHash(type | value) of each value: the leaves of add or remove entries. One
// compression each, in one kernel call.
std::vector<Hash> LeafHashes(uint8_t type, std::span<const Hash> values,
                             const ParallelFor& parallel = InOrder);
// The same, to `leaves`, which has room for values.size() of them.
void LeafHashes(uint8_t type, std::span<const Hash> values, Hash* leaves);
// LeafHash of each entry, with one kernel call for each run of entries of one length;
// costs one copy of the entries.
std::vector<Hash> LeafHashes(std::span<const Bytes> entries,
                             const ParallelFor& parallel = InOrder);

// parents[i] = NodeHash(nodes[2i], nodes[2i + 1]), i < parent_count, in one kernel
// call. `parents` may be `nodes`: a level then replaces the one below it.
void NodeHashes(const Hash* nodes, size_t parent_count, Hash* parents);

// The roots of the perfect subtrees of `height` over each 2^height adjacent nodes, left
// to right. `nodes.size()` must be a multiple of 2^height (aborts otherwise). Works
// through blocks that stay in the cache and are wide enough for the kernels at every
// level; 1 - 2^-height node hashes for each input.
std::vector<Hash> SubtreeRoots(std::span<const Hash> nodes, int height,
                               const ParallelFor& parallel = InOrder);

}  // namespace setlog

#endif  // SETLOG_LOG_TREE_H_
