// log/entry_range.h -- entries that stand next to each other in a log, shown to do so.
//
//   EntryRange range{.begin = 5, .entries = {add, remove}, .left = l, .right = r};
//   absl::Status ok = VerifyRange(range, checkpoint);
//   range.end();                                   // 7
//
//   0 ... begin          begin ... end      end ... size
//   left: the fewest     the entries,       right: the fewest
//   perfect subtrees     whole              perfect subtrees
//
// The subtrees are those of CoveringNodes (log/proof.h). Together with the leaf hashes
// of the entries they make up the whole tree, so they are right if and only if they
// lead to its root: every entry stands at its position. One check for any number of
// entries, where paths would take one each. Pure; thread-safe.
#ifndef SETLOG_LOG_ENTRY_RANGE_H_
#define SETLOG_LOG_ENTRY_RANGE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/checkpoint.h"

namespace setlog {

struct EntryRange {
  uint64_t begin = 0;
  std::vector<std::string> entries;
  std::vector<Hash> left;   // CoveringNodes(0, begin)
  std::vector<Hash> right;  // CoveringNodes(end(), size)

  // Only of a range that was verified, or it might not fit.
  uint64_t end() const { return begin + entries.size(); }
  friend bool operator==(const EntryRange&, const EntryRange&) = default;
};

// The root of the tree of `size` leaves from `left` = the hashes of CoveringNodes(0,
// begin), leaves from `begin` on, and `right` = those of CoveringNodes(end, size).
// OutOfRange if the leaves go beyond `size`, InvalidArgument for another number of
// hashes. O(leaves + log size).
absl::StatusOr<Hash> RootAround(uint64_t begin, std::span<const Hash> leaves,
                                uint64_t size, std::span<const Hash> left,
                                std::span<const Hash> right);

// OK iff the entries stand at [begin, end) under the checkpoint. Errors as above, and
// DataLoss if they lead to another root. Two hashes an entry.
absl::Status VerifyRange(const EntryRange& range, const Checkpoint& checkpoint);

}  // namespace setlog

#endif  // SETLOG_LOG_ENTRY_RANGE_H_
