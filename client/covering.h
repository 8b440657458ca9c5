// client/covering.h -- the perfect subtrees around some entries, from a server's
// proofs.
//
//   absl::StatusOr<std::vector<Hash>> left = HashesBefore(tree, begin);
//   absl::StatusOr<std::vector<Hash>> right = HashesAfter(tree, end);
//   absl::StatusOr<EntryRange> range = FetchRange(tree, begin, end);
//
// What evidence files need to show entries in their places: the hashes of
// CoveringNodes(0, begin) and of CoveringNodes(end, head size). They are taken off
// inclusion paths, which the tree client verifies; so they are right if it is.
#ifndef SETLOG_CLIENT_COVERING_H_
#define SETLOG_CLIENT_COVERING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/tree_client.h"
#include "log/entry_range.h"
#include "log/verify.h"

namespace setlog {

// OutOfRange unless begin < head size (before the end of the log, so that a path leads
// past them) or begin = head size. One or two calls.
absl::StatusOr<std::vector<Hash>> HashesBefore(const TreeClient& tree, uint64_t begin);
// OutOfRange unless 1 <= end <= head size. Two or three calls.
absl::StatusOr<std::vector<Hash>> HashesAfter(const TreeClient& tree, uint64_t end);

// The entry at `position` with its path under the head. DataLoss if another one stands
// there; one call.
absl::StatusOr<ProvenEntry> ProveEntry(const TreeClient& tree, uint64_t position,
                                       std::string entry);

// The entries [begin, end), with both. ResourceExhausted if they are too many for an
// evidence file.
absl::StatusOr<EntryRange> FetchRange(const TreeClient& tree, uint64_t begin,
                                      uint64_t end);

}  // namespace setlog

#endif  // SETLOG_CLIENT_COVERING_H_
