// The reading half of DiskIndex.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "index/disk_index.h"
#include "index/row_merge.h"
#include "log/bucket_hasher.h"

namespace setlog {
namespace {

// The rows of a bucket of a top of this depth: the first 8 bytes of their keys.
struct PrefixRange {
  PrefixRange(uint64_t bucket, unsigned depth)
      : first(depth == 0 ? 0 : bucket << (64 - depth)),
        last(depth == 0 ? ~uint64_t{0} : first | ~uint64_t{0} >> depth) {}
  uint64_t first;
  uint64_t last;
};

// An old top is of this many levels less than the newest, to be small.
constexpr unsigned kLevelsLess = 4;

// Keys of a batch whose rows and nodes are fetched while others are walked, and the
// first level of nodes that are not in the cache anyway.
constexpr size_t kAhead = 8;
constexpr unsigned kFirstFetched = 10;

}  // namespace

std::optional<TopView> DiskIndex::RecentView(uint64_t m) const {
  const auto since = std::find_if(undo_.begin(), undo_.end(),
                                  [m](const TopUndo& undo) { return undo.m() == m; });
  if (since == undo_.end()) {
    if (m != m_) return std::nullopt;
    return TopView(m_, n_, depth(), top_->nodes());
  }
  std::vector<const TopUndo*> undone;
  for (auto undo = since; undo != undo_.end(); ++undo) undone.push_back(&*undo);
  return TopView(m, since->n(), depth(), top_->nodes(), std::move(undone));
}

bool DiskIndex::IsRecent(uint64_t m) const {
  const auto lock = mutex_.LockShared();
  return RecentView(m).has_value();
}

template <typename Visit>
absl::Status DiskIndex::VisitRows(uint64_t first, uint64_t last, uint64_t m,
                                  Visit visit) const {
  const unsigned bits = partition_bits();
  const uint64_t last_partition = bits == 0 ? 0 : last >> (64 - bits);
  for (uint64_t p = bits == 0 ? 0 : first >> (64 - bits); p <= last_partition; ++p) {
    const Partition& partition = partitions_[p];
    RowMerge rows(partition.run.get(), partition.frozen.get(), partition.active.get());
    // Rows in memory are found by the bits after the partition's.
    const uint64_t begin = bits == 0 ? first : std::max(first, p << (64 - bits));
    for (rows.SeekPrefix(begin); rows.valid() && rows.prefix() <= last; rows.Next()) {
      const uint64_t word = rows.word();
      if (word >> 1 < m) visit(rows.key(), word);
    }
    if (absl::Status s = rows.status(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

namespace {

// Gathers the members among rows that come in order.
class LiveRows {
 public:
  void Add(const Hash& key, uint64_t word) {
    // The key's last row decides.
    if (last_ && last_->key == key) {
      last_->word = word;
      return;
    }
    Close();
    last_ = {key, word};
  }
  // The last row was given.
  void Close() {
    if (last_ && last_->add()) live_.push_back({last_->key, last_->position()});
    if (last_ && !last_->add()) removed_.push_back(last_->key);
    last_.reset();
  }
  LiveBucket Take() {
    Close();
    return std::move(live_);
  }
  // Keys that were members once, so far.
  std::span<const Hash> removed() const { return removed_; }

 private:
  std::optional<EventRow> last_;
  LiveBucket live_;
  std::vector<Hash> removed_;
};

}  // namespace

absl::StatusOr<DiskIndex::Found> DiskIndex::Lookup(const IndexEntry& at,
                                                   const Hash& key,
                                                   const TopView* version) const {
  const auto lock = mutex_.LockShared();
  absl::StatusOr<TopView> view = ViewOf(at, version);
  if (!view.ok()) return view.status();
  Found found;
  bool own_bucket = false;
  const uint64_t prefix = PrefixOf(key);
  absl::StatusOr<SetAnswer> answer =
      LookupUnder(*view, key, [&](uint64_t bucket) -> absl::StatusOr<LiveBucket> {
        const PrefixRange range(bucket, view->depth());
        own_bucket = range.first <= prefix && prefix <= range.last;
        LiveRows live;
        const absl::Status read = VisitRows(
            range.first, range.last, at.m, [&](const Hash& row_key, uint64_t word) {
              live.Add(row_key, word);
              if (row_key == key) found.events.push_back({word >> 1, (word & 1) != 0});
            });
        if (!read.ok()) return read;
        return live.Take();
      });
  if (!answer.ok()) return answer.status();
  found.answer = *std::move(answer);
  if (!own_bucket) {
    const absl::Status read =
        VisitRows(prefix, prefix, at.m, [&](const Hash& row_key, uint64_t word) {
          if (row_key == key) found.events.push_back({word >> 1, (word & 1) != 0});
        });
    if (!read.ok()) return read;
  }
  return found;
}

absl::StatusOr<DiskIndex::FoundMany> DiskIndex::BatchLookup(
    const IndexEntry& at, std::span<const Hash> keys, const TopView* version) const {
  const auto lock = mutex_.LockShared();
  absl::StatusOr<TopView> view = ViewOf(at, version);
  if (!view.ok()) return view.status();
  FoundMany found;
  // The walk goes through the buckets in the order of their keys.
  size_t behind = 0;   // keys of buckets that were visited
  size_t fetched = 0;  // keys of which all is on its way into the cache
  uint64_t partition = 0;
  std::optional<RowMerge> ahead;  // of that partition
  const auto fetch = [&](const Hash& key) {
    for (unsigned level = kFirstFetched; level <= depth(); ++level) {
      __builtin_prefetch(&top_->node((size_t{1} << level) + KeyPrefix(key, level)));
    }
    const uint64_t of_key = PartitionOf(key, partition_bits());
    if (!ahead || of_key != partition) {
      partition = of_key;
      const Partition& rows = partitions_[partition];
      ahead.emplace(rows.run.get(), rows.frozen.get(), rows.active.get());
    }
    ahead->Prefetch(PrefixRange(KeyPrefix(key, view->depth()), view->depth()).first);
  };
  const auto visit = [&](uint64_t bucket) -> absl::StatusOr<LiveBucket> {
    while (behind < keys.size() && KeyPrefix(keys[behind], view->depth()) <= bucket) {
      ++behind;
    }
    for (; fetched < std::min(keys.size(), behind + kAhead); ++fetched) {
      fetch(keys[fetched]);
    }
    const PrefixRange range(bucket, view->depth());
    LiveRows live;
    const absl::Status read =
        VisitRows(range.first, range.last, at.m,
                  [&](const Hash& key, uint64_t word) { live.Add(key, word); });
    if (!read.ok()) return read;
    live.Close();
    for (const Hash& key : live.removed()) {
      if (std::binary_search(keys.begin(), keys.end(), key)) {
        found.removed.push_back(key);
      }
    }
    return live.Take();
  };
  absl::StatusOr<SetBatchAnswer> answer = BatchLookupUnder(*view, keys, visit);
  if (!answer.ok()) return answer.status();
  found.answer = *std::move(answer);
  // Where a bucket has no members the walk was led past it, but it may have rows.
  std::optional<uint64_t> last;
  for (const Hash& key : keys) {
    const uint64_t bucket = KeyPrefix(key, view->depth());
    if (bucket == last || view->node(static_cast<uint32_t>(
                              (uint64_t{1} << view->depth()) + bucket)) != kNoSubtree) {
      continue;
    }
    last = bucket;
    if (absl::Status s = visit(bucket).status(); !s.ok()) return s;
  }
  std::sort(found.removed.begin(), found.removed.end());
  return found;
}

absl::StatusOr<TopView> DiskIndex::ViewOf(const IndexEntry& at,
                                          const TopView* version) const {
  std::optional<TopView> view = RecentView(at.m);
  if (!view && version != nullptr && version->m() == at.m && at.m <= m_) {
    view.emplace(*version);
  }
  if (!view) {
    return absl::NotFoundError(
        absl::StrFormat("the index holds no top for m = %d", at.m));
  }
  if (view->n() != at.n || view->root() != at.set_root) {
    return absl::DataLossError(absl::StrFormat(
        "the index leads to another set root at m = %d than the log has", at.m));
  }
  return *std::move(view);
}

bool DiskIndex::IsDeepEnough(unsigned version_depth) const {
  const auto lock = mutex_.LockShared();
  return version_depth + kLevelsLess + 1 >= depth();
}

absl::StatusOr<LiveBucket> DiskIndex::LiveIn(uint64_t first, uint64_t last, uint64_t m,
                                             uint64_t generation) const {
  LiveRows rows;
  const auto lock = mutex_.LockShared();
  if (generation_ != generation) {
    return absl::AbortedError("the index is being rebuilt from the log, try again");
  }
  const absl::Status read = VisitRows(
      first, last, m, [&](const Hash& key, uint64_t word) { rows.Add(key, word); });
  if (!read.ok()) return read;
  return rows.Take();
}

absl::StatusOr<DenseTop> DiskIndex::TopAt(const IndexEntry& at) const {
  // Members hashed in one turn under the lock: a millisecond or two.
  constexpr uint64_t kRowsPerTurn = 4096;
  uint64_t generation;
  unsigned depth_then;
  uint64_t rows_then;
  {
    const auto lock = mutex_.LockShared();
    generation = generation_;
    depth_then = depth() > kLevelsLess ? depth() - kLevelsLess : 0;
    rows_then = rows_;
    if (at.m > m_) {
      return absl::OutOfRangeError(
          absl::StrFormat("the index has reached m = %d, not %d", m_, at.m));
    }
  }
  DenseTop top(depth_then);
  const uint64_t buckets = uint64_t{1} << depth_then;
  const uint64_t per_turn =
      std::max<uint64_t>(1, kRowsPerTurn * buckets / std::max<uint64_t>(1, rows_then));
  std::span<Hash> hashes = top.BucketsBelow(1);
  uint64_t n = 0;
  BucketHasher hasher([&](size_t bucket, const Hash& hash) { hashes[bucket] = hash; });
  for (uint64_t begin = 0; begin < buckets; begin += per_turn) {
    const uint64_t end = std::min(buckets, begin + per_turn);
    const absl::StatusOr<LiveBucket> read =
        LiveIn(PrefixRange(begin, depth_then).first,
               PrefixRange(end - 1, depth_then).last, at.m, generation);
    if (!read.ok()) return read.status();
    const LiveBucket& live = *read;
    n += live.size();
    for (size_t i = 0; i < live.size(); ++i) {
      hasher.AddKey(live[i].key);
      const uint64_t bucket = KeyPrefix(live[i].key, depth_then);
      if (i + 1 == live.size() || KeyPrefix(live[i + 1].key, depth_then) != bucket) {
        hasher.EndBucket(bucket);
      }
    }
  }
  hasher.Flush();
  top.HashBelow(1);
  if (n != at.n || SetRoot(n, top.node(1)) != at.set_root) {
    return absl::DataLossError(absl::StrFormat(
        "the index's rows at m = %d do not lead to its set root", at.m));
  }
  return top;
}

}  // namespace setlog
