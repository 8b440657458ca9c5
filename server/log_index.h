// server/log_index.h -- the set of one log, for answering lookups.
//
// The engine (index/disk_index.h) between the log, which is the authority and rebuilds
// it when anything about it is wrong, and the readers, who ask for versions that index
// entries name. Versions that are not among the newest have a top of their own, made by
// one pass over all rows and kept in a file. Thread-safe, with one caller of the
// functions for the indexer.
#ifndef SETLOG_SERVER_LOG_INDEX_H_
#define SETLOG_SERVER_LOG_INDEX_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "index/disk_index.h"
#include "index/version_top_file.h"
#include "log/set_answer.h"
#include "log/set_proof.h"
#include "port/mutex.h"
#include "port/parallel.h"
#include "server/log_state.h"
#include "server/tree_reader.h"
#include "storage/store.h"

namespace setlog {

// A record's answer in one version of the set.
struct IndexAnswer {
  bool present = false;
  LookupProof proof;
  // Of the record before m, oldest first; empty if it never was a member.
  std::vector<SetEvent> events;
};

struct IndexBatchAnswer {
  std::string proof;
  std::vector<uint32_t> removed;  // absent queries that were members once
};

class LogIndex {
 public:
  struct Options {
    std::string directory;
    uint64_t max_recent_rows = DiskIndex::Options().max_recent_rows;
    ParallelFor parallel = InOrder;
    RowRoom* room = nullptr;  // as DiskIndex's
  };

  LogIndex(Store* store, const TreeReader* reader, const LogState* log,
           Options options);

  // --- For the indexer.
  // What the files hold, if the log agrees, or an empty index is where Prepare goes on
  // from. An error may pass: nothing was loaded, or removed.
  absl::Status Load();
  // The set that it holds, as an index entry would say it.
  IndexEntry Current() const { return index_.current(); }
  // The set after `changes`, which lead from m() to `m`; `backlog` more entries wait.
  // Readers go on meanwhile. An error may pass; if it does not, damaged() is true.
  absl::StatusOr<DiskIndex::Batch> Prepare(std::span<const SetChange> changes,
                                           uint64_t m, uint64_t backlog);
  absl::Status Publish(DiskIndex::Batch batch);
  // To be called while there is nothing to prepare: merges go on in the background, one
  // after the other. Whether it is due again in a moment.
  bool Tend();
  // Forgets everything, to be rebuilt from the log: after DataLoss.
  void Reset();
  // Whether damage was met, so that Reset is due; `wake` is called when a reader does.
  bool damaged() const { return damaged_; }
  void WakeOnDamage(std::function<void()> wake) { wake_ = std::move(wake); }

  // --- For checking a data directory: reads all of the files and changes none.
  // NotFound if there are none, DataLoss if they do not lead to a set root of the log.
  absl::Status Check() const;

  // --- For readers.
  // The m that the index has reached.
  uint64_t m() const { return index_.m(); }
  // Whether questions about the version at m (0 = the newest) are answered without a
  // pass over all rows. Others that ask for the same m meanwhile wait for one pass.
  bool Ready(uint64_t m) const;
  // `index` is the index entry to answer under; Unavailable while the index has not
  // reached its m.
  absl::StatusOr<IndexAnswer> Lookup(const Hash& record, const PlacedIndex& index);
  absl::StatusOr<IndexBatchAnswer> BatchLookup(const std::vector<Hash>& records,
                                               const PlacedIndex& index);

  // About what the index holds in memory. O(partitions).
  uint64_t memory_bytes() const { return index_.memory_bytes(); }
  // Buckets rewritten since the start.
  uint64_t buckets_written() const { return index_.buckets_written(); }

 private:
  // A version that is not among the newest few: mapped, or in memory if it could not be
  // written.
  struct OldTop {
    uint64_t n = 0;
    std::unique_ptr<VersionTopFile> file;
    std::optional<DenseTop> memory;
    unsigned depth() const { return memory ? memory->depth() : file->frame().depth; }
    TopView view(uint64_t m) const;
  };
  using OldTopPtr = std::shared_ptr<const OldTop>;

  absl::StatusOr<OldTopPtr> OldTopFor(const IndexEntry& at);
  absl::StatusOr<OldTopPtr> MakeOldTop(const IndexEntry& at);
  void ForgetOldTop(uint64_t m);
  // DataLoss unless the log says nothing else about the set that was opened.
  absl::Status AgreesWithLog() const;
  absl::Status Damaged(absl::Status status);
  // read(top) with a top of its own for the version, if it needs one.
  template <typename Read>
  auto ReadAt(const IndexEntry& at, Read read) -> decltype(read(nullptr));

  Store* const store_;
  const TreeReader* const reader_;
  const LogState* const log_;
  const IndexDirectory directory_;
  const IndexIdentity identity_;
  DiskIndex index_;
  std::atomic<bool> damaged_ = false;
  std::function<void()> wake_ = [] {};  // set before there are readers

  mutable Mutex old_mutex_;
  std::condition_variable old_made_;
  std::set<uint64_t> old_making_ ABSL_GUARDED_BY(old_mutex_);  // each m once at a time
  // Most recently used first.
  std::list<std::pair<uint64_t, OldTopPtr>> old_tops_ ABSL_GUARDED_BY(old_mutex_);
};

}  // namespace setlog

#endif  // SETLOG_SERVER_LOG_INDEX_H_
