#include "index/partition_update.h"

#include "log/bucket_hasher.h"

namespace setlog {
namespace {

// Changes whose rows and nodes are fetched while others are walked.
constexpr size_t kAhead = 8;

// The first and the last 8-byte prefix of the bucket of `prefix`.
uint64_t FirstOfBucket(uint64_t prefix, unsigned depth) {
  return depth == 0 ? 0 : prefix & ~(~uint64_t{0} >> depth);
}
uint64_t LastOfBucket(uint64_t prefix, unsigned depth) {
  return depth == 0 ? ~uint64_t{0} : prefix | ~uint64_t{0} >> depth;
}

}  // namespace

absl::StatusOr<PartitionUpdate> UpdatePartition(const DenseTop& top,
                                                unsigned partition_bits,
                                                std::span<const EventRow> changes,
                                                RowMerge rows) {
  PartitionUpdate update;
  update.rows.reserve(changes.size());
  const unsigned depth = top.depth();
  std::vector<TopNode> buckets;
  buckets.reserve(changes.size());
  BucketHasher hasher([&](size_t bucket, const Hash& hash) {
    const uint32_t node = static_cast<uint32_t>((size_t{1} << depth) + bucket);
    if (top.node(node) != hash) buckets.push_back({node, hash});
  });
  const auto prefix_at = [&](size_t i) { return PrefixOf(changes[i].key); };
  for (size_t next = 0; next < changes.size();) {
    if (next + kAhead < changes.size()) {
      const Hash& ahead = changes[next + kAhead].key;
      rows.Prefetch(FirstOfBucket(PrefixOf(ahead), depth));
      __builtin_prefetch(&top.node((size_t{1} << depth) + KeyPrefix(ahead, depth)));
    }
    const uint64_t last = LastOfBucket(prefix_at(next), depth);
    rows.SeekPrefix(FirstOfBucket(last, depth));
    const size_t events_before = update.rows.size();
    while (true) {
      const bool old = rows.valid() && rows.prefix() <= last;
      const bool changed = next < changes.size() && prefix_at(next) <= last;
      if (!old && !changed) break;
      const bool take_old =
          old &&
          (!changed || rows.prefix() < prefix_at(next) ||
           (rows.prefix() == prefix_at(next) && rows.key() <= changes[next].key));
      const Hash& key = take_old ? rows.key() : changes[next].key;
      const uint64_t prefix = PrefixOf(key);
      bool live = false;
      for (; rows.valid() && rows.prefix() == prefix && rows.key() == key;
           rows.Next()) {
        live = rows.word() & 1;
      }
      for (; next < changes.size() && prefix_at(next) == prefix &&
             changes[next].key == key;
           ++next) {
        if (changes[next].add() == live) continue;  // no effect
        live = !live;
        ++(live ? update.added : update.removed);
        update.rows.push_back(changes[next]);
      }
      if (live) hasher.AddKey(key);
    }
    if (absl::Status s = rows.status(); !s.ok()) return s;
    if (update.rows.size() == events_before) {
      hasher.DropKeys();
    } else {
      hasher.EndBucket(KeyPrefix(update.rows.back().key, depth));
    }
  }
  hasher.Flush();
  update.levels = RaiseChanges(top, std::move(buckets), partition_bits);
  update.replaced.reserve(update.levels.size());
  for (const std::vector<TopNode>& level : update.levels) {
    std::vector<TopNode> replaced;
    replaced.reserve(level.size());
    for (const TopNode& node : level) {
      replaced.push_back({node.index, top.node(node.index)});
    }
    update.replaced.emplace_back(std::move(replaced));
  }
  return update;
}

}  // namespace setlog
