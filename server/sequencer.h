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
// After a failed write, or rows that do not hold what was computed, nothing is
// acknowledged any more: what is on the disk or in memory is then unknown, and only a
// restart, which compares database and anchor, can tell. A disk that is nearly full
// only pauses writes.
#ifndef SETLOG_SERVER_SEQUENCER_H_
#define SETLOG_SERVER_SEQUENCER_H_

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
    // Asked before each commit; an error refuses what would be in it, and no more.
    std::function<absl::Status()> may_write = [] { return absl::OkStatus(); };
    // On the sequencer's thread, each may be empty: after each commit, and when a write
    // has failed, so that nothing is acknowledged any more.
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
  void Run();
  static void Count(const Request& request, const Sequenced& sequenced,
                    CommitReport* report);
  void CommitGroup(std::vector<Request> requests);
  // Writes and signs what the batches hold; publishes nothing.
  absl::Status Write(std::vector<LogBatch*> batches, std::vector<PublishedHead>* heads,
                     CommitReport* report);
  absl::StatusOr<LogEdge*> EdgeOf(LogState* log);

  Store* const store_;
  const TreeReader* const reader_;
  const Options options_;
  std::map<LogState*, LogEdge> edges_;  // as committed; of the sequencer's thread

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
