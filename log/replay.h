// log/replay.h -- an auditor's view of a log: every entry, every promise recomputed.
//
//   Replay replay("example.org/digits");
//   for (bundle : log) if (auto fault = replay.Feed(bundle)) ...  // the operator lied
//   replay.Root() == checkpoint.root;                     // and the head is true
//   Replay later = *Replay::Resume(origin, saved_state);  // goes on where it stopped
//
// Feed checks what no proof can show to somebody who sees one record: that each entry
// is well formed and in a place where it may be, that m grows and names are used once,
// and that each index entry is the set of the entries before it. It stops at the first
// fault and takes nothing more: nothing is skipped. The set is then still that of the
// last good index entry, so that evidence can be made from it (log/extension.h).
// Memory: about 65 bytes a member of the set, 8 bytes an index entry, and 48 to 96 an
// add or remove that no index entry covers yet, 100 more while one is checked for it.
// Not thread-safe; no I/O.
#ifndef SETLOG_LOG_REPLAY_H_
#define SETLOG_LOG_REPLAY_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/change_queue.h"
#include "log/entry.h"
#include "log/manifest.h"
#include "log/parallel_for.h"
#include "log/set_index.h"
#include "log/tile_tree.h"

namespace setlog {

// What is wrong with the entry at `position`.
struct ReplayFault {
  enum class Rule {
    kForm,         // malformed by itself, or a manifest of another log
    kUnsupported,  // a manifest of a kind that this code does not know: no lie
    kIndexOrder,   // an index entry whose m does not grow
    kIndexSet,     // an index entry that is not the set of the entries before its m
    kTagIndex,     // a tag for an m without index entry
    kTagName,      // a tag name that is used again
  };
  uint64_t position = 0;
  Rule rule = Rule::kForm;
  std::string reason;
};

// All that a replay knows of [0, size): what has to be stored to go on later.
struct ReplayState {
  TileTree tree;
  std::string manifest;                   // entry 0's JSON, "" before it
  std::map<std::string, PlacedTag> tags;  // by name
  std::vector<uint64_t> index_sizes;      // every m, increasing
  std::optional<PlacedIndex> last_index;  // the one of index_sizes.back()
  SetIndex set;                           // as of last_index
  ChangeQueue pending;                    // that last_index does not cover
};

class Replay {
 public:
  explicit Replay(std::string origin) : origin_(std::move(origin)) {}
  // Goes on from `state`. DataLoss if its parts do not fit together; what only the log
  // can show, its root, is for the caller to compare.
  static absl::StatusOr<Replay> Resume(std::string origin, ReplayState state);

  // Has `parallel` share the work from now on: hashing, and the sets of index entries.
  void Use(ParallelFor parallel) { parallel_ = std::move(parallel); }

  // The next entries of the log. A fault is final.
  std::optional<ReplayFault> Feed(std::span<const Bytes> entries);
  // Whether Feed met a fault: then nothing leads on from this replay. If the entries
  // turn out not to be the log's, it is of no use any more.
  bool faulted() const { return fault_.has_value(); }

  uint64_t size() const { return state_.tree.size(); }
  // RFC 6962 root of everything fed.
  Hash Root() const { return state_.tree.Root(); }

  // Members and root of the set of everything fed, indexed or not. Copies the set.
  struct Set {
    uint64_t n;
    Hash root;
  };
  Set CurrentSet() const;

  const ReplayState& state() const { return state_; }
  const Manifest& manifest() const { return manifest_; }
  const std::map<std::string, PlacedTag>& tags() const { return state_.tags; }

 private:
  using Fault = std::optional<ReplayFault>;
  // The leaves of the entries, and of those that name a value its key.
  struct Hashes {
    std::vector<Hash> leaves;
    std::vector<Hash> keys;
  };
  void HashEntries(std::span<const Bytes> entries);
  Fault Check(Bytes bytes, uint64_t position);
  Fault CheckManifest(Bytes json);
  Fault CheckIndex(const IndexEntry& entry, uint64_t position);
  Fault CheckTag(const TagEntry& tag, uint64_t position);

  std::string origin_;
  Manifest manifest_;
  ReplayState state_;
  Fault fault_;
  Hashes hashes_;  // of the entries at hand; its memory is used again and again
  ParallelFor parallel_ = InOrder;
};

}  // namespace setlog

#endif  // SETLOG_LOG_REPLAY_H_
