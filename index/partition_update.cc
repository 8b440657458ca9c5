#include "index/partition_update.h"

#include "log/bucket_hasher.h"

namespace setlog {
namespace {

// The last 8-byte prefix of the bucket whose first one is `prefix`'s.
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
  std::vector<Hash> live_keys;
  for (size_t next = 0; next < changes.size();) {
    const uint64_t prefix = PrefixOf(changes[next].key);
    const uint64_t last = LastOfBucket(prefix, depth);
    rows.SeekPrefix(depth == 0 ? 0 : last & ~(~uint64_t{0} >> depth));
    const size_t events_before = update.rows.size();
    live_keys.clear();
    while (true) {
      const bool old = rows.valid() && rows.prefix() <= last;
      const bool changed = next < changes.size() && PrefixOf(changes[next].key) <= last;
      if (!old && !changed) break;
      const Hash& key = old && (!changed || rows.key() <= changes[next].key)
                            ? rows.key()
                            : changes[next].key;
      bool live = false;
      for (; rows.valid() && rows.key() == key; rows.Next()) live = rows.word() & 1;
      for (; next < changes.size() && changes[next].key == key; ++next) {
        if (changes[next].add() == live) continue;  // no effect
        live = !live;
        ++(live ? update.added : update.removed);
        update.rows.push_back(changes[next]);
      }
      if (live) live_keys.push_back(key);
    }
    if (absl::Status s = rows.status(); !s.ok()) return s;
    if (update.rows.size() == events_before) continue;
    for (const Hash& key : live_keys) hasher.AddKey(key);
    hasher.EndBucket(KeyPrefix(update.rows.back().key, depth));
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
