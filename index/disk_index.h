// index/disk_index.h -- the set at every size of a log, on disk: see docs/design.md.
//
//   DiskIndex index(options);
//   absl::Status opened = index.Open();             // not OK: index.Clear(), then fill
//   auto batch = index.Prepare(changes, m, backlog);           // readers go on
//   absl::Status published = index.Publish(*std::move(batch));  // and still do
//   auto answer = index.Lookup(entry, key);
//
// Rows are events (event_row.h), in one immutable run for each partition of the keys,
// and in memory since the run was made: `active` rows, and `frozen` ones while they are
// merged into a new run in the background. The tree's upper levels are in memory
// (log/dense_top.h); a bucket's rows are hashed when they are read. What memory holds
// is written to journals before it is published.
//
// Threads: one caller, the writer, of everything that is not const; readers at the same
// time. Everything here is derived from the log; DataLoss means: Clear and fill anew.
#ifndef SETLOG_INDEX_DISK_INDEX_H_
#define SETLOG_INDEX_DISK_INDEX_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/commit_journal.h"
#include "index/file_tag.h"
#include "index/index_directory.h"
#include "index/index_manifest.h"
#include "index/journal.h"
#include "index/partition_update.h"
#include "index/recent_rows.h"
#include "index/run_file.h"
#include "index/sorted_changes.h"
#include "index/top_file.h"
#include "log/dense_top.h"
#include "log/entry.h"
#include "log/set_answer.h"
#include "port/parallel.h"
#include "port/turnstile_mutex.h"

namespace setlog {

class DiskIndex {
 public:
  struct Options {
    std::string directory;
    StoreId store{};
    LogNumber log = 0;
    // Rows in memory, about 80 bytes each, before merges begin; a quarter more, and a
    // batch, is what there will ever be.
    uint64_t max_recent_rows = 10'000'000;
    // Up to so many rows there is one partition and no run.
    uint64_t small_rows = uint64_t{1} << 17;
    // Members in a bucket, at least, when the top is made.
    uint64_t bucket_keys = 4;
    unsigned max_depth = 25;
    // What replaced nodes may take, besides those of the last batch.
    uint64_t undo_bytes = uint64_t{64} << 20;
    ParallelFor parallel = InOrder;
    // May be shared between indexes; null: each batch has its own.
    RowRoom* room = nullptr;
  };

  // A prepared update. Holds the set that it leads to before anything is changed.
  class Batch;

  struct Found {
    SetAnswer answer;
    // What happened to the key before m, oldest first.
    std::vector<SetEvent> events;
  };
  struct FoundMany {
    SetBatchAnswer answer;
    std::vector<Hash> removed;  // of the keys: absent now, members once
  };

  explicit DiskIndex(Options options);
  // Waits for the merge that is running.
  ~DiskIndex();

  // --- For the writer.
  // The set as the last published batch left it, or an empty one if there are no files.
  // DataLoss or another error: nothing was opened.
  absl::Status Open();
  // The empty set; removes all files. Readers that come get an answer about it.
  absl::Status Clear();
  // The set after `changes`, positions in [m(), m). `backlog`: how many more changes
  // will follow at once, about. OutOfRange beyond kMaxPositions, DataLoss; any other
  // error: try again.
  absl::StatusOr<Batch> Prepare(std::span<const SetChange> changes, uint64_t m,
                                uint64_t backlog);
  // After an error other than DataLoss nothing has changed, and Prepare can try again.
  absl::Status Publish(Batch batch);
  // The set before the last batch, as far as it is known.
  std::optional<IndexEntry> previous() const { return previous_; }
  // For a writer that has nothing else to do: takes in the merge that has ended, and
  // starts the next if one is due. True: ask again in a moment. DataLoss.
  absl::StatusOr<bool> Tend();
  // Waits until no merge runs or is due.
  absl::Status FinishMerges();
  const Options& options() const { return options_; }

  // --- For everybody.
  // The m that the index has reached.
  uint64_t m() const;
  // The set, as an index entry would say it.
  IndexEntry current() const;
  // Whether the set at m is answered from memory: the newest and a few before it.
  bool IsRecent(uint64_t m) const;
  // Under the set of `at`, which must be recent (NotFound) or be that of `version`, a
  // view of another top for it. DataLoss if what the rows say contradicts `at`.
  absl::StatusOr<Found> Lookup(const IndexEntry& at, const Hash& key,
                               const TopView* version = nullptr) const;
  // `keys` sorted, distinct.
  absl::StatusOr<FoundMany> BatchLookup(const IndexEntry& at,
                                        std::span<const Hash> keys,
                                        const TopView* version = nullptr) const;
  // Whether a top that TopAt made once is still deep enough: else the buckets below it
  // have grown with the set, and each answer would read a good part of it.
  bool IsDeepEnough(unsigned version_depth) const;
  // The top at any m <= current().m, some levels less deep, by a pass over all rows in
  // short turns. Aborted if Clear came in between.
  absl::StatusOr<DenseTop> TopAt(const IndexEntry& at) const;

  uint64_t rows() const;
  uint64_t memory_bytes() const;
  // Rewritten buckets since the start: what an update costs, for tests and metrics.
  uint64_t buckets_written() const { return buckets_written_; }
  uint64_t merges() const { return merges_; }

