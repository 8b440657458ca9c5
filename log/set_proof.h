// log/set_proof.h -- verification of lookup and batch proofs.
//
//   absl::StatusOr<bool> present = VerifyLookup(set_root, record, proof);
//   if (present.ok() && !*present) ...  // absent: proven, not assumed
//
// The verifier takes every turn from the queried key, never from the proof, so one
// root has one answer, whoever built the tree and however badly. That the root is the
// log's set is another question: docs/design.md. The rules, with their numbers, are in
// docs/format.md. All functions are pure; a proof that breaks any rule is DataLoss.
#ifndef SETLOG_LOG_SET_PROOF_H_
#define SETLOG_LOG_SET_PROOF_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

struct LookupProof {
  uint64_t count = 0;                // n
  std::optional<Hash> terminal;      // a member's value; none iff the set is empty
  std::vector<uint8_t> branch_bits;  // root to leaf, strictly increasing
  std::vector<Hash> siblings;        // one for each branch bit
  friend bool operator==(const LookupProof&, const LookupProof&) = default;
};

// True: `record` is in the set with this root; false: it is not. Cost: one node hash a
// level, at most 256 levels. `count` is bound by the root but not proven to be the
// number of members: only a replay or a batch proof without SIBLING shows that.
absl::StatusOr<bool> VerifyLookup(const Hash& root, const Hash& record,
                                  const LookupProof& proof);

// Items of a batch proof, in pre-order with nothing around them:
//   SIBLING = 00 | subtree hash    BRANCH = 01 | u8 d, 0-side, 1-side    LEAF = 02 | t
enum BatchItem : uint8_t { kSiblingItem = 0, kBranchItem = 1, kLeafItem = 2 };

// For each of `queries`, in their order, whether it is in the set of `count` members
// with this root. For one set and one set of queries exactly one byte string is valid.
// Cost: O(proof bytes + queries * path length).
absl::StatusOr<std::vector<bool>> VerifyBatch(const Hash& root, uint64_t count,
                                              const std::vector<Hash>& queries,
                                              Bytes proof);

}  // namespace setlog

#endif  // SETLOG_LOG_SET_PROOF_H_
