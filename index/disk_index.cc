#include "index/disk_index.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

// Changes a page of a run at which all of the run is asked for, not single pages.
constexpr uint64_t kPagesPerChange = 8;

}  // namespace

DiskIndex::DiskIndex(Options options)
    : options_(std::move(options)), directory_(options_.directory) {
  identity_ = {options_.store, options_.log, 0};
  top_ = std::make_unique<DenseTop>(0);
  partitions_.resize(1);
  partitions_[0].active = std::make_unique<RecentRows>(0);
}

DiskIndex::~DiskIndex() {
  if (merge_thread_.joinable()) merge_thread_.join();
}

IndexEntry DiskIndex::State() const { return {m_, n_, SetRoot(n_, top_->node(1))}; }

IndexEntry DiskIndex::current() const {
  const auto lock = mutex_.LockShared();
  // While a batch is being published the nodes are read through its undo record.
  const std::optional<TopView> view = RecentView(m_);
  return {m_, n_, view->root()};
}

uint64_t DiskIndex::m() const {
  const auto lock = mutex_.LockShared();
  return m_;
}

uint64_t DiskIndex::rows() const {
  const auto lock = mutex_.LockShared();
  return rows_;
}

uint64_t DiskIndex::memory_bytes() const {
  const auto lock = mutex_.LockShared();
  uint64_t bytes = top_->size() * Hash::kSize;
  for (const TopUndo& undo : undo_) bytes += undo.memory_bytes();
  for (const Partition& partition : partitions_) {
    bytes += partition.active->memory_bytes();
    if (partition.frozen) bytes += partition.frozen->memory_bytes();
    if (partition.run) bytes += partition.run->pages() * sizeof(uint64_t);
  }
  return bytes;
}

uint64_t DiskIndex::RecentCount() const {
  uint64_t rows = 0;
  for (const Partition& partition : partitions_) {
    rows += partition.active->size();
    if (partition.frozen) rows += partition.frozen->size();
  }
  return rows;
}

IndexManifest DiskIndex::Manifest() const {
  IndexManifest manifest;
  manifest.identity = identity_;
  manifest.depth = depth();
  const IndexEntry state = State();
  manifest.m = state.m;
  manifest.n = state.n;
  manifest.root = state.set_root;
  for (const Partition& partition : partitions_) {
    manifest.partitions.push_back(partition.files);
  }
  return manifest;
}

absl::Status DiskIndex::Clear() {
  Forget();
  const absl::Status removed = directory_.RemoveAll();
  return absl::IsNotFound(removed) ? absl::OkStatus() : removed;
}

void DiskIndex::Forget() {
  if (merge_thread_.joinable()) merge_thread_.join();
  merge_.reset();
  merged_.reset();
  auto top = std::make_unique<DenseTop>(0);
  std::vector<Partition> partitions(1);
  partitions[0].active = std::make_unique<RecentRows>(0);
  {
    const auto lock = mutex_.LockUnique();
    identity_.partition_bits = 0;
    top_.swap(top);
    partitions_.swap(partitions);
    undo_.clear();
    undo_bytes_ = 0;
    m_ = n_ = rows_ = 0;
    ++generation_;
  }
  has_files_ = false;
  commits_.reset();
  last_commits_.clear();
  previous_.reset();
}

absl::StatusOr<DiskIndex::Batch> DiskIndex::Prepare(std::span<const SetChange> changes,
                                                    uint64_t m, uint64_t backlog) {
  if (m > kMaxPositions) {
    return absl::OutOfRangeError(absl::StrFormat(
        "entry %d: an index holds positions below %d", m - 1, kMaxPositions));
  }
  backlog_ = changes.size() + backlog;
  if (absl::Status s = AdoptMerge(/*wait=*/false); !s.ok()) return s;
  if (absl::Status s = MakeRoom(); !s.ok()) return s;
  if (absl::Status s = Fit(changes.size(), backlog); !s.ok()) return s;

  const unsigned bits = partition_bits();
  RowRoom own;
  RowRoom& room = options_.room == nullptr ? own : *options_.room;
  const std::unique_lock taken(room, std::try_to_lock);
  const SortedChanges sorted(changes, bits, taken ? &room : &own, options_.parallel);

  Batch batch;
  batch.m0_ = m_;
  batch.parts_.resize(partitions_.size());
  std::vector<absl::Status> failed(partitions_.size());
  options_.parallel(partitions_.size(), [&](size_t p) {
    const RunFile* run = partitions_[p].run.get();
    const std::span<const EventRow> part = sorted.part(p);
    if (run == nullptr || part.empty()) return;
    // From a disk, pages come sooner if they are all asked for before the first is
    // read.
    if (part.size() * kPagesPerChange > run->pages()) {
      run->WillNeed(PrefixOf(part.front().key), PrefixOf(part.back().key));
    } else {
      std::vector<uint64_t> prefixes;
      prefixes.reserve(part.size());
      for (const EventRow& row : part) prefixes.push_back(PrefixOf(row.key));
      run->WillNeed(prefixes);
    }
  });
  options_.parallel(partitions_.size(), [&](size_t p) {
    if (sorted.part(p).empty()) return;
    const Partition& partition = partitions_[p];
    absl::StatusOr<PartitionUpdate> update = UpdatePartition(
        *top_, bits, sorted.part(p),
        RowMerge(partition.run.get(), partition.frozen.get(), partition.active.get()));
    if (update.ok()) {
      batch.parts_[p] = *std::move(update);
    } else {
      failed[p] = update.status();
    }
  });
  for (const absl::Status& status : failed) {
    if (!status.ok()) return status;
  }

  std::vector<TopNode> tops;
  uint64_t n = n_;
  for (const PartitionUpdate& update : batch.parts_) {
    n += update.added - update.removed;
    if (!update.levels.empty()) tops.push_back(update.levels[0][0]);
  }
  Hash top = tops.empty() ? top_->node(1) : tops[0].hash;
  if (bits > 0 && !tops.empty()) {
    batch.upper_ = RaiseChanges(*top_, std::move(tops), 0);
    batch.upper_.pop_back();  // the partitions' own nodes
    top = batch.upper_[0][0].hash;
  }
  batch.entry_ = {m, n, SetRoot(n, top)};
  return batch;
}

}  // namespace setlog
