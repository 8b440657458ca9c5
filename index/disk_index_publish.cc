// Making a prepared batch the current state: first for a crash, then for readers.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "index/disk_index.h"

namespace setlog {
namespace {

// Rows that are inserted under one lock, which takes about a millisecond, and those
// that are worth another thread.
constexpr size_t kRowsPerLock = 8192;
constexpr size_t kRowsPerThread = 2048;
// Commits are started anew when there are so many bytes of them.
constexpr uint64_t kMaxCommitBytes = uint64_t{1} << 16;
// Records of what batches replaced: an old view looks into each.
constexpr size_t kMaxUndo = 32;

}  // namespace

absl::Status DiskIndex::Publish(Batch batch) {
  if (batch.m0_ != m_ || batch.parts_.size() != partitions_.size()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "a batch prepared at m = %d cannot follow m = %d", batch.m0_, m_));
  }
  const bool changes =
      std::any_of(batch.parts_.begin(), batch.parts_.end(),
                  [](const PartitionUpdate& update) { return !update.rows.empty(); });
  if (changes || has_files_) {
    if (absl::Status s = WriteJournals(batch); !s.ok()) return s;
  }
  previous_ = State();
  Apply(std::move(batch));
  MergeIfDue();
  return absl::OkStatus();
}

absl::Status DiskIndex::OpenJournals() {
  if (!has_files_) {
    if (absl::Status s = StartFiles(); !s.ok()) return s;
  }
  for (size_t p = 0; p < partitions_.size(); ++p) {
    Partition& partition = partitions_[p];
    if (partition.journal) continue;
    const unsigned number = static_cast<unsigned>(p);
    absl::StatusOr<JournalWriter> journal =
        partition.journal_bytes > 0
            ? JournalWriter::Continue(
                  directory_.JournalPath(number, partition.journal_seq),
                  partition.journal_bytes)
            : JournalWriter::Create(
                  directory_.JournalPath(number, partition.journal_seq), identity_,
                  number);
    if (!journal.ok()) return journal.status();
    partition.journal.emplace(*std::move(journal));
  }
  if (!commits_ || commits_->file_bytes() > kMaxCommitBytes) {
    commits_.reset();
    absl::StatusOr<CommitJournal> commits =
        CommitJournal::Start(directory_.CommitsPath(), identity_, last_commits_);
    if (!commits.ok()) return commits.status();
    commits_.emplace(*std::move(commits));
  }
  return absl::OkStatus();
}

absl::Status DiskIndex::WriteJournals(const Batch& batch) {
  if (absl::Status s = OpenJournals(); !s.ok()) return s;
  const JournalFrame frame{batch.m0_, batch.entry_.m, static_cast<uint8_t>(depth())};
  const uint32_t first_bucket = uint32_t{1} << depth();
  const unsigned below = depth() - partition_bits();
  IndexCommit commit{batch.m0_, batch.entry_.m, batch.entry_.n, batch.entry_.set_root,
                     0};
  std::vector<absl::Status> failed(partitions_.size());
  std::vector<uint64_t> lengths(partitions_.size());  // before this batch
  options_.parallel(partitions_.size(), [&](size_t p) {
    const PartitionUpdate& update = batch.parts_[p];
    if (update.rows.empty()) return;
    std::vector<BucketHash> hashes;
    // One partition is so small that its hashes are computed from the rows.
    if (partition_bits() > 0 && !update.levels.empty()) {
      hashes.reserve(update.levels.back().size());
      for (const TopNode& node : update.levels.back()) {
        const uint32_t bucket = node.index - first_bucket;
        hashes.push_back({bucket & ((uint32_t{1} << below) - 1), node.hash});
      }
    }
    lengths[p] = partitions_[p].journal->file_bytes();
    failed[p] = partitions_[p].journal->Append(frame, update.rows, hashes);
  });
  absl::Status written;
  for (size_t p = 0; p < partitions_.size(); ++p) {
    written.Update(failed[p]);
    if (lengths[p] > 0) commit.touched |= uint64_t{1} << p;
  }
  if (written.ok()) written = commits_->Append(commit);
  if (written.ok()) {
    if (last_commits_.size() == 2) last_commits_.erase(last_commits_.begin());
    last_commits_.push_back(commit);
    return written;
  }
  // Without its commit the batch must be in no journal: another one follows m0.
  for (size_t p = 0; p < partitions_.size(); ++p) {
    Partition& partition = partitions_[p];
    if (lengths[p] == 0) continue;
    partition.journal.reset();
    absl::StatusOr<JournalWriter> journal = JournalWriter::Continue(
        directory_.JournalPath(static_cast<unsigned>(p), partition.journal_seq),
        lengths[p]);
    if (!journal.ok()) {
      return absl::DataLossError(absl::StrFormat("%s; and then: %s", written.message(),
                                                 journal.status().message()));
    }
    partition.journal.emplace(*std::move(journal));
  }
  commits_.reset();
  return written;
}

