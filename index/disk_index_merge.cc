// Merging recent rows into runs, one partition at a time, on a thread of its own.
#include <algorithm>
#include <limits>

#include "index/disk_index.h"
#include "index/run_merge.h"
#include "index/top_file.h"

namespace setlog {
namespace {

// One merge writes about 47 bytes for each of a partition's rows. With a tenth of all
// rows in memory on average that is 240 bytes for each new row.
constexpr uint64_t kRowsPerRecentRow = 10;
// While so many changes wait, rows stay in memory as long as there is room.
constexpr uint64_t kLongBacklog = uint64_t{1} << 20;
constexpr std::chrono::seconds kRetryAfter(5);

}  // namespace

uint64_t DiskIndex::MergeLimit() const {
  if (partition_bits() == 0) return std::numeric_limits<uint64_t>::max();
  if (backlog_ >= kLongBacklog) return options_.max_recent_rows;
  return std::clamp(rows_ / kRowsPerRecentRow,
                    std::min(options_.small_rows, options_.max_recent_rows),
                    options_.max_recent_rows);
}

absl::Status DiskIndex::StartMerge() {
  const auto most = std::max_element(partitions_.begin(), partitions_.end(),
                                     [](const Partition& a, const Partition& b) {
                                       return a.active->size() < b.active->size();
                                     });
  Partition& partition = *most;
  const unsigned p = static_cast<unsigned>(most - partitions_.begin());
  if (absl::Status s = OpenJournals(); !s.ok()) return s;
  const uint64_t seq = ++max_seq_;
  absl::StatusOr<JournalWriter> journal =
      JournalWriter::Create(directory_.JournalPath(p, seq), identity_, p);
  if (!journal.ok()) return journal.status();
  partition.journal.emplace(*std::move(journal));
  partition.journal_seq = seq;

  auto merge = std::make_unique<Merge>();
  merge->partition = p;
  merge->seq = seq;
  merge->frame = {.depth = depth(), .m = m_, .n = partition.n};
  const std::span<Hash> hashes =
      top_->BucketsBelow((size_t{1} << partition_bits()) + p);
  merge->hashes.assign(hashes.begin(), hashes.end());
  merge->manifest = Manifest();
  merge->manifest.partitions[p] = {.run = seq, .top = seq, .journal = seq};
  merge->before = std::move(merged_);
  auto fresh = std::make_unique<RecentRows>(partition_bits(), partition.active->size());
  {
    const auto lock = mutex_.LockUnique();
    partition.frozen = std::move(partition.active);
    partition.active = std::move(fresh);
  }
  merge_ = std::move(merge);
  LaunchMerge();
  return absl::OkStatus();
}

void DiskIndex::LaunchMerge() {
  merge_->done = false;
  merge_->status = absl::OkStatus();
  merge_thread_ = std::thread([this, merge = merge_.get()] {
    RunMerge(merge);
    merge->done = true;
  });
}

void DiskIndex::RunMerge(Merge* merge) const {
  merge->before.reset();
  const unsigned p = merge->partition;
  if (!merge->run) {
    const std::string run_path = directory_.RunPath(p, merge->seq);
    const std::string top_path = directory_.TopPath(p, merge->seq);
    merge->status = WriteMergedRun(run_path, identity_, p, merge->frame.m,
                                   partitions_[p].run.get(), *partitions_[p].frozen);
    if (merge->status.ok()) {
      merge->status = WriteTopFile(top_path, identity_, p, merge->frame, merge->hashes);
    }
    if (merge->status.ok()) {
      absl::StatusOr<std::unique_ptr<RunFile>> run =
          RunFile::Open(run_path, identity_, p);
      merge->status = run.status();
      if (run.ok()) merge->run = *std::move(run);
    }
    if (!merge->status.ok()) {
      // They are written anew, under the same names, the next time.
      directory_.Remove(run_path).IgnoreError();
      directory_.Remove(top_path).IgnoreError();
      return;
    }
  }
  merge->status = WriteIndexManifest(directory_.ManifestPath(), merge->manifest);
  if (merge->status.ok()) RemoveReplaced(*merge);
}

void DiskIndex::RemoveReplaced(const Merge& merge) const {
  // Only this partition's: others, and files that are being replaced, are not ours. The
  // old run's readers have it mapped. What stays behind goes when the index is opened.
  const absl::StatusOr<IndexFiles> files = directory_.List();
  if (!files.ok()) return;
  const auto replaced = [&merge](const SequencedFile& file) {
    return file.partition == merge.partition && file.seq < merge.seq;
  };
  for (const SequencedFile& run : files->runs) {
    if (!replaced(run)) continue;
    directory_.Remove(directory_.RunPath(run.partition, run.seq)).IgnoreError();
  }
  for (const SequencedFile& top : files->tops) {
    if (!replaced(top)) continue;
    directory_.Remove(directory_.TopPath(top.partition, top.seq)).IgnoreError();
  }
  for (const SequencedFile& journal : files->journals) {
    if (!replaced(journal)) continue;
    directory_.Remove(directory_.JournalPath(journal.partition, journal.seq))
        .IgnoreError();
  }
}

absl::Status DiskIndex::AdoptMerge(bool wait) {
  if (!merge_ || !merge_thread_.joinable()) return absl::OkStatus();
  if (!wait && !merge_->done) return absl::OkStatus();
  merge_thread_.join();
  if (!merge_->status.ok()) {
    merge_->not_before = std::chrono::steady_clock::now() + kRetryAfter;
    return wait || absl::IsDataLoss(merge_->status) ? merge_->status : absl::OkStatus();
  }
  Partition& partition = partitions_[merge_->partition];
  {
    const auto lock = mutex_.LockUnique();
    merge_->old_run = std::move(partition.run);
    merge_->old_rows = std::move(partition.frozen);
    partition.run = std::move(merge_->run);
    partition.files = merge_->manifest.partitions[merge_->partition];
  }
  merge_->hashes = {};
  merged_ = std::move(merge_);
  ++merges_;
  return absl::OkStatus();
}

void DiskIndex::MergeIfDue() {
  if (merge_ && !merge_thread_.joinable()) {
    if (std::chrono::steady_clock::now() >= merge_->not_before) LaunchMerge();
  } else if (!merge_ && RecentCount() > MergeLimit()) {
    // Without room on the disk the rows stay where they are; MakeRoom says so in time.
    StartMerge().IgnoreError();
  }
}

absl::Status DiskIndex::MakeRoom() {
  const uint64_t bound = options_.max_recent_rows + options_.max_recent_rows / 4;
  while (partition_bits() > 0 && RecentCount() > bound) {
    if (!merge_) {
      if (absl::Status s = StartMerge(); !s.ok()) return s;
    } else if (!merge_thread_.joinable()) {
      LaunchMerge();
    }
    if (absl::Status s = AdoptMerge(/*wait=*/true); !s.ok()) return s;
    MergeIfDue();
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> DiskIndex::Tend() {
  backlog_ = 0;
  if (absl::Status s = AdoptMerge(/*wait=*/false); !s.ok()) return s;
  MergeIfDue();
  // What the last merge replaced is still in memory, and on the disk without a name.
  if (!merge_) merged_.reset();
  return merge_ != nullptr;
}

absl::Status DiskIndex::FinishMerges() {
  while (true) {
    MergeIfDue();
    if (!merge_) return absl::OkStatus();
    if (!merge_thread_.joinable()) LaunchMerge();
    if (absl::Status s = AdoptMerge(/*wait=*/true); !s.ok()) return s;
  }
}

}  // namespace setlog
