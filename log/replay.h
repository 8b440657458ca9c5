// log/replay.h -- an auditor's view of a log: every entry, every promise recomputed.
//
//   Replay replay("example.org/digits");
//   for (bundle : log) if (auto fault = replay.Feed(bundle)) ...  // the operator lied
//   replay.Root() == checkpoint.root;                             // and the head is
//   true
//
// Feed checks what no proof can show to somebody who sees one record: that each entry
// is well formed and in a place where it may be, that m grows and names are used once,
// and that each index entry is the set of the entries before it. It stops at the first
// fault and takes nothing more: nothing is skipped.
// Memory: 40 bytes a distinct value (the whole set index). Not thread-safe; no I/O.
#ifndef SETLOG_LOG_REPLAY_H_
#define SETLOG_LOG_REPLAY_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "log/bytes.h"
#include "log/entry.h"
#include "log/manifest.h"
#include "log/set_index.h"
#include "log/tile_tree.h"

namespace setlog {

// What is wrong with the entry at `position`.
struct ReplayFault {
  uint64_t position = 0;
  std::string reason;
};

class Replay {
 public:
  explicit Replay(std::string origin) : origin_(std::move(origin)) {}

  // The next entries of the log. A fault is final.
  std::optional<ReplayFault> Feed(std::span<const Bytes> entries);

  uint64_t size() const { return tree_.size(); }
  // RFC 6962 root of everything fed.
  Hash Root() const { return tree_.Root(); }

  // Members and root of the set of everything fed, indexed or not.
  struct Set {
    uint64_t n;
    Hash root;
  };
  Set CurrentSet() const;

  const Manifest& manifest() const { return manifest_; }
  const std::map<std::string, uint64_t>& tags() const { return tags_; }
  // By m.
  const std::map<uint64_t, IndexEntry>& index_entries() const { return index_entries_; }

 private:
  std::optional<std::string> Check(Bytes bytes, uint64_t position);
  std::optional<std::string> CheckIndex(const IndexEntry& entry);
  std::vector<SetChange> PendingChanges(uint64_t m) const;
  void ApplyUpTo(uint64_t m);

  std::string origin_;
  TileTree tree_;
  SetIndex index_;
  Manifest manifest_;
  std::map<std::string, uint64_t> tags_;
  std::map<uint64_t, IndexEntry> index_entries_;
  // Values of add and remove entries at or after index_.top().m, in log order.
  struct Pending {
    Hash value;
    uint64_t position;
    bool add;
  };
  std::vector<Pending> pending_;
  std::optional<ReplayFault> fault_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_REPLAY_H_
