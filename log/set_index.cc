#include "log/set_index.h"

#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/bucket_hasher.h"

namespace setlog {
namespace {

constexpr uint64_t kNow = std::numeric_limits<uint64_t>::max();
constexpr size_t kAhead = 16;  // rows lie all over the memory: asked for early

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

namespace {

// The order of `changes` by key and, for one key, as they are. Keys are compared by
// their first 64 bits, which nearly always decide.
std::vector<std::pair<uint64_t, uint32_t>> OrderByKey(
    std::span<const SetChange> changes) {
  std::vector<std::pair<uint64_t, uint32_t>> order(changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    order[i] = {KeyWord(changes[i].key, 0), static_cast<uint32_t>(i)};
  }
  std::sort(order.begin(), order.end());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && order[end].first == order[begin].first) ++end;
    if (end - begin > 1) {
      std::stable_sort(order.begin() + begin, order.begin() + end,
                       [&](const auto& a, const auto& b) {
                         return changes[a.second].key < changes[b.second].key;
                       });
    }
    begin = end;
  }
  return order;
}

}  // namespace

SetIndex::Part SetIndex::PreparePart(std::span<const SetChange> changes,
                                     unsigned part_bits) const {
  Part part;
  const std::vector<std::pair<uint64_t, uint32_t>> order = OrderByKey(changes);
  const auto change_at = [&](size_t i) -> const SetChange& {
    return changes[order[i].second];
  };
  const auto bucket_at = [&](size_t i) -> size_t {
    return top_.depth == 0 ? 0 : order[i].first >> (64 - top_.depth);
  };
  std::vector<NewNode> level;  // changed nodes, by index within the level
  level.reserve(changes.size());
  part.rows.reserve(changes.size());
  BucketHasher hasher([&](size_t bucket, const Hash& hash) {
    level.push_back({bucket, hash});
  });

  for (size_t begin = 0; begin < order.size();) {
    if (begin + kAhead < order.size()) {
      const Bucket& next = buckets_[bucket_at(begin + kAhead)];
      for (size_t row = 0; row < next.size(); ++row) __builtin_prefetch(&next[row]);
    }
    const size_t bucket = bucket_at(begin);
    size_t end = begin;
    while (end < order.size() && bucket_at(end) == bucket) ++end;
    const Bucket& old = buckets_[bucket];
    const size_t rows_before = part.rows.size();
    auto next_old = old.begin();
    const auto keep_until = [&](const Hash* key) {
      for (; next_old != old.end() && (key == nullptr || next_old->key < *key);
           ++next_old) {
        if (!next_old->has_history() || LiveAt(*next_old, kNow)) {
          hasher.AddKey(next_old->key);
        }
      }
    };
    for (size_t i = begin; i < end;) {
      const Hash& key = change_at(i).key;
      keep_until(&key);
      const bool known = next_old != old.end() && next_old->key == key;
      Row row = known ? *next_old++ : Row{key, 0};
      const bool was_live = known && LiveAt(row, kNow);
      bool live = was_live;
      size_t effects = 0;
      std::vector<SetEvent> events;  // but the first add of a new key
      for (; i < end && change_at(i).key == key; ++i) {
        const SetChange& change = change_at(i);
        if (change.add == live) continue;  // no effect
        live = !live;
        if (++effects == 1 && !known) {
          row.word = change.position << 1;
        } else {
          events.push_back({change.position, live});
        }
      }
      if (effects > 0) {
        part.new_members += (live ? 1 : 0) - (was_live ? 1 : 0);
        if (!known) ++part.new_rows;
        if (!events.empty()) {
          std::vector<SetEvent> all = Events(key, kNow);
          if (!known) all.push_back({row.position(), true});
          all.insert(all.end(), events.begin(), events.end());
          part.history[key] = std::move(all);
          row.word |= 1;
        }
        part.rows.push_back({bucket, row});
      }
      if (live) hasher.AddKey(key);
    }
    keep_until(nullptr);
    if (part.rows.size() != rows_before) {
      hasher.EndBucket(bucket);
      ++part.touched;
    } else {
      hasher.DropKeys();
    }
    begin = end;
  }
  hasher.Flush();

  // Upwards: each level's changed nodes give the next one's.
  for (unsigned depth = top_.depth;; --depth) {
    const size_t base = size_t{1} << depth;
    for (const NewNode& node : level) {
      part.nodes.push_back({base + node.index, node.hash});
    }
    if (depth == part_bits) break;
    level = ParentsOf(std::move(level), depth);
  }
  return part;
}

