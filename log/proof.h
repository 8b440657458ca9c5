// log/proof.h -- RFC 6962 proofs: plan, assemble, verify. Pure: no I/O, no locks.
//
//   NodeList plan = *InclusionNodes(index, size);          // which nodes
//   std::vector<Hash> path = Fold(plan, Fetch(plan.ids));  // read them, in order
//   absl::Status ok = VerifyInclusion(index, size, leaf, path, root);
//
// A path is leaf side first and has at most 64 hashes. Only perfect subtrees are ever
// stored, so the one path element that may span the tree's ragged right edge is
// planned as several of them. Every size up to 2^64 - 1 is handled. Thread-safe.
// Source: RFC 6962 section 2.1; verification as in RFC 9162 sections 2.1.3.2, 2.1.4.2.
#ifndef SETLOG_LOG_PROOF_H_
#define SETLOG_LOG_PROOF_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/tree.h"

namespace setlog {

// What to fetch for a path. Path element i is the root over the next runs[i] of `ids`,
// which are adjacent perfect subtrees from left to right; nearly every run is 1.
struct NodeList {
  std::vector<NodeId> ids;
  std::vector<size_t> runs;
};

// Node ids for the inclusion proof of leaf `index` in the tree of `size` leaves. At
// most 127 ids. OutOfRange if index >= size.
absl::StatusOr<NodeList> InclusionNodes(uint64_t index, uint64_t size);

// Node ids for the proof that the tree of `size2` leaves begins with that of `size1`;
// nothing for equal sizes. At most 128 ids. InvalidArgument if size1 = 0 (the empty
// tree needs no proof), OutOfRange if size1 > size2.
absl::StatusOr<NodeList> ConsistencyNodes(uint64_t size1, uint64_t size2);

// Node ids for the root of `size` leaves: one run, of at most 64 ids. The empty run of
// size 0 folds to EmptyRoot().
NodeList RootNodes(uint64_t size);

// The fewest perfect subtrees that make up the leaves [begin, end), left to right; none
// if begin >= end.
std::vector<NodeId> CoveringNodes(uint64_t begin, uint64_t end);

// The path: each run of `hashes` (those of plan.ids, in that order) folded into one
// root. A run may be any cover of the leaves under the path element, for instance
// CoveringNodes(0, a) followed by CoveringNodes(a, b) for the root of b leaves. Aborts
// if the number of hashes is not that of the ids: whoever fetched them must check.
std::vector<Hash> Fold(const NodeList& plan, std::span<const Hash> hashes);

// OK iff `path` links `leaf` at `index` to `root`. OutOfRange if index >= size,
// InvalidArgument if the path has the wrong length for (index, size), DataLoss if it
// leads to another root. One hash for each path element.
absl::Status VerifyInclusion(uint64_t index, uint64_t size, const Hash& leaf,
                             std::span<const Hash> path, const Hash& root);

// OK iff `path` shows that the tree (size2, root2) begins with (size1, root1): for
// equal sizes an empty path and equal roots. InvalidArgument if size1 = 0 or the path
// has the wrong length, OutOfRange if size1 > size2, DataLoss if it leads to another
// root on either side. At most two hashes for each path element.
absl::Status VerifyConsistency(uint64_t size1, uint64_t size2, const Hash& root1,
                               const Hash& root2, std::span<const Hash> path);

// What a consistency path leads to. A path that leads to a signed root2 but not to a
// signed root1 convicts the log; one that misses root2 is worth nothing.
struct ConsistencyRoots {
  Hash root1;
  Hash root2;
};
// Both roots, errors as in VerifyConsistency except DataLoss. Where size1 is a power of
// two the path does not hold the old tree's hash: the computation starts from `root1`,
// which is then returned as it is and only root2 says anything.
absl::StatusOr<ConsistencyRoots> RootsOfConsistencyPath(uint64_t size1, uint64_t size2,
                                                        const Hash& root1,
                                                        std::span<const Hash> path);

}  // namespace setlog

#endif  // SETLOG_LOG_PROOF_H_
