#include "index/index_check.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "index/commit_journal.h"
#include "index/index_manifest.h"
#include "index/journal.h"
#include "index/recent_rows.h"
#include "index/row_merge.h"
#include "index/run_file.h"
#include "index/top_file.h"
#include "log/bucket_hasher.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

// Where rows are hashed and no file says at which depth: few, since there is no run.
constexpr unsigned kDepthOfOne = 12;

// What one partition comes to.
struct PartitionCheck {
  absl::Status status;
  uint64_t n = 0;
  uint64_t rows = 0;
  Hash hash;  // of the tree below it
};

class PartitionChecker {
 public:
  PartitionChecker(const IndexDirectory& directory, const IndexFiles& files,
                   const IndexManifest& manifest, uint64_t m, unsigned partition)
      : directory_(directory),
        files_(files),
        identity_(manifest.identity),
        named_(manifest.partitions[partition]),
        partition_(partition),
        depth_(manifest.depth),
        m_(m),
        recent_(manifest.identity.partition_bits) {}

  PartitionCheck Run() {
    result_.status = ReadRun();
    if (result_.status.ok()) result_.status = ReadTop();
    if (result_.status.ok()) result_.status = ReadJournals();
    if (result_.status.ok()) result_.status = HashRows();
    return std::move(result_);
  }

 private:
  size_t BucketCount() const {
    return size_t{1} << (depth_ - identity_.partition_bits);
  }
  absl::Status Contradicts(std::string_view what) const {
    return DamagedFile(directory_.path(),
                       absl::StrFormat("%s of partition %d", what, partition_));
  }

  // A file that the manifest names must be there.
  static absl::Status Named(const absl::Status& status) {
    return absl::IsNotFound(status) ? absl::DataLossError(status.message()) : status;
  }

  absl::Status ReadRun() {
    if (named_.run == 0) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<RunFile>> run = RunFile::Open(
        directory_.RunPath(partition_, named_.run), identity_, partition_);
    if (!run.ok()) return Named(run.status());
    run_ = *std::move(run);
    if (run_->m() > m_) return Contradicts("the m of the run");
    return run_->CheckAll();
  }

  absl::Status ReadTop() {
    if (named_.top == 0) {
      // The hashes of a single partition are computed from its rows, every time.
      if (identity_.partition_bits > 0) return Contradicts("the missing top");
      depth_ = std::min(depth_, kDepthOfOne);
      return absl::OkStatus();
    }
    absl::StatusOr<TopFile> top = TopFile::Open(
        directory_.TopPath(partition_, named_.top), identity_, partition_);
    if (!top.ok()) return Named(top.status());
    if (top->frame().depth != depth_) return Contradicts("the depth of the top");
    top_m_ = top->frame().m;
    if (top_m_ > m_ || (run_ && run_->m() > top_m_)) {
      return Contradicts("the m of the top");
    }
    expected_.assign(top->hashes().begin(), top->hashes().end());
    return absl::OkStatus();
  }

  absl::Status ReadJournals() {
    for (const SequencedFile& file : files_.journals) {
      if (file.partition != partition_ || file.seq < named_.journal) continue;
      const absl::StatusOr<JournalEnd> end = ReadJournal(
          directory_.JournalPath(partition_, file.seq), identity_, partition_,
          [&](const JournalRecord& record) { return Replay(record); });
      // A batch without a commit: it and all that follows will be cut off.
      if (!end.ok() && !absl::IsCancelled(end.status())) return end.status();
    }
    return absl::OkStatus();
  }

  absl::Status Replay(const JournalRecord& record) {
    const auto& [m0, m1, depth] = record.frame;
    if (m1 > m_) return absl::CancelledError();
    if (m0 < journal_m_) return Contradicts("the order of the journals");
    journal_m_ = m1;
    const uint64_t run_m = run_ ? run_->m() : 0;
    if (m0 < run_m && m1 > run_m) return Contradicts("the m of the run");
    if (m1 > run_m) {
      std::vector<EventRow> rows;
      rows.reserve(record.rows.size());
      for (const PackedRow& row : record.rows) rows.push_back(row.row());
      recent_.Insert(rows);
    }
    if (m1 <= top_m_ || expected_.empty()) return absl::OkStatus();
    if (depth != depth_) return Contradicts("the depth of a journal");
    for (const PackedBucketHash& hash : record.hashes) {
      expected_[hash.bucket()] = hash.hash;
    }
    return absl::OkStatus();
  }