std::vector<SetIndex::NewNode> SetIndex::ParentsOf(std::vector<NewNode> level,
                                                   unsigned depth) const {
  const size_t base = size_t{1} << depth;
  std::vector<Hash> children;
  children.reserve(2 * level.size());
  size_t parents = 0;
  for (const auto [index, hash] : level) {
    if (parents == 0 || level[parents - 1].index != index / 2) {
      level[parents++].index =
          index / 2;  // in place: parents come no later than children
      children.push_back(top_.nodes[base + (index & ~size_t{1})]);
      children.push_back(top_.nodes[base + (index | 1)]);
    }
    children[children.size() - 2 + (index & 1)] = hash;
  }
  level.resize(parents);
  const std::vector<Hash> hashes = HashParents(depth - 1, children);
  for (size_t i = 0; i < parents; ++i) level[i].hash = hashes[i];
  return level;
}

SetIndex::Batch SetIndex::Prepare(std::span<const SetChange> changes, uint64_t m,
                                  const ParallelFor& parallel) const {
  Batch batch;
  batch.m_ = m;
  batch.n_ = top_.n;
  constexpr size_t kWorthParts = 1024;
  const unsigned part_bits = changes.size() < kWorthParts ? 0 : PartBits();
  batch.parts_.resize(size_t{1} << part_bits);
  if (part_bits == 0) {
    batch.parts_[0] = PreparePart(changes, 0);
  } else {
    std::vector<size_t> ends(batch.parts_.size() + 1);
    for (const SetChange& change : changes)
      ++ends[KeyPrefix(change.key, part_bits) + 1];
    for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
    std::vector<SetChange> by_part(changes.size());
    for (const SetChange& change : changes) {
      by_part[ends[KeyPrefix(change.key, part_bits)]++] = change;
    }
    parallel(batch.parts_.size(), [&](size_t i) {
      const size_t begin = i == 0 ? 0 : ends[i - 1];
      batch.parts_[i] =
          PreparePart(std::span(by_part).subspan(begin, ends[i] - begin), part_bits);
    });
  }
  std::vector<NewNode> level;
  for (size_t i = 0; i < batch.parts_.size(); ++i) {
    const Part& part = batch.parts_[i];
    batch.n_ += static_cast<uint64_t>(part.new_members);
    if (!part.nodes.empty()) level.push_back({i, part.nodes.back().hash});
  }
  const bool same = level.empty();
  for (unsigned depth = part_bits; depth > 0; --depth) {
    level = ParentsOf(std::move(level), depth);
    for (const NewNode& node : level) {
      batch.nodes_.push_back({(size_t{1} << (depth - 1)) + node.index, node.hash});
    }
  }
  batch.root_ = SetRoot(batch.n_, same ? top_.nodes[1] : level[0].hash);
  return batch;
}

void SetIndex::PutRow(const Row& row, Bucket* bucket) {
  // In steps of four rows: fewer allocations, and of few sizes, so that the allocator
  // finds what another bucket gave back.
  constexpr size_t kStep = 4;
  const auto place =
      std::lower_bound(bucket->begin(), bucket->end(), row.key,
                       [](const Row& r, const Hash& key) { return r.key < key; });
  if (place != bucket->end() && place->key == row.key) {
    *place = row;
    return;
  }
  const auto before = place - bucket->begin();
  if (bucket->size() == bucket->capacity()) bucket->reserve(bucket->size() + kStep);
  bucket->insert(bucket->begin() + before, row);
}

