// server/log_index.h -- the set of one log, for answering lookups.
//
// The in-memory engine behind the service: SetIndex (log/set_index.h) under a
// reader-writer lock, with snapshots of its pages in the store's derived rows. A clean
// restart reads the bucket hashes and then only the pages that are asked for; without a
// usable snapshot, or with a damaged page, the index is rebuilt from the log. An engine
// that keeps its rows on disk can take this class's place: nothing outside of it knows
// more than what is declared here. Thread-safe, with one caller of the Prepare, Publish
// and Save functions: the indexer.
#ifndef SETLOG_SERVER_LOG_INDEX_H_
#define SETLOG_SERVER_LOG_INDEX_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "log/set_index.h"
#include "log/set_proof.h"
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
  LogIndex(Store* store, const TreeReader* reader, const LogState* log);

  // The newest usable snapshot, or an empty index, is where Prepare goes on from.
  void Load();
  // For checking a store: the snapshot and all of its pages. NotFound if there is no
  // snapshot, DataLoss if it does not lead to a set root of the log.
  absl::Status LoadWhole();
  // The m that the index has reached.
  uint64_t m() const;
  // The set that it holds, as an index entry would say it.
  IndexEntry Current() const;

  // --- For the indexer.
  // The set after `changes`, which lead from m() to `m`. Readers go on meanwhile.
  absl::StatusOr<SetIndex::Batch> Prepare(std::vector<SetChange> changes, uint64_t m);
  void Publish(SetIndex::Batch batch);
  // Forgets everything, to be rebuilt from the log: after DataLoss.
  void Reset();
  // Whether a reader met damage, so that Reset is due; `wake` is called when one does.
  bool damaged() const { return damaged_; }
  void WakeOnDamage(std::function<void()> wake) { wake_ = std::move(wake); }
  // Writes what has changed since the last snapshot. O(changed pages).
  absl::Status SaveSnapshot();
  // Entries indexed since the last snapshot.
  uint64_t unsaved() const;

  // Whether questions about the version at m (0 = the newest) are answered without a
  // pass over all rows. Others that ask for the same m meanwhile wait for one pass.
  bool Ready(uint64_t m) const;
  // --- For readers. `index` is the index entry to answer under; Unavailable while the
  // index has not reached its m.
  absl::StatusOr<IndexAnswer> Lookup(const Hash& record, const PlacedIndex& index);
  absl::StatusOr<IndexBatchAnswer> BatchLookup(const std::vector<Hash>& records,
                                               const PlacedIndex& index);

  // About what the index holds in memory. O(pages).
  uint64_t memory_bytes() const;
  // Buckets rewritten since the start (SetIndex::buckets_written).
  uint64_t buckets_written() const;

 private:
  // A version that is not among the newest few, made by one pass over all rows.
  using OldTop = std::shared_ptr<const SetTop>;

  // The only ways to lock mutex_. Never while it is held: a reader that comes again
  // would wait for the writer that waits for it.
  std::shared_lock<std::shared_mutex> LockShared() const;
  std::unique_lock<std::shared_mutex> LockUnique();

  // Installs pages of the index as it was at `generation`; if it has been replaced
  // since, does nothing.
  absl::Status LoadPages(const std::vector<size_t>& pages, uint64_t generation);
  absl::Status LoadAllPages();
  absl::StatusOr<OldTop> OldTopFor(const PlacedIndex& index, unsigned max_depth);
  absl::StatusOr<OldTop> MakeOldTop(const PlacedIndex& index);
  absl::Status LoadSnapshot();
  absl::Status Damaged(absl::Status status);
  // Calls read(view) with the pages that `keys` need, under the shared lock.
  template <typename Read>
  auto ReadAt(const std::vector<Hash>& keys, const PlacedIndex& index, Read read)
      -> decltype(read(std::declval<const SetView&>()));

  Store* const store_;
  const TreeReader* const reader_;
  const LogState* const log_;
  mutable std::shared_mutex mutex_;  // of index_
  // std::shared_mutex lets new readers overtake a waiting writer, so readers that take
  // turns would keep it waiting for ever. It waits in here, and they queue up behind
  // it.
  mutable std::mutex turnstile_;
  SetIndex index_;
  uint64_t generation_ = 0;  // of index_'s pages: grows when they are numbered anew
  std::vector<bool> dirty_pages_;  // since the last snapshot; the indexer's
  uint64_t saved_m_ = 0;           // the indexer's
  std::atomic<bool> damaged_ = false;
  std::function<void()> wake_ = [] {};  // set before there are readers

  mutable Mutex old_mutex_;
  std::condition_variable old_made_;
  std::set<uint64_t> old_making_ ABSL_GUARDED_BY(old_mutex_);  // each m once at a time
  std::list<std::pair<uint64_t, OldTop>> old_tops_ ABSL_GUARDED_BY(old_mutex_);
};

}  // namespace setlog

#endif  // SETLOG_SERVER_LOG_INDEX_H_
