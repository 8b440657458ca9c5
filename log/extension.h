// log/extension.h -- that one index entry follows from another and the entries between.
//
//   ExtensionRange range(before.m);                        // 0: from the beginning
//   for (Bytes entry : entries) if (!range.Add(entry).ok()) ...
//   absl::StatusOr<Extension> shown = VerifyExtension(before, after, range, proof);
//   if (shown.ok() && shown->contradiction) ...            // one of the two is wrong
//
// `proof` is a batch proof (log/set_proof.h) of all values that the entries [before.m,
// after.m) name, under before.set_root. The entries must have been authenticated, and
// both index entries, under one checkpoint. The rules E0..E6 are in docs/format.md.
//
// Sound by induction only: from m = 0, or from a root that was rebuilt. From any other
// root it shows that the two entries agree, or that at least one of them is wrong:
// which is compact evidence against whoever signed both. Not thread-safe; no I/O.
#ifndef SETLOG_LOG_EXTENSION_H_
#define SETLOG_LOG_EXTENSION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/entry.h"
#include "log/set_index.h"

namespace setlog {

// The set of no entries, from which every log starts; no index entry says it.
IndexEntry EmptySetVersion();

// What a run of entries does to a set. Memory: at most 66 bytes a value it names.
class ExtensionRange {
 public:
  explicit ExtensionRange(uint64_t begin) : begin_(begin), end_(begin) {}

  // The entry at end(). InvalidArgument if it is malformed by its form or position
  // (rule E0); whatever needs earlier entries is for replay.h.
  absl::Status Add(Bytes entry);

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }

  // Each value that an add or a remove names, once, by key, with the last entry's type.
  struct Touch {
    Hash key;
    Hash value;
    bool add;
    friend bool operator==(const Touch&, const Touch&) = default;
  };
  std::vector<Touch> Touched() const;

 private:
  struct Change {
    Hash value;
    bool add;
  };
  // Leaves the last change of each value.
  void Compact();

  uint64_t begin_;
  uint64_t end_;
  std::vector<Change> changes_;
  size_t compact_at_ = size_t{1} << 16;
};

struct Extension {
  // Of the set that `before` and the entries lead to.
  uint64_t n = 0;
  Hash root;
  // How `after` differs from it (rule E5 or E6): evidence. Nothing if it follows.
  std::optional<std::string> contradiction;
  // Whether each touched value, in the order of Touched(), was in the set before.
  std::vector<bool> was_present;
};

// An error means that a rule E0..E4 is broken, which proves nothing about anybody:
// InvalidArgument for a range that is not [before.m, after.m), or an m = 0 that is not
// EmptySetVersion(); DataLoss for a batch proof that does not verify.
// O(proof + touched values * path length).
absl::StatusOr<Extension> VerifyExtension(const IndexEntry& before,
                                          const IndexEntry& after,
                                          const ExtensionRange& range, Bytes proof);
// The same for entries that are all at hand.
absl::StatusOr<Extension> VerifyExtension(const IndexEntry& before,
                                          const IndexEntry& after,
                                          std::span<const Bytes> entries, Bytes proof);

// The proof for a range that begins at set.m(). `value_at` gives the value of the add
// entry at a position; its error is returned, and DataLoss if the value is not that of
// the leaf.
absl::StatusOr<std::string> MakeExtensionProof(
    const SetIndex& set, const ExtensionRange& range,
    const std::function<absl::StatusOr<Hash>(uint64_t position)>& value_at);

}  // namespace setlog

#endif  // SETLOG_LOG_EXTENSION_H_