void SetIndex::Publish(Batch batch, const ParallelFor& parallel) {
  if (keeps_undo_) {
    Undo undo{top_.m, top_.n, {}};
    const auto keep = [&](const std::vector<NewNode>& nodes) {
      for (const NewNode& node : nodes) {
        undo.nodes.push_back({node.index, top_.nodes[node.index]});
      }
    };
    for (const Part& part : batch.parts_) keep(part.nodes);
    keep(batch.nodes_);
    std::sort(undo.nodes.begin(), undo.nodes.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });
    undo_.push_back(std::move(undo));
    if (undo_.size() > kUndoBatches) undo_.pop_front();
  }
  parallel(batch.parts_.size(), [&](size_t i) {
    Part& part = batch.parts_[i];
    for (size_t r = 0; r < part.rows.size(); ++r) {
      if (r + kAhead < part.rows.size()) {
        const Bucket& next = buckets_[part.rows[r + kAhead].first];
        for (size_t row = 0; row < next.size(); ++row) __builtin_prefetch(&next[row]);
      }
      PutRow(part.rows[r].second, &buckets_[part.rows[r].first]);
    }
    for (const NewNode& node : part.nodes) top_.nodes[node.index] = node.hash;
  });
  for (Part& part : batch.parts_) {
    for (auto& [key, events] : part.history) history_[key] = std::move(events);
    buckets_written_ += part.touched;
    row_count_ += part.new_rows;
  }
  for (const NewNode& node : batch.nodes_) top_.nodes[node.index] = node.hash;
  top_.m = batch.m_;
  top_.n = batch.n_;
}

unsigned SetIndex::WantedDepth(uint64_t added) const {
  unsigned depth = top_.depth;
  while (row_count_ + added > kBucketRows << depth) ++depth;
  return depth;
}

SetTop SetIndex::BuildTop(uint64_t m, unsigned depth,
                          const ParallelFor& parallel) const {
  SetTop top;
  top.m = m;
  top.depth = depth;
  const size_t width = size_t{1} << depth;
  top.nodes.assign(2 * width, SetTop::kNoKeys);
  const unsigned part_bits = PartBits();  // <= depth, which never shrinks
  std::vector<uint64_t> members(size_t{1} << part_bits);
  parallel(members.size(), [&](size_t part) {
    BucketHasher hasher(
        [&](size_t bucket, const Hash& hash) { top.nodes[width + bucket] = hash; });
    const size_t old_buckets = buckets_.size() >> part_bits;
    size_t bucket = part * (width >> part_bits);
    for (const Bucket& rows :
         std::span(buckets_).subspan(part * old_buckets, old_buckets)) {
      for (const Row& row : rows) {
        const bool live =
            row.has_history() ? LiveAt(row, m).has_value() : row.position() < m;
        if (!live) continue;
        while (KeyPrefix(row.key, depth) != bucket) hasher.EndBucket(bucket++);
        hasher.AddKey(row.key);
        ++members[part];
      }
    }
    while (bucket < (part + 1) * (width >> part_bits)) hasher.EndBucket(bucket++);
    hasher.Flush();
  });
  for (uint64_t count : members) top.n += count;
  HashUpperNodes(&top, parallel);
  return top;
}

SetIndex::Split SetIndex::PrepareDeeper(unsigned depth,
                                        const ParallelFor& parallel) const {
  Split split;
  split.top_ = BuildTop(kNow, depth, parallel);
  split.top_.m = top_.m;
  return split;
}

void SetIndex::Publish(Split split, const ParallelFor& parallel) {
  const unsigned depth = split.top_.depth;
  std::vector<Bucket> deeper(size_t{1} << depth);
  const unsigned part_bits = PartBits();
  parallel(size_t{1} << part_bits, [&](size_t part) {
    const size_t old_buckets = buckets_.size() >> part_bits;
    for (Bucket& rows : std::span(buckets_).subspan(part * old_buckets, old_buckets)) {
      for (auto begin = rows.begin(); begin != rows.end();) {
        const uint64_t bucket = KeyPrefix(begin->key, depth);
        auto end = begin;
        while (end != rows.end() && KeyPrefix(end->key, depth) == bucket) ++end;
        const size_t count = static_cast<size_t>(end - begin);
        deeper[bucket].reserve((count + 4) / 4 * 4);
        deeper[bucket].assign(begin, end);
        begin = end;
      }
      Bucket().swap(rows);  // as we go, so that the rows are never held twice
    }
  });
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
  return BuildTop(m, top_.depth, InOrder);
}

}  // namespace setlog
