// What a process that went before left on the disk: clean, killed, or damaged.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "index/disk_index.h"
#include "index/top_file.h"
#include "log/bucket_hasher.h"
#include "port/huge_pages.h"

namespace setlog {
namespace {

// A journal's header, and of each record what is not a row or a hash (journal.h).
constexpr uint64_t kJournalHeaderBytes = 40;
constexpr uint64_t kRecordHeaderBytes = 37;

}  // namespace

// The state that is read, beside the one that readers see.
struct DiskIndex::Opened {
  IndexManifest manifest;
  std::vector<IndexCommit> last;  // two at the most
  std::optional<IndexEntry> previous;
  IndexEntry entry;  // the set that it must come to
  std::unique_ptr<DenseTop> top;
  std::vector<Partition> partitions;
};

absl::Status DiskIndex::Open() {
  absl::StatusOr<IndexFiles> files = directory_.List();
  if (absl::IsNotFound(files.status()) || (files.ok() && !files->manifest)) {
    return Clear();
  }
  if (!files.ok()) return files.status();
  Opened opened;
  if (absl::Status s = Read(*files, &opened); !s.ok()) return s;
  directory_.RemoveUnnamed(opened.manifest).IgnoreError();
  directory_.RemoveUnfinished().IgnoreError();
  max_seq_ = files->max_seq;
  TakeIn(std::move(opened));
  return absl::OkStatus();
}

void DiskIndex::TakeIn(Opened opened) {
  Forget();
  has_files_ = true;
  last_commits_ = std::move(opened.last);
  previous_ = opened.previous;
  const auto lock = mutex_.LockUnique();
  identity_ = opened.manifest.identity;
  top_ = std::move(opened.top);
  partitions_ = std::move(opened.partitions);
  m_ = opened.entry.m;
  n_ = opened.entry.n;
  for (const Partition& partition : partitions_) {
    rows_ += partition.active->size() + (partition.run ? partition.run->rows() : 0);
  }
}

absl::Status DiskIndex::Read(const IndexFiles& files, Opened* opened) const {
  absl::StatusOr<IndexManifest> manifest =
      ReadIndexManifest(directory_.ManifestPath(), options_.store, options_.log);
  if (!manifest.ok()) return manifest.status();
  const IndexIdentity& identity = manifest->identity;
  const unsigned bits = identity.partition_bits;
  if (manifest->depth > DenseTop::kMaxDepth || manifest->depth < bits ||
      (bits != 0 && bits != kMaxPartitionBits)) {
    return absl::DataLossError(absl::StrFormat("%s: depth %d of %d partitions",
                                               directory_.ManifestPath(),
                                               manifest->depth, 1 << bits));
  }
  opened->entry = {manifest->m, manifest->n, manifest->root};
  // The commits' file may be of before the manifest's partitions: then it is no newer.
  absl::StatusOr<CommitsRead> commits = ReadCommits(directory_.CommitsPath(), identity);
  if (commits.ok() && !commits->commits.empty()) {
    const std::vector<IndexCommit>& all = commits->commits;
    if (all.back().m1 >= manifest->m) {
      opened->last.assign(all.size() > 1 ? all.end() - 2 : all.end() - 1, all.end());
      opened->entry = {all.back().m1, all.back().n, all.back().root};
      if (all.size() > 1) {
        const IndexCommit& before = all[all.size() - 2];
        opened->previous = IndexEntry{before.m1, before.n, before.root};
      } else if (all.back().m0 == manifest->m) {
        opened->previous = IndexEntry{manifest->m, manifest->n, manifest->root};
      }
    }
  }
  opened->manifest = *std::move(manifest);
  opened->partitions.resize(size_t{1} << bits);
  opened->top = std::make_unique<DenseTop>(opened->manifest.depth);
  PreferHugePages(opened->top->nodes(), opened->top->size() * Hash::kSize);
  std::vector<absl::Status> failed(opened->partitions.size());
  options_.parallel(opened->partitions.size(), [&](size_t p) {
    failed[p] = ReadPartition(files, static_cast<unsigned>(p), opened);
    if (failed[p].ok() && bits > 0) {
      opened->top->HashBelow(opened->partitions.size() + p);
    }
  });
  for (const absl::Status& status : failed) {
    if (!status.ok()) return status;
  }
  uint64_t n = 0;
  for (const Partition& partition : opened->partitions) n += partition.n;
  if (bits == 0) {
    // Its hashes are nowhere but in its rows.
    auto top = std::make_unique<DenseTop>(WantedDepth(n, 0));
    std::span<Hash> buckets = top->BucketsBelow(1);
    BucketHasher hasher(
        [&](size_t bucket, const Hash& hash) { buckets[bucket] = hash; });
    const RecentRows& rows = *opened->partitions[0].active;
    RecentRows::Cursor cursor(rows);
    uint64_t bucket = 0;
    for (cursor.SeekToFirst(); cursor.valid();) {
      const Hash& key = cursor.key();
      bool live = false;
      for (; cursor.valid() && cursor.key() == key; cursor.Next()) {
        live = cursor.row().add();
      }
      if (!live) continue;
      if (KeyPrefix(key, top->depth()) != bucket) {
        hasher.EndBucket(bucket);
        bucket = KeyPrefix(key, top->depth());
      }
      hasher.AddKey(key);
    }
    hasher.EndBucket(bucket);
    hasher.Flush();
    top->HashBelow(1);
    opened->top = std::move(top);
  } else {
    opened->top->HashAbove(bits);
  }
  if (n != opened->entry.n ||
      SetRoot(n, opened->top->node(1)) != opened->entry.set_root) {
    return absl::DataLossError(
        absl::StrFormat("%s: the files at m = %d do not lead to their set root",
                        directory_.path(), opened->entry.m));
  }
  return absl::OkStatus();
}

absl::Status DiskIndex::ReadPartition(const IndexFiles& files, unsigned p,
                                      Opened* opened) const {
  const IndexIdentity& identity = opened->manifest.identity;
  const unsigned bits = identity.partition_bits;
  Partition& partition = opened->partitions[p];
  partition.files = opened->manifest.partitions[p];
  const uint64_t m = opened->entry.m;
  uint64_t run_m = 0;
  uint64_t top_m = 0;
  if (partition.files.run != 0) {
    absl::StatusOr<std::unique_ptr<RunFile>> run =
        RunFile::Open(directory_.RunPath(p, partition.files.run), identity, p);
    if (!run.ok()) return run.status();
    partition.run = *std::move(run);
    run_m = partition.run->m();
  }
  const unsigned depth = opened->manifest.depth;
  const std::span<Hash> buckets = opened->top->BucketsBelow((size_t{1} << bits) + p);
  if (partition.files.top != 0) {
    absl::StatusOr<TopFile> top =
        TopFile::Open(directory_.TopPath(p, partition.files.top), identity, p);
    if (!top.ok()) return top.status();
    if (top->frame().depth != depth || top->hashes().size() != buckets.size()) {
      return absl::DataLossError(absl::StrFormat(
          "%s: depth %d, but the manifest says %d",
          directory_.TopPath(p, partition.files.top), top->frame().depth, depth));
    }
    std::copy(top->hashes().begin(), top->hashes().end(), buckets.begin());
    top_m = top->frame().m;
    partition.n = top->frame().n;
  }
  if (run_m > m || top_m > m || run_m > top_m) {
    return absl::DataLossError(absl::StrFormat(
        "%s: partition %d has files of m = %d and %d, the journals end at %d",
        directory_.path(), p, run_m, top_m, m));
  }
  std::vector<EventRow> recent;
  for (const SequencedFile& file : files.journals) {
    if (file.partition != p || file.seq < partition.files.journal) continue;
    const std::string path = directory_.JournalPath(p, file.seq);
    uint64_t good = kJournalHeaderBytes;
    const auto visit = [&](const JournalRecord& record) -> absl::Status {
      // Of a batch that has no commit: what follows is to be cut off.
      if (record.frame.m1 > m) return absl::CancelledError();
      if (record.frame.m1 > top_m && record.frame.depth != depth && bits > 0) {
        return absl::DataLossError(absl::StrFormat("%s: hashes of depth %d, not %d",
                                                   path, record.frame.depth, depth));
      }
      if (record.frame.m1 > run_m) {
        if (record.frame.m0 < run_m) {
          return absl::DataLossError(
              absl::StrFormat("%s: a batch from m = %d on, its run has m = %d", path,
                              record.frame.m0, run_m));
        }
        for (const PackedRow& row : record.rows) recent.push_back(row.row());
      }
      if (record.frame.m1 > top_m) {
        for (const PackedRow& row : record.rows) {
          partition.n += row.row().add() ? uint64_t{1} : ~uint64_t{0};
        }
        for (const PackedBucketHash& hash : record.hashes) {
          buckets[hash.bucket()] = hash.hash;
        }
      }
      good +=
          kRecordHeaderBytes + record.rows.size_bytes() + record.hashes.size_bytes();
      return absl::OkStatus();
    };
    const absl::StatusOr<JournalEnd> end = ReadJournal(path, identity, p, visit);
    if (!end.ok() && !absl::IsCancelled(end.status())) return end.status();
    partition.journal_seq = file.seq;
    partition.journal_bytes = good;
  }
  if (partition.journal_seq == 0) {
    return absl::DataLossError(
        absl::StrFormat("%s: partition %d has no journal", directory_.path(), p));
  }
  partition.active = std::make_unique<RecentRows>(bits);
  partition.active->Fill(recent);
  return absl::OkStatus();
}

}  // namespace setlog
