// Merging recent rows into runs, a few partitions at a time, on a thread of its own.
#include <algorithm>
#include <limits>
#include <numeric>

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
// Partitions merged at a time: what they replace stays on the disk until all are done.
constexpr size_t kMaxParts = 8;

}  // namespace

uint64_t DiskIndex::MergeLimit() const {
  if (partition_bits() == 0) return std::numeric_limits<uint64_t>::max();
  const uint64_t limit =
      backlog_ >= kLongBacklog
          ? options_.max_recent_rows
          : std::clamp(rows_ / kRowsPerRecentRow,
                       std::min(options_.small_rows, options_.max_recent_rows),
                       options_.max_recent_rows);
  // The more rows a merge takes the fewer bytes each costs: only at rest it is all of
  // them. MakeRoom's bound leaves as much again for the batches that come meanwhile.
  return backlog_ == 0 ? limit : limit + limit / 8;
}

absl::Status DiskIndex::StartMerge() {
  if (absl::Status s = OpenJournals(); !s.ok()) return s;
  // Those with most rows, as many as bring the rest below the limit.
  std::vector<unsigned> order(partitions_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [this](unsigned a, unsigned b) {
    return partitions_[a].active->size() > partitions_[b].active->size();
  });
  const uint64_t recent = RecentCount();
  const uint64_t limit = MergeLimit();
  uint64_t taken = 0;
  auto merge = std::make_unique<Merge>();
  merge->manifest = Manifest();
  for (const unsigned p : order) {
    const uint64_t rows = partitions_[p].active->size();
    const bool enough = taken >= recent - std::min(recent, limit);
    if (!merge->parts.empty() &&
        (enough || merge->parts.size() == kMaxParts || rows == 0)) {
      break;
    }
    const uint64_t seq = ++max_seq_;
    absl::StatusOr<JournalWriter> journal =
        JournalWriter::Create(directory_.JournalPath(p, seq), identity_, p);
    if (!journal.ok()) {
      if (merge->parts.empty()) return journal.status();
      break;
    }
    Partition& partition = partitions_[p];
    partition.journal.emplace(*std::move(journal));
    partition.journal_seq = seq;
    MergePart& part = merge->parts.emplace_back();
    part.partition = p;
    part.seq = seq;
    part.frame = {.depth = depth(), .m = m_, .n = partition.n};
    const std::span<Hash> hashes =
        top_->BucketsBelow((size_t{1} << partition_bits()) + p);
    part.hashes.assign(hashes.begin(), hashes.end());
    merge->manifest.partitions[p] = {.run = seq, .top = seq, .journal = seq};
    taken += rows;
  }
  merge->before = std::move(merged_);
  for (const MergePart& part : merge->parts) {
    Partition& partition = partitions_[part.partition];
    auto fresh = std::make_unique<RecentRows>(partition_bits());
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
  if (!merge->written) {
    merge->status = WriteMerged(merge);
    if (!merge->status.ok()) {
      // They are written anew, under the same names, the next time.
      for (MergePart& part : merge->parts) {
        part.run.reset();
        directory_.Remove(directory_.RunPath(part.partition, part.seq)).IgnoreError();
        directory_.Remove(directory_.TopPath(part.partition, part.seq)).IgnoreError();
      }
      return;
    }
    merge->written = true;
  }
  merge->status = WriteIndexManifest(directory_.ManifestPath(), merge->manifest);
  if (merge->status.ok()) RemoveReplaced(*merge);
}

absl::Status DiskIndex::WriteMerged(Merge* merge) const {
  // The disk writes the first while the others are merged: they are synced at the end.
  std::vector<RunWriter> runs;
  for (const MergePart& part : merge->parts) {
    const Partition& from = partitions_[part.partition];
    absl::StatusOr<RunWriter> run =
        MergedRun(directory_.RunPath(part.partition, part.seq), identity_,
                  part.partition, part.frame.m, from.run.get(), *from.frozen);
    if (!run.ok()) return run.status();
    runs.push_back(*std::move(run));
    absl::Status top = WriteTopFile(directory_.TopPath(part.partition, part.seq),
                                    identity_, part.partition, part.frame, part.hashes);
    if (!top.ok()) return top;
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    MergePart& part = merge->parts[i];
    if (absl::Status durable = runs[i].Finish(); !durable.ok()) return durable;
    absl::StatusOr<std::unique_ptr<RunFile>> run = RunFile::Open(
        directory_.RunPath(part.partition, part.seq), identity_, part.partition);
    if (!run.ok()) return run.status();
    part.run = *std::move(run);
  }
  return absl::OkStatus();
}

void DiskIndex::RemoveReplaced(const Merge& merge) const {
  // Only these partitions': others, and files that are being replaced, are not ours.
  // The old run's readers have it mapped. What stays behind goes when the index is
  // opened.
  const absl::StatusOr<IndexFiles> files = directory_.List();
  if (!files.ok()) return;
  const auto replaced = [&merge](const SequencedFile& file) {
    return std::any_of(merge.parts.begin(), merge.parts.end(),
                       [&file](const MergePart& part) {
                         return file.partition == part.partition && file.seq < part.seq;
                       });
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
  for (MergePart& part : merge_->parts) {
    Partition& partition = partitions_[part.partition];
    const auto lock = mutex_.LockUnique();
    part.old_run = std::move(partition.run);
    part.old_rows = std::move(partition.frozen);
    partition.run = std::move(part.run);
    partition.files = merge_->manifest.partitions[part.partition];
    part.hashes = {};
  }
  merges_ += merge_->parts.size();
  merged_ = std::move(merge_);
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
  backlog_ = 0;
  while (true) {
    MergeIfDue();
    if (!merge_) return absl::OkStatus();
    if (!merge_thread_.joinable()) LaunchMerge();
    if (absl::Status s = AdoptMerge(/*wait=*/true); !s.ok()) return s;
  }
}

}  // namespace setlog