 private:
  struct Partition {
    std::unique_ptr<RunFile> run;        // nullptr: none yet
    std::unique_ptr<RecentRows> frozen;  // nullptr but while a merge is due
    std::unique_ptr<RecentRows> active;  // never nullptr
    PartitionFiles files;
    std::optional<JournalWriter> journal;  // opened by the first Publish
    uint64_t journal_seq = 0;              // its number, 0: none yet
    uint64_t journal_bytes = 0;            // that are good, while it is not open
    uint64_t n = 0;                        // members
  };
  // One partition of a merge.
  struct MergePart {
    unsigned partition = 0;
    uint64_t seq = 0;
    TopFrame frame;
    std::vector<Hash> hashes;
    std::unique_ptr<RunFile> run;
    std::unique_ptr<RunFile> old_run;
    std::unique_ptr<RecentRows> old_rows;
  };
  // A merge of a few partitions. Made by the writer, run by the thread, taken back by
  // the writer once `done`.
  struct Merge {
    std::vector<MergePart> parts;
    IndexManifest manifest;  // with the new files
    bool written = false;    // the new files, but for the manifest
    // The merge before, with what it made superfluous: freeing that takes a while.
    std::unique_ptr<Merge> before;
    absl::Status status;
    std::chrono::steady_clock::time_point not_before;  // of another try
    std::atomic<bool> done = false;
  };

  unsigned partition_bits() const { return identity_.partition_bits; }
  unsigned depth() const { return top_->depth(); }
  IndexManifest Manifest() const;
  IndexEntry State() const;
  uint64_t RecentCount() const;

  // Forgets the state, not the files.
  void Forget();

  // disk_index_reshape.cc
  unsigned WantedDepth(uint64_t members, unsigned partition_bits) const;
  absl::Status Fit(uint64_t added, uint64_t backlog);
  absl::Status Reshape(unsigned depth, uint8_t partition_bits);
  // Writes what a new shape needs on the disk, and says so in `manifest`.
  absl::Status WriteShape(DenseTop* top, std::vector<Partition>& partitions,
                          IndexManifest* manifest);
  absl::Status StartFiles();
  // Those that count with `manifest`.
  absl::Status SyncJournals(const IndexManifest& manifest) const;

  // disk_index_merge.cc
  uint64_t MergeLimit() const;
  absl::Status StartMerge();
  void LaunchMerge();
  // On the merge's thread.
  void RunMerge(Merge* merge) const;
  absl::Status WriteMerged(Merge* merge) const;
  void RemoveReplaced(const Merge& merge) const;
  // Takes in the result if there is one; waits for it if `wait`. DataLoss; with `wait`
  // also why the merge failed, which will be tried again.
  absl::Status AdoptMerge(bool wait);
  void MergeIfDue();
  // Keeps the rows in memory below the bound: waits for merges.
  absl::Status MakeRoom();

  // disk_index_open.cc
  struct Opened;
  void TakeIn(Opened opened);
  absl::Status Read(const IndexFiles& files, Opened* opened) const;
  absl::Status ReadPartition(const IndexFiles& files, unsigned partition,
                             Opened* opened) const;

  // disk_index_publish.cc
  absl::Status WriteJournals(const Batch& batch);
  absl::Status OpenJournals();
  void Apply(Batch batch);
  void InsertRows(const Batch& batch);

  // disk_index_lookup.cc; the lock is held.
  std::optional<TopView> RecentView(uint64_t m) const;
  // Calls visit(key, word) for each row at or after prefix `first` up to `last` whose
  // position is below m.
  template <typename Visit>
  absl::Status VisitRows(uint64_t first, uint64_t last, uint64_t m, Visit visit) const;
  // The members at m whose keys begin with one of these prefixes. Takes the lock;
  // Aborted if the rows are no longer those of `generation`.
  absl::StatusOr<LiveBucket> LiveIn(uint64_t first, uint64_t last, uint64_t m,
                                    uint64_t generation) const;
  absl::StatusOr<TopView> ViewOf(const IndexEntry& at, const TopView* version) const;

  Options options_;
  IndexDirectory directory_;
  IndexIdentity identity_;

  // Readers hold it while they read; the writer changes what they read only under it,
  // but for nodes that a TopUndo stands in for. The writer itself reads without it.
  mutable TurnstileMutex mutex_;
  std::unique_ptr<DenseTop> top_;
  std::vector<Partition> partitions_;
  std::deque<TopUndo> undo_;  // oldest first
  uint64_t undo_bytes_ = 0;   // of all of them
  uint64_t m_ = 0;
  uint64_t n_ = 0;
  uint64_t rows_ = 0;
  uint64_t generation_ = 0;  // counts Clear and Open

  // The writer's alone.
  bool has_files_ = false;
  uint64_t backlog_ = 0;
  uint64_t max_seq_ = 0;
  std::optional<CommitJournal> commits_;
  std::vector<IndexCommit> last_commits_;  // two at the most
  std::optional<IndexEntry> previous_;
  std::unique_ptr<Merge> merge_;  // that runs or has failed
  std::unique_ptr<Merge> merged_;
  std::thread merge_thread_;
  std::atomic<uint64_t> buckets_written_ = 0;
  std::atomic<uint64_t> merges_ = 0;
};

class DiskIndex::Batch {
 public:
  const IndexEntry& entry() const { return entry_; }

 private:
  friend class DiskIndex;
  uint64_t m0_ = 0;
  IndexEntry entry_;
  std::vector<PartitionUpdate> parts_;       // one for each partition
  std::vector<std::vector<TopNode>> upper_;  // by level, above the partitions
};

}  // namespace setlog

#endif  // SETLOG_INDEX_DISK_INDEX_H_
