// client/stateless_audit.h -- audits what a log has added since the last audit, without
// holding its set.
//
//   StatelessAudit audit(&connection, &head, find_version, state);   // of an audit
//   before absl::StatusOr<bool> finished = audit.Run(keep_progress); if (audit.fault())
//   evidence = audit.MakeEvidence(); else if (*finished) next = audit.State(); // go on
//   from here
//
// Every entry is checked as a replay checks it (log/replay.h), but for index entries:
// each must follow from the one before and the entries between (docs/format.md,
// "Extension proof"), by a proof that the server makes. One proof serves all index
// entries of a window (log/followed_set.h). Sound by induction only: from m = 0, or
// from a state that an audit has made. Memory: about 500 bytes a value that a window
// touches, and the tags; nothing that grows with the set. Not thread-safe.
#ifndef SETLOG_CLIENT_STATELESS_AUDIT_H_
#define SETLOG_CLIENT_STATELESS_AUDIT_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "client/peaks.h"
#include "client/tree_client.h"
#include "log/evidence.h"
#include "log/replay.h"

namespace setlog {

// What an audit leaves for the next one.
struct StatelessState {
  std::string note;         // the signed head that the entries stand under
  uint64_t size = 0;        // entries below it are checked
  PlacedIndex last;         // the newest index entry among them; m = 0: none yet
  std::vector<Hash> peaks;  // of [0, last.entry.m): CoveringNodes(0, m)
  std::map<std::string, PlacedTag> tags;  // by name
  friend bool operator==(const StatelessState&, const StatelessState&) = default;
};
// Of a log of which nothing was audited.
StatelessState EmptyStatelessState();

// The batch proof of the values that the entries [begin, end) name, as the server gives
// it: not verified. DataLoss as soon as it is longer than one of so many values in a
// set of so many members can be.
absl::StatusOr<std::string> FetchExtensionProof(const Connection& connection,
                                                const std::string& origin,
                                                uint64_t begin, uint64_t end,
                                                uint64_t values, uint64_t members);

class StatelessAudit {
 public:
  // The version of a tag, verified under a head that continues the audit's. Asked for a
  // tag whose index entry was before this run.
  using FindVersion = std::function<absl::StatusOr<VerifiedHead>(const At& at)>;
  static constexpr uint64_t kWindowChanges = 65536;

  // The pointers must outlive it. The state's size is at most the head's.
  StatelessAudit(const Connection* connection, const VerifiedHead* head,
                 FindVersion find_version, StatelessState state,
                 uint64_t window_changes = kWindowChanges);

  // Whether the state's entries are the beginning of the head's. DataLoss if not.
  absl::Status CheckStart() const;

  // Checks the entries up to the head; true if all were, false if a fault was met.
  // `after_piece` is called after each piece; its error ends the audit and is returned.
  // DataLoss if the server sends what does not stand under its head, or a proof that
  // does not verify (which convicts nobody), else the connection's status.
  absl::StatusOr<bool> Run(const std::function<absl::Status()>& after_piece);

  // Entries below it were read; all of them checked when Run has returned true.
  uint64_t position() const { return peaks_.size(); }
  const PlacedIndex& last() const { return base_; }
  const std::map<std::string, PlacedTag>& tags() const { return tags_; }

  // What the next run goes on from, after Run, or in after_piece: then it ends before
  // the first index entry whose set was not checked yet. Some calls.
  absl::StatusOr<StatelessState> State() const;

  // The fault that Run met, in an entry that stands under the head.
  const std::optional<ReplayFault>& fault() const { return fault_; }
  // What convicts the log of it.
  absl::StatusOr<Evidence> MakeEvidence() const;

 private:
  struct Change {
    Hash value;
    uint64_t position;
    bool add;
  };
  using Fault = std::optional<ReplayFault>;

  // The first fault among the entries from `position` on, by what a single entry and
  // those before it show; sets are for CheckWindow.
  absl::StatusOr<Fault> Scan(std::span<const Bytes> entries, uint64_t position);
  absl::StatusOr<Fault> ScanOther(Bytes bytes, uint64_t position);
  absl::StatusOr<Fault> ScanTag(const TagEntry& tag, uint64_t position);
  Fault ScanManifest(Bytes json) const;
  Fault ScanIndex(const IndexEntry& entry, uint64_t position);
  // All that was scanned stands under the head.
  absl::Status CheckPrefix() const;
  // Leads the set over all index entries that were scanned; the first that is wrong.
  absl::StatusOr<Fault> CheckWindow();
  absl::StatusOr<Evidence> WrongIndexEvidence() const;

  const Connection* connection_;
  const VerifiedHead* head_;
  const FindVersion find_version_;
  const uint64_t window_changes_;
  const TreeClient tree_;

  // Checked: entries below checked_ by themselves, sets up to base_.
  uint64_t checked_;
  PlacedIndex base_;
  std::map<std::string, PlacedTag> tags_;
  std::set<uint64_t> known_m_;  // of the index entries that this run met

  // Scanned since base_.
  Peaks peaks_;
  absl::Status restored_;
  std::deque<Change> changes_;
  std::vector<PlacedIndex> indexes_;

  Fault fault_;
  std::string fault_entry_;
  // Of a wrong set: the versions before, and the proof that leads from the first.
  struct WrongSet {
    PlacedIndex from;
    std::string proof;
    PlacedIndex previous;
    uint64_t touched = 0;  // since `previous`
  };
  std::optional<WrongSet> wrong_set_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_STATELESS_AUDIT_H_