  absl::Status HashRows() {
    std::vector<Hash> hashes(BucketCount());
    BucketHasher hasher(
        [&](size_t bucket, const Hash& hash) { hashes[bucket] = hash; });
    const auto bucket_of = [&](const Hash& key) {
      return static_cast<size_t>(KeyPrefix(key, depth_)) & (BucketCount() - 1);
    };
    size_t bucket = 0;
    RowMerge rows(run_.get(), &recent_, nullptr, RunCursor::ReadAhead::kSequential);
    for (rows.SeekToFirst(); rows.valid();) {
      const Hash key = rows.key();
      bool live = false;
      uint64_t next_position = 0;
      for (; rows.valid() && rows.key() == key; rows.Next(), ++result_.rows) {
        const EventRow row = {key, rows.word()};
        if (row.add() == live || row.position() < next_position) {
          return Contradicts(absl::StrFormat("the events of key %s at %d", ToHex(key),
                                             row.position()));
        }
        live = row.add();
        next_position = row.position() + 1;
      }
      if (!live) continue;
      if (bucket_of(key) != bucket) {
        hasher.EndBucket(bucket);
        bucket = bucket_of(key);
      }
      hasher.AddKey(key);
      ++result_.n;
    }
    if (absl::Status read = rows.status(); !read.ok()) return read;
    hasher.EndBucket(bucket);
    hasher.Flush();
    if (!expected_.empty()) {
      const auto differs =
          std::mismatch(hashes.begin(), hashes.end(), expected_.begin());
      if (differs.first != hashes.end()) {
        return Contradicts(
            absl::StrFormat("the hash of bucket %d", differs.first - hashes.begin()));
      }
    }
    for (unsigned bit = depth_; bit-- > identity_.partition_bits;) {
      hashes = HashParents(bit, hashes);
    }
    result_.hash = hashes[0];
    return absl::OkStatus();
  }

  const IndexDirectory& directory_;
  const IndexFiles& files_;
  const IndexIdentity identity_;
  const PartitionFiles named_;
  const unsigned partition_;
  unsigned depth_;
  const uint64_t m_;
  std::unique_ptr<RunFile> run_;
  RecentRows recent_;
  std::vector<Hash> expected_;  // by bucket; empty if no file says
  uint64_t top_m_ = 0;
  uint64_t journal_m_ = 0;
  PartitionCheck result_;
};

}  // namespace

absl::StatusOr<IndexCheck> CheckIndexFiles(const IndexDirectory& directory,
                                           const StoreId& store, LogNumber log,
                                           const ParallelFor& parallel) {
  const absl::StatusOr<IndexFiles> files = directory.List();
  if (!files.ok()) return files.status();
  const absl::StatusOr<IndexManifest> manifest =
      ReadIndexManifest(directory.ManifestPath(), store, log);
  if (!manifest.ok()) return manifest.status();
  IndexCheck check;
  check.entry = {manifest->m, manifest->n, manifest->root};
  // Commits from before the manifest, or of partitions before a growth, are of no use
  // and do no harm.
  const absl::StatusOr<CommitsRead> commits =
      ReadCommits(directory.CommitsPath(), manifest->identity);
  if (commits.ok() && !commits->commits.empty() &&
      commits->commits.back().m1 >= manifest->m) {
    const IndexCommit& last = commits->commits.back();
    check.entry = {last.m1, last.n, last.root};
  }

  std::vector<PartitionCheck> parts(manifest->partitions.size());
  parallel(parts.size(), [&](size_t p) {
    parts[p] = PartitionChecker(directory, *files, *manifest, check.entry.m,
                                static_cast<unsigned>(p))
                   .Run();
  });
  std::vector<Hash> hashes;
  uint64_t n = 0;
  for (const PartitionCheck& part : parts) {
    if (!part.status.ok()) return part.status;
    hashes.push_back(part.hash);
    n += part.n;
    check.rows += part.rows;
  }
  for (unsigned bit = manifest->identity.partition_bits; bit-- > 0;) {
    hashes = HashParents(bit, hashes);
  }
  if (n != check.entry.n || SetRoot(n, hashes[0]) != check.entry.set_root) {
    return DamagedFile(
        directory.path(),
        absl::StrFormat("its rows at m = %d have another set root", check.entry.m));
  }
  for (uint64_t m : files->version_tops) {
    const auto version =
        VersionTopFile::Open(directory.VersionTopPath(m), manifest->identity, m);
    if (!version.ok()) return version.status();
    if (absl::Status good = (*version)->CheckAll(); !good.ok()) return good;
    check.versions.push_back((*version)->frame());
  }
  return check;
}

}  // namespace setlog
