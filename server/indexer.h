// server/indexer.h -- follows every log and commits its set into it.
//
// One thread, and those it shares its loops with. Whatever add and remove entries have
// come since the last m go into one batch, so batches grow with the backlog; the index
// entry goes through the sequencer like any other, and readers are answered under it
// once it is in a signed head. Meanwhile other logs are indexed; logs of which little
// waits are so side by side, because their batches have no work for two threads. No
// index entry is made where no add or remove stands at or after the last m, or the log
// would grow for ever. While there is nothing to index, merges go on.
#ifndef SETLOG_SERVER_INDEXER_H_
#define SETLOG_SERVER_INDEXER_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "port/mutex.h"
#include "port/parallel.h"
#include "server/log_index.h"
#include "server/log_state.h"
#include "server/sequencer.h"
#include "server/tree_reader.h"

namespace setlog {

class Indexer {
 public:
  struct Options {
    // Entries read for one batch at the most: what bounds a batch's memory, at about
    // 300 bytes an entry.
    uint64_t max_batch = uint64_t{1} << 20;
    // For the indexer alone; see port/parallel.h.
    ParallelFor parallel = InOrder;
    // Told of what happens to a log's index, on the indexer's threads: "loaded",
    // "rebuild" (it begins). May be empty; must not block.
    std::function<void(const LogState& log, std::string_view event)> observe;
  };

  Indexer(Sequencer* sequencer, const TreeReader* reader, Options options);
  // Stops after the batch at hand.
  ~Indexer();

  // From now on follows `log` with `index`, both of which must outlive the indexer.
  void Follow(LogState* log, LogIndex* index);

  // Why a log is not indexed any further although it has grown; OK while all is well.
  absl::Status health() const;

 private:
  struct Followed {
    LogIndex* index;
    // Entries below have been read; those from the index's m on hold no change.
    uint64_t scanned = 0;
    bool loaded = false;
    uint64_t rebuilt_for_m = 0;  // because it contradicted the log's entry for this m
    uint64_t watcher = 0;
    // Its newest index entry is with the sequencer; then, what became of it.
    bool sequencing = false;
    std::optional<absl::Status> sequenced;
  };
  using FollowedLog = std::pair<LogState*, Followed*>;

  void Run();
  bool stopping() const;
  // One Step of each. True if there may be more to do at once.
  bool StepAll(std::span<const FollowedLog> logs);
  bool IsSequencing(const Followed& followed) const;
  void Wake();
  void Observe(const LogState& log, std::string_view event) const;
  // What a Step would read.
  struct Range {
    uint64_t begin;
    uint64_t end;
    uint64_t limit;  // what waits
    bool catching_up;
  };
  Range NextRange(const PublishedHead& head, const Followed& followed) const;
  // Indexes what is there, one batch. True if there may be more to do at once.
  bool Step(LogState* log, Followed* followed, std::vector<SetChange>& room);
  // The changes in [begin, end), in order, in `room`.
  absl::StatusOr<std::span<const SetChange>> ReadChanges(
      const LogState& log, uint64_t begin, uint64_t end,
      std::vector<SetChange>& room) const;
  // Into `changes`, which has a place for each entry; how many there are.
  absl::StatusOr<size_t> ReadSomeChanges(const LogState& log, uint64_t begin,
                                         uint64_t end,
                                         std::span<SetChange> changes) const;
  void Sequence(LogState* log, Followed* followed, const IndexEntry& entry);
  // Takes in what became of it. False: nothing can be done just now.
  bool TakeSequenced(const LogState& log, Followed* followed);
  void Report(const LogState& log, const absl::Status& status);

  Sequencer* const sequencer_;
  const TreeReader* const reader_;
  const Options options_;
  // Of the last large batch. Kept: to clear fresh pages takes longer than to fill them.
  std::vector<SetChange> changes_;

  mutable Mutex mutex_;
  std::condition_variable wake_;
  // By origin; of those that fail.
  std::map<std::string, absl::Status> failing_ ABSL_GUARDED_BY(mutex_);
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;
  bool full_ ABSL_GUARDED_BY(mutex_) = false;  // the sequencer's queue: ask again soon
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<LogState*, Followed> followed_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_INDEXER_H_
