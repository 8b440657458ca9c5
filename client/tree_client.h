// client/tree_client.h -- the log as a tree: entries and proofs, tied to a signed head.
//
//   TreeClient tree(&connection, head.version.checkpoint);
//   absl::StatusOr<InclusionResult> proof = tree.Inclusion(index, tree.head().size);
//   absl::Status all = tree.Entries(0, tree.head().size,
//       [](uint64_t begin, std::span<const Bytes> entries) { ... });
//
// Sizes up to the head's can be asked for, signed or not: the root at such a size is
// taken only with a consistency proof that leads from it to the signed head. What a
// server sends that does not verify is DataLoss. Not thread-safe.
#ifndef SETLOG_CLIENT_TREE_CLIENT_H_
#define SETLOG_CLIENT_TREE_CLIENT_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/peaks.h"
#include "log/checkpoint.h"

namespace setlog {

struct InclusionResult {
  uint64_t index = 0;
  uint64_t size = 0;
  Hash leaf_hash;
  Hash root;
  std::vector<Hash> path;
};

struct ConsistencyResult {
  uint64_t size1 = 0;
  uint64_t size2 = 0;
  Hash root1;
  Hash root2;
  std::vector<Hash> path;
};

class TreeClient {
 public:
  // `head` must have been verified; the connection must outlive this.
  TreeClient(const Connection* connection, Checkpoint head);

  const Checkpoint& head() const { return head_; }

  // The proof for the entry at `index` in the tree of `size` entries. OutOfRange
  // unless index < size <= head size. One call, and one more if size is not the head's.
  absl::StatusOr<InclusionResult> Inclusion(uint64_t index, uint64_t size) const;

  // OutOfRange unless 1 <= size1 <= size2 <= head size. As above.
  absl::StatusOr<ConsistencyResult> Consistency(uint64_t size1, uint64_t size2) const;

  // Gets some entries and the position of the first; an error of its own ends the
  // stream and is returned.
  using EntryCallback =
      std::function<absl::Status(uint64_t begin, std::span<const Bytes> entries)>;

  // Calls back with the entries [begin, end), in order, in pieces of at most
  // kWindowEntries, each only after it was verified: the peaks of [0, begin) come from
  // an inclusion path; they and the entries must lead to the root at the piece's end,
  // which must be consistent with the head. OutOfRange unless begin <= end <= head
  // size. For each piece one stream and one small call; two hashes an entry; memory is
  // bounded by kWindowBytes and one message. Goes on after a lost connection, and over
  // a slow line in small messages; Cancelled once the connection stops.
  absl::Status Entries(uint64_t begin, uint64_t end,
                       const EntryCallback& callback) const;

  static constexpr uint64_t kWindowEntries = 65536;
  static constexpr size_t kWindowBytes = size_t{16} << 20;

 private:
  // Whether `root` is that of the head's first `size` >= 1 entries. No call for the
  // head's own size.
  absl::Status CheckRoot(uint64_t size, const Hash& root) const;
  absl::StatusOr<Peaks> PeaksAt(uint64_t size) const;
  // Bundles that begin at `begin`, as many as a window takes.
  absl::StatusOr<std::vector<std::string>> FetchWindow(uint64_t begin,
                                                       uint64_t end) const;

  const Connection* connection_;
  const Checkpoint head_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_TREE_CLIENT_H_
