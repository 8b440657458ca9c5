// server/sequencer.h -- the one writer: turns requests into group commits.
//
//   Sequencer sequencer(&store, &reader, options);
//   sequencer.Append(log, AppendValues{EntryType::kAdd, hashes}, done);
//
// All that waits when a commit begins goes into it, for all logs: positions are
// assigned, trees grown, one batch committed to the store, heads signed and published,
// and only then `done` is called. OK therefore means: durable and in a signed head.
// Thread-safe; `done` runs on the sequencer's thread, or at once if the request is
// refused, and must not block.
//
// After a failed write nothing is acknowledged any more: what is on the disk is then
// unknown, and only a restart, which compares database and anchor, can tell.
#ifndef SETLOG_SERVER_SEQUENCER_H_
#define SETLOG_SERVER_SEQUENCER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "log/entry.h"
#include "log/tile_tree.h"
#include "port/mutex.h"
#include "server/log_state.h"
#include "storage/store.h"

namespace setlog {

// Where the entries of one request stand, in a signed head of `size`.
struct Sequenced {
  uint64_t first = 0;
  uint64_t end = 0;
  uint64_t size = 0;
};

// What the store keeps for a session (Table::kSession), written in the commit that
// holds its records.
struct SessionRow {
  uint64_t count = 0;  // records of the session that are durable
  uint64_t first = 0;  // position of its first record
  uint64_t end = 0;    // one past its last one
};
std::string EncodeSessionRow(const SessionRow& row);
absl::StatusOr<SessionRow> DecodeSessionRow(std::string_view value);

// Adds or removes: `hashes` holds 32 bytes each.
struct AppendValues {
  EntryType type = EntryType::kAdd;
  std::string hashes;
  // If not empty: the session's row, and the count it must have before these records.
  std::string session_key;
  uint64_t session_count = 0;
};
// The first two entries of a new log.
struct AppendGenesis {};

class Sequencer {
 public:
  struct Options {
    // Requests that wait: beyond it Append answers ResourceExhausted.
    uint64_t max_queue_bytes = uint64_t{64} << 20;
    uint64_t max_commit_bytes = uint64_t{16} << 20;
  };
  using Done = absl::AnyInvocable<void(absl::StatusOr<Sequenced>)>;
  using Step = std::variant<AppendValues, AppendGenesis, IndexEntry, TagEntry>;

  // What it is given must outlive it.
  Sequencer(Store* store, const TreeReader* reader, Options options);
  // Sequences what is queued, then stops.
  ~Sequencer();

  // `log` must outlive the sequencer. A tag answers AlreadyExists if the name is used,
  // FailedPrecondition if no index entry has its m. A session whose count differs
  // answers Aborted.
  void Append(LogState* log, Step step, Done done);
  // The same for a caller that holds a lock which `done` takes: a refusal is returned,
  // and `done` is then neither called nor moved from.
  absl::Status TryAppend(LogState* log, Step step, Done& done);

  // Why nothing is acknowledged any more; OK while all is well.
  absl::Status health() const;
  uint64_t queued_bytes() const;

 private:
  struct Request {
    LogState* log;
    Step step;
    Done done;
    uint64_t bytes;
  };
  // The right edge of a log, as committed; `next` within one group commit.
  struct Edge {
    TileTree tree;
    std::string bundle;  // of the last, partial bundle
    PlacedIndex index;
    uint64_t changes_end = 0;
  };
  class Group;

  void Run();
  void CommitGroup(std::vector<Request> requests);
  absl::StatusOr<Edge*> EdgeOf(LogState* log);

  Store* const store_;
  const TreeReader* const reader_;
  const Options options_;
  std::map<LogState*, Edge> edges_;  // of the sequencer's thread

  mutable Mutex mutex_;
  std::condition_variable wake_;
  std::deque<Request> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_SEQUENCER_H_
