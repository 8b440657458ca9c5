// log/followed_set.h -- the part of a set's tree that a batch proof opens, led through
// many versions.
//
//   absl::StatusOr<FollowedSet> set = FollowedSet::Open(root, n, keys, proof);
//   set->Set(place, true);           // keys[place] is a member from now on
//   set->Set(other, false);          // and this one no longer
//   set->count(); set->Root();       // of the set as it is now: the next index entry?
//
// PartialSet leads from one version to the next by rule E4 (first all insertions, then
// all removals). Here every key that will ever be touched gets its leaf at once, and
// each leaf says whether it is a member now: a branch with members on one side only has
// the hash of that side. That is the same tree, because the tree of some keys is that
// of more keys with its dead branches left out; so one proof of all values touched
// between two index entries checks every index entry between them, in their order. From
// an unaudited root it shows nothing, as extension proofs do not (log/extension.h).
// Memory: about 60 bytes an item of the proof and a key. Not thread-safe; no I/O.
#ifndef SETLOG_LOG_FOLLOWED_SET_H_
#define SETLOG_LOG_FOLLOWED_SET_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/partial_set.h"

namespace setlog {

class FollowedSet {
 public:
  // `keys` (SetKey of all values to be touched) sorted and distinct; `proof` is the
  // batch proof of them under `root`. DataLoss if it breaks any rule; InvalidArgument
  // if so many members cannot be counted. O(proof bytes + keys * path length).
  static absl::StatusOr<FollowedSet> Open(const Hash& root, uint64_t count,
                                          std::span<const Hash> keys, Bytes proof);

  bool Contains(size_t place) const { return live_[leaves_[place]]; }
  // No change if it is as it should be. O(1), and its path in the next Root().
  void Set(size_t place, bool member);

  uint64_t count() const { return count_; }
  // Hashes the paths of what was set since the last call, level by level.
  Hash Root();

 private:
  static constexpr uint32_t kNone = PartialSet::kNone;

  FollowedSet() = default;
  void MarkPath(uint32_t item);
  void Update(std::span<const uint32_t> branches);

  uint64_t count_ = 0;
  PartialSet set_;
  std::vector<uint32_t> leaves_;   // of each key
  std::vector<uint32_t> parents_;  // of each item; kNone for the top
  std::vector<bool> live_;         // members stand at or below it
  std::vector<bool> stale_;        // branches whose hash is to be made anew
  std::array<std::vector<uint32_t>, 256> stale_by_bit_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_FOLLOWED_SET_H_
