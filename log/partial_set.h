// log/partial_set.h -- the part of a set's tree that a batch proof opens.
//
//   absl::StatusOr<PartialSet> set = PartialSet::Open(root, n, keys, proof);
//   set->Contains(0);                      // is keys[0] a member?
//   absl::Status added = set->Insert(key); // a key that was opened and is absent
//   Hash next = set->Root(n + 1);          // of the set with it
//
// Open walks the proof by the rules B1..B8 (docs/format.md, "Batch proof"): on OK the
// answers are those of the set with that root. Inserting and removing then follow rule
// E4 of extension proofs: insert everything first, because a removal may put a subtree
// that the proof keeps closed where an insertion would have to go.
// Memory: about 50 bytes an item of the proof. Not thread-safe; no I/O.
#ifndef SETLOG_LOG_PARTIAL_SET_H_
#define SETLOG_LOG_PARTIAL_SET_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

class PartialSet {
 public:
  // `keys` (SetKey of what is asked about) sorted and distinct. DataLoss if the proof
  // breaks any rule. O(proof bytes + keys * path length).
  static absl::StatusOr<PartialSet> Open(const Hash& root, uint64_t count,
                                         std::span<const Hash> keys, Bytes proof);

  // Whether the key at this place of `keys` was a member when the set was opened.
  bool Contains(size_t place) const { return present_[place]; }

  // Adds an absent key of `keys`, or drops a present one; each at most once, and no
  // Insert after a Remove (FailedPrecondition). O(path length).
  absl::Status Insert(const Hash& key);
  absl::Status Remove(const Hash& key);

  // No member is left.
  bool empty() const { return top_ == kNone; }
  // The set root for `count` members: what the tree as it is now hashes to. One node
  // hash for each open branch, those of one level in one kernel call.
  Hash Root(uint64_t count);

 private:
  friend class FollowedSet;
  class Walk;
  static constexpr uint32_t kNone = UINT32_MAX;
  enum class Kind : uint8_t { kSibling, kBranch, kLeaf };
  struct Item {
    Kind kind;
    uint8_t bit = 0;
    uint32_t sides[2] = {kNone, kNone};
    Hash hash;  // of a leaf its key; of a branch what Root has come to
  };

  PartialSet() = default;

  std::vector<Item> items_;
  uint32_t top_ = kNone;
  std::vector<bool> present_;
  bool removed_ = false;
};

}  // namespace setlog

#endif  // SETLOG_LOG_PARTIAL_SET_H_
