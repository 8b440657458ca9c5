// client/peaks.h -- the root of a log whose entries come in from any position on.
//
//   Peaks peaks = *Peaks::Restore(begin, hashes);   // of [0, begin)
//   peaks.Append(leaf_hashes);                      // entries begin, begin + 1, ...
//   Hash root = peaks.Root();
//
// The peaks of a tree are its perfect subtrees from left to right, one for each bit of
// its size: those of 13 = 8 + 4 + 1 leaves are the roots of [0, 8), [8, 12), [12, 13).
// They are also the inclusion path of the entry that comes next, from its far end: RFC
// 6962 section 2.1.1 for index = size - 1. Memory: 64 hashes. Cost: two hashes a leaf,
// in kernel batches where 256 leaves make a tile. Not thread-safe.
#ifndef SETLOG_CLIENT_PEAKS_H_
#define SETLOG_CLIENT_PEAKS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

class Peaks {
 public:
  // Of the empty tree.
  Peaks() = default;
  // InvalidArgument unless there is one hash for each bit of `size`. Whether they are
  // right shows in Root() only.
  static absl::StatusOr<Peaks> Restore(uint64_t size, std::vector<Hash> hashes);

  // The tree must stay below 2^64 leaves.
  void Append(std::span<const Hash> leaf_hashes);

  uint64_t size() const { return size_; }
  Hash Root() const;

 private:
  // A perfect subtree of 2^level leaves, which size_ must be a multiple of.
  void Push(int level, Hash hash);

  uint64_t size_ = 0;
  std::vector<Hash> hashes_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_PEAKS_H_
