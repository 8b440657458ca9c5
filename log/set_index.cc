#include "log/set_index.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/bucket_hasher.h"

namespace setlog {
namespace {

constexpr uint64_t kNow = std::numeric_limits<uint64_t>::max();

}  // namespace

SetIndex::SetIndex() : buckets_(1), page_loaded_(1, true) {}

const SetIndex::Row* SetIndex::FindRow(const Hash& key) const {
  const Bucket& bucket = buckets_[BucketOf(key)];
  const auto row =
      std::lower_bound(bucket.begin(), bucket.end(), key,
                       [](const Row& r, const Hash& wanted) { return r.key < wanted; });
  return row != bucket.end() && row->key == key ? &*row : nullptr;
}

std::optional<uint64_t> SetIndex::LiveAt(const Row& row, uint64_t m) const {
  if (!row.has_history()) {
    return row.position() < m ? std::optional(row.position()) : std::nullopt;
  }
  std::optional<uint64_t> live;
  const auto history = history_.find(row.key);
  if (history == history_.end()) return std::nullopt;
  for (const SetEvent& event : history->second) {
    if (event.position >= m) break;
    live = event.add ? std::optional(event.position) : std::nullopt;
  }
  return live;
}

std::vector<SetEvent> SetIndex::Events(const Hash& key, uint64_t m) const {
  std::vector<SetEvent> events;
  const Row* row = FindRow(key);
  if (row == nullptr) return events;
  const auto history = history_.find(key);
  if (history == history_.end()) {
    events.push_back({row->position(), true});
  } else {
    events = history->second;
  }
  std::erase_if(events, [m](const SetEvent& event) { return event.position >= m; });
  return events;
}

std::vector<SetIndex::LiveRow> SetIndex::LiveRows(const SetView& view,
                                                  size_t bucket) const {
  // An older top may be shallower: its bucket is several of today's.
  const unsigned split = top_.depth - view.depth();
  std::vector<LiveRow> live;
  for (size_t b = bucket << split; b < (bucket + 1) << split; ++b) {
    for (const Row& row : buckets_[b]) {
      if (const auto position = LiveAt(row, view.m()))
        live.push_back({row.key, *position});
    }
  }
  return live;
}

SetIndex::Batch SetIndex::Prepare(std::span<const SetChange> changes,
                                  uint64_t m) const {
  std::vector<SetChange> sorted(changes.begin(), changes.end());
  std::sort(sorted.begin(), sorted.end(), [](const SetChange& a, const SetChange& b) {
    return a.key != b.key ? a.key < b.key : a.position < b.position;
  });
  Batch batch;
  batch.m_ = m;
  batch.n_ = top_.n;
  std::vector<std::pair<size_t, Hash>>
      level;  // changed nodes, by index within the level
  BucketHasher hasher([&](size_t bucket, const Hash& hash) {
    level.push_back({bucket, hash});
  });

  for (size_t begin = 0; begin < sorted.size();) {
    const size_t bucket = BucketOf(sorted[begin].key);
    size_t end = begin;
    while (end < sorted.size() && BucketOf(sorted[end].key) == bucket) ++end;
    const Bucket& old = buckets_[bucket];
    Bucket rows;
    rows.reserve(old.size() + (end - begin));
    std::vector<Hash> live_keys;
    bool changed = false;
    size_t next_old = 0;
    const auto keep_until = [&](const Hash* key) {
      while (next_old < old.size() && (key == nullptr || old[next_old].key < *key)) {
        if (LiveAt(old[next_old], kNow)) live_keys.push_back(old[next_old].key);
        rows.push_back(old[next_old++]);
      }
    };
    for (size_t i = begin; i < end;) {
      const Hash& key = sorted[i].key;
      keep_until(&key);
      const bool known = next_old < old.size() && old[next_old].key == key;
      Row row = known ? old[next_old++] : Row{key, 0};
      const bool was_live = known && LiveAt(row, kNow);
      bool live = was_live;
      std::vector<SetEvent> events;
      for (; i < end && sorted[i].key == key; ++i) {
        if (sorted[i].add == live) continue;  // no effect
        live = !live;
        events.push_back({sorted[i].position, live});
      }
      if (!events.empty()) {
        changed = true;
        batch.n_ = batch.n_ + (live ? 1 : 0) - (was_live ? 1 : 0);
        if (!known) {
          row.word = events[0].position << 1;
          ++batch.new_rows_;
        }
        if (known || events.size() > 1) {
          std::vector<SetEvent> all = Events(key, kNow);
          all.insert(all.end(), events.begin(), events.end());
          batch.history_[key] = std::move(all);
          row.word |= 1;
        }
      }
      if (live) live_keys.push_back(key);
      if (known || !events.empty()) rows.push_back(row);
    }
    keep_until(nullptr);
    if (changed) {
      for (const Hash& key : live_keys) hasher.AddKey(key);
      hasher.EndBucket(bucket);
      rows.shrink_to_fit();
      batch.buckets_.push_back({bucket, std::move(rows)});
    }
    begin = end;
  }
  hasher.Flush();

  // Upwards: each level's changed nodes give the next one's.
  for (unsigned depth = top_.depth;; --depth) {
    const size_t base = size_t{1} << depth;
    for (const auto& [index, hash] : level)
      batch.nodes_.push_back({base + index, hash});
    if (depth == 0) break;
    std::vector<Hash> children;
    std::vector<std::pair<size_t, Hash>> parents;
    for (const auto& [index, hash] : level) {
      if (parents.empty() || parents.back().first != index / 2) {
        parents.push_back({index / 2, Hash()});
        children.push_back(top_.nodes[base + (index & ~size_t{1})]);
        children.push_back(top_.nodes[base + (index | 1)]);
      }
      children[children.size() - 2 + (index & 1)] = hash;
    }
    const std::vector<Hash> hashes = HashParents(depth - 1, children);
    for (size_t i = 0; i < parents.size(); ++i) parents[i].second = hashes[i];
    level = std::move(parents);
  }
  const bool same = batch.nodes_.empty();
  batch.root_ = SetRoot(batch.n_, same ? top_.nodes[1] : batch.nodes_.back().hash);
  return batch;
}

void SetIndex::Publish(Batch batch) {
  for (auto& [bucket, rows] : batch.buckets_) buckets_[bucket] = std::move(rows);
  Undo undo{top_.m, top_.n, {}};
  undo.nodes.reserve(batch.nodes_.size());
  // Nodes come level by level from the buckets up; backwards they are in index order.
  for (auto level = batch.nodes_.end(); level != batch.nodes_.begin();) {
    const auto end = level;
    const unsigned bits = std::bit_width((end - 1)->index);
    while (level != batch.nodes_.begin() &&
           static_cast<unsigned>(std::bit_width((level - 1)->index)) == bits) {
      --level;
    }
    for (auto node = level; node != end; ++node) {
      undo.nodes.push_back({node->index, top_.nodes[node->index]});
      top_.nodes[node->index] = node->hash;
    }
  }
  undo_.push_back(std::move(undo));
  if (undo_.size() > kUndoBatches) undo_.pop_front();
  for (auto& [key, events] : batch.history_) history_[key] = std::move(events);
  buckets_written_ += batch.buckets_.size();
  row_count_ += batch.new_rows_;
  top_.m = batch.m_;
  top_.n = batch.n_;
}

unsigned SetIndex::WantedDepth(uint64_t added) const {
  unsigned depth = top_.depth;
  while (row_count_ + added > kBucketRows << depth) ++depth;
  return depth;
}

SetTop SetIndex::BuildTop(uint64_t m, unsigned depth) const {
  SetTop top;
  top.m = m;
  top.depth = depth;
  const size_t width = size_t{1} << depth;
  top.nodes.assign(2 * width, SetTop::kNoKeys);
  BucketHasher hasher(
      [&](size_t bucket, const Hash& hash) { top.nodes[width + bucket] = hash; });
  size_t bucket = 0;
  for (const Bucket& rows : buckets_) {
    for (const Row& row : rows) {
      if (!LiveAt(row, m)) continue;
      while (KeyPrefix(row.key, depth) != bucket) hasher.EndBucket(bucket++);
      hasher.AddKey(row.key);
      ++top.n;
    }
  }
  while (bucket < width) hasher.EndBucket(bucket++);
  hasher.Flush();
  HashUpperNodes(&top);
  return top;
}

SetIndex::Split SetIndex::PrepareDeeper(unsigned depth) const {
  Split split;
  split.top_ = BuildTop(kNow, depth);
  split.top_.m = top_.m;
  return split;
}

void SetIndex::Publish(Split split) {
  const unsigned depth = split.top_.depth;
  std::vector<Bucket> deeper(size_t{1} << depth);
  for (Bucket& rows : buckets_) {
    for (auto begin = rows.begin(); begin != rows.end();) {
      const uint64_t bucket = KeyPrefix(begin->key, depth);
      auto end = begin;
      while (end != rows.end() && KeyPrefix(end->key, depth) == bucket) ++end;
      deeper[bucket] = Bucket(begin, end);
      begin = end;
    }
    Bucket().swap(rows);  // as we go, so that the rows are never held twice
  }
  buckets_ = std::move(deeper);
  top_ = std::move(split.top_);
  undo_.clear();  // of another depth
  page_loaded_.assign(PageOf(buckets_.size() - 1) + 1, true);
  buckets_written_ += buckets_.size();
}

std::optional<SetView> SetIndex::RecentView(uint64_t m) const {
  SetView view = top_;
  if (m == top_.m) return view;
  const auto first = std::find_if(undo_.begin(), undo_.end(),
                                  [m](const Undo& undo) { return undo.m == m; });
  if (first == undo_.end()) return std::nullopt;
  view.m_ = m;
  view.n_ = first->n;
  for (auto undo = first; undo != undo_.end(); ++undo) {
    view.replaced_.push_back(undo->nodes);
  }
  return view;
}

const Hash& SetView::node(size_t i) const {
  for (std::span<const OldNode> batch : replaced_) {
    const auto old = std::lower_bound(
        batch.begin(), batch.end(), i,
        [](const OldNode& node, size_t index) { return node.index < index; });
    if (old != batch.end() && old->index == i) return old->hash;
  }
  return nodes_[i];
}

absl::StatusOr<SetTop> SetIndex::TopAt(uint64_t m) const {
  if (m > top_.m) {
    return absl::OutOfRangeError(
        absl::StrFormat("the index has reached m = %d, not %d", top_.m, m));
  }
  return BuildTop(m, top_.depth);
}

}  // namespace setlog