void DiskIndex::Apply(Batch batch) {
  TopUndo undo(m_, n_, partition_bits());
  std::vector<NodeTable> upper;
  for (const std::vector<TopNode>& level : batch.upper_) {
    std::vector<TopNode> replaced;
    for (const TopNode& node : level) {
      replaced.push_back({node.index, top_->node(node.index)});
    }
    upper.emplace_back(std::move(replaced));
  }
  undo.SetUpper(std::move(upper));
  for (size_t p = 0; p < batch.parts_.size(); ++p) {
    undo.SetPart(p, std::move(batch.parts_[p].replaced));
  }
  std::deque<TopUndo> dropped;
  {
    const uint64_t bytes = undo.memory_bytes();
    const auto lock = mutex_.LockUnique();
    undo_.push_back(std::move(undo));
    undo_bytes_ += bytes;
    while (undo_.size() > 1 &&
           (undo_bytes_ - bytes > options_.undo_bytes || undo_.size() > kMaxUndo)) {
      undo_bytes_ -= undo_.front().memory_bytes();
      dropped.push_back(std::move(undo_.front()));
      undo_.pop_front();
    }
  }
  // No reader looks at these nodes: the undo record stands before them.
  options_.parallel(batch.parts_.size(), [&](size_t p) {
    for (const std::vector<TopNode>& level : batch.parts_[p].levels) {
      for (const TopNode& node : level) top_->node(node.index) = node.hash;
    }
  });
  for (const std::vector<TopNode>& level : batch.upper_) {
    for (const TopNode& node : level) top_->node(node.index) = node.hash;
  }
  InsertRows(batch);
  const auto lock = mutex_.LockUnique();
  for (size_t p = 0; p < batch.parts_.size(); ++p) {
    const PartitionUpdate& update = batch.parts_[p];
    partitions_[p].n += update.added - update.removed;
    rows_ += update.rows.size();
    if (!update.levels.empty()) buckets_written_ += update.levels.back().size();
  }
  m_ = batch.entry_.m;
  n_ = batch.entry_.n;
}

void DiskIndex::InsertRows(const Batch& batch) {
  // Readers of an older m pass over rows that are new.
  struct Piece {
    RecentRows* to;
    std::span<const EventRow> rows;
  };
  std::vector<Piece> pieces;  // for one lock
  size_t count = 0;
  const auto insert = [&] {
    const auto lock = mutex_.LockUnique();
    if (count < kRowsPerThread) {
      for (const Piece& piece : pieces) piece.to->Insert(piece.rows);
    } else {
      options_.parallel(pieces.size(),
                        [&](size_t i) { pieces[i].to->Insert(pieces[i].rows); });
    }
    pieces.clear();
    count = 0;
  };
  // Pieces of different partitions side by side: the first of each, the second of each.
  for (size_t begin = 0, left = batch.parts_.size(); left > 0;
       begin += kRowsPerThread) {
    left = 0;
    for (size_t p = 0; p < batch.parts_.size(); ++p) {
      const std::span<const EventRow> rows = batch.parts_[p].rows;
      if (rows.size() <= begin) continue;
      left += rows.size() > begin + kRowsPerThread;
      const size_t size = std::min(rows.size() - begin, kRowsPerThread);
      pieces.push_back({partitions_[p].active.get(), rows.subspan(begin, size)});
      count += size;
      if (count >= kRowsPerLock) insert();
    }
    // Two pieces of one partition must never be inserted side by side.
    if (!pieces.empty()) insert();
  }
}

}  // namespace setlog
