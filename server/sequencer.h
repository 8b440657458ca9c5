// server/sequencer.h -- the one writer: turns requests into group commits.
//
//   Sequencer sequencer(&store, &reader, options);
//   sequencer.Append(log, AppendValues{EntryType::kAdd, hashes}, done);
//
// All that waits when a commit begins goes into it, for all logs: positions are
// assigned, trees grown, one batch committed to the store, heads signed and published,
// and only then `done` is called. OK therefore means: durable and in a signed head.
// Thread-safe; `done` runs on a thread of the sequencer, one at a time and in the order
// of the requests, or at once if the request is refused, and must not block.
//
// Two threads take turns: while one writes commit n and waits for the disk, the other
// makes the rows of commit n + 1 and then waits for its turn. It does so only if enough
// is waiting to be worth a commit of its own; else what comes meanwhile gathers, and is
// taken as one group when n is done.
//
// After a failed write, or rows that do not hold what was computed, nothing is
// acknowledged any more: what is on the disk or in memory is then unknown, and only a
// restart, which compares database and anchor, can tell. A disk that is nearly full
// only pauses writes.
#ifndef SETLOG_SERVER_SEQUENCER_H_
#define SETLOG_SERVER_SEQUENCER_H_

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "port/mutex.h"
#include "server/commit_report.h"
#include "server/log_batch.h"
#include "server/log_state.h"
#include "storage/store.h"

namespace setlog {

class Sequencer {
 public:
  struct Options {
    // Requests that wait: beyond it Append answers ResourceExhausted.
    uint64_t max_queue_bytes = uint64_t{64} << 20;
    uint64_t max_commit_bytes = uint64_t{16} << 20;
    // So much has to wait before a commit is prepared while another is written.
    uint64_t ahead_bytes = uint64_t{1} << 20;
    // Callers who were answered and come back at once share the next commit with those
    // who waited: it is put off until as many wait, while they keep coming. That ends
    // when none came for half as long as the last commit took, or for `max_pause`; and
    // it takes no longer than `max_gathering`.
    std::chrono::microseconds max_pause{1000};
    std::chrono::microseconds max_gathering{5000};
    // Asked before each commit; an error refuses what would be in it, and no more.
    std::function<absl::Status()> may_write = [] { return absl::OkStatus(); };
    // On the sequencer's threads, one call at a time; each may be empty: after each
    // commit, and when a write has failed, so that nothing is acknowledged any more.
    std::function<void(const CommitReport&)> committed;
    std::function<void(const absl::Status&)> stopped;
  };
  using Done = absl::AnyInvocable<void(absl::StatusOr<Sequenced>)>;
  using Step = AppendStep;

  // What it is given must outlive it.
  Sequencer(Store* store, const TreeReader* reader, Options options);
  // Sequences what is queued, then stops.
  ~Sequencer();
  // From now on takes nothing more: Unavailable.
  void Close();

  // `log` must outlive the sequencer. Errors: those of LogBatch::Add, for this request
  // alone; ResourceExhausted if the queue is full or `may_write` says so; Unavailable
  // once writes have stopped.
  void Append(LogState* log, Step step, Done done);
  // The same for a caller that holds a lock which `done` takes: a refusal is returned,
  // and `done` is then neither called nor moved from.
  absl::Status TryAppend(LogState* log, Step step, Done& done);

  // Why nothing is acknowledged any more; OK while all is well.
  absl::Status health() const;
  uint64_t queued_bytes() const;
  uint64_t max_queue_bytes() const { return options_.max_queue_bytes; }

 private:
  struct Request {
    LogState* log;
    Step step;
    Done done;
    uint64_t bytes;
  };
  // A group commit on its way.
  struct Group {
    uint64_t turn = 0;  // they are written in this order
    std::vector<Request> requests;
    std::vector<absl::StatusOr<Sequenced>> results;  // one a request
    std::vector<PublishedHead> heads;                // without notes; one a log of...
    std::vector<LogState*> logs;                     // ...those that have grown
    GroupCommit commit;
    absl::Status prepared;  // why it must not be written
    CommitReport report;
  };

  void Run();
  // Whether there is something to do for a thread that has nothing to do.
  bool MayTake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Waits until MayTake; false if there is nothing and never will be.
  bool WaitForWork(MutexLock& lock) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Group Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Assigns positions and makes the rows. For one group at a time, in order.
  void Prepare(Group& group);
  // Writes, signs, publishes, answers. For one group at a time, in order.
  void Commit(Group& group);
  absl::Status WriteAndSign(Group& group);
  static bool IsCaller(const Request& request);
  void ExpectCallers(const Group& group);
  static void Count(Group& group);
  absl::StatusOr<LogEdge*> EdgeOf(LogState* log);

  Store* const store_;
  const TreeReader* const reader_;
  const Options options_;
  // As of the last prepared group. For whoever set preparing_.
  std::map<LogState*, LogEdge> edges_;

  mutable Mutex mutex_;
  std::condition_variable wake_;  // something to prepare
  std::condition_variable turn_;  // a group is done
  std::deque<Request> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool preparing_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;  // groups
  uint64_t ended_ ABSL_GUARDED_BY(mutex_) = 0;
  // So many callers are about to wait, of whom some do; put off until then, which an
  // arrival puts off by the pause, but not beyond the end.
  size_t expected_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t callers_ ABSL_GUARDED_BY(mutex_) = 0;  // in queue_
  std::chrono::steady_clock::duration pause_ ABSL_GUARDED_BY(mutex_){};
  std::chrono::steady_clock::time_point gather_until_ ABSL_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point gather_end_ ABSL_GUARDED_BY(mutex_);
  std::array<std::thread, 2> threads_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_SEQUENCER_H_
