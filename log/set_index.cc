#include "log/set_index.h"

#include <algorithm>
#include <array>

#include "log/bucket_hasher.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

// Pages lie all over the memory and are asked for early: first where their rows are,
// then the rows.
constexpr size_t kAhead = 8;
constexpr size_t kLineBytes = 64;
constexpr size_t kMostAheadBytes = 2048;
// What a page that is full can take before it moves.
constexpr size_t kSpareRows = 4;

template <typename T>
void Store(const std::vector<T>& rows, std::vector<T>& page) {
  if (rows.size() > page.capacity()) {
    page = std::vector<T>();
    page.reserve(rows.size() + kSpareRows);
  }
  page.assign(rows.begin(), rows.end());
}

}  // namespace

// What a batch does to the keys that begin with the same bits.
struct SetIndex::Part {
  std::vector<uint32_t> buckets;  // changed ones
  std::vector<SetChange> undo;
  int64_t members = 0;    // more than before
  std::vector<Row> rows;  // for use by Merge
};

unsigned SetIndex::DepthFor(uint64_t rows) {
  unsigned depth = 0;
  while (depth < DenseTop::kMaxDepth && rows > kBucketRows << depth) ++depth;
  return depth;
}

std::vector<SetIndex::Place> SetIndex::Order(std::span<const SetChange> changes,
                                             unsigned known_bits) {
  std::vector<Place> order(changes.size());
  // Into groups by the next bits, so that what is left to sort is short.
  constexpr unsigned kGroupBits = 8;
  const auto group = [known_bits](uint64_t prefix) {
    return prefix << known_bits >> (64 - kGroupBits);
  };
  std::array<uint32_t, (1 << kGroupBits) + 1> ends = {};
  for (const SetChange& change : changes) ++ends[group(KeyWord(change.key, 0)) + 1];
  for (size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  for (size_t i = 0; i < changes.size(); ++i) {
    const uint64_t prefix = KeyWord(changes[i].key, 0);
    order[ends[group(prefix)]++] = {prefix, static_cast<uint32_t>(i)};
  }
  const auto sort = [&](size_t begin, size_t end, auto less) {
    std::sort(order.begin() + static_cast<ptrdiff_t>(begin),
              order.begin() + static_cast<ptrdiff_t>(end), less);
  };
  size_t begin = 0;
  for (size_t end : std::span(ends).first(ends.size() - 1)) {
    sort(begin, end, [](const Place& a, const Place& b) {
      return a.prefix != b.prefix ? a.prefix < b.prefix : a.index < b.index;
    });
    begin = end;
  }
  // 64 bits nearly always decide.
  for (begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && order[end].prefix == order[begin].prefix) ++end;
    if (end - begin > 1) {
      sort(begin, end, [&](const Place& a, const Place& b) {
        const auto keys = changes[a.index].key <=> changes[b.index].key;
        return keys != 0 ? keys < 0 : a.index < b.index;
      });
    }
    begin = end;
  }
  return order;
}

unsigned SetIndex::Merge(std::span<const SetChange> changes,
                         std::span<const Place> order, Page& page, Part& part) const {
  std::vector<Row>& rows = part.rows;
  rows.clear();
  unsigned changed = 0;
  auto kept = page.begin();  // up to here the rows are in `rows`
  auto next = page.begin();  // never goes back: keys can be chosen to fill one page
  for (size_t i = 0; i < order.size(); ++i) {
    const SetChange& change = changes[order[i].index];
    // Of one key's changes the last decides.
    if (i + 1 < order.size() && order[i + 1].prefix == order[i].prefix &&
        changes[order[i + 1].index].key == change.key) {
      continue;
    }
    for (; next != page.end(); ++next) {
      const uint64_t prefix = KeyWord(next->key, 0);
      if (prefix > order[i].prefix) break;
      if (prefix == order[i].prefix && next->key >= change.key) break;
    }
    const bool member = next != page.end() && next->key == change.key;
    if (change.add == member) continue;
    if (order.size() == 1 && !member && page.size() < page.capacity()) {
      // In place: a small batch changes one row of a page, if any.
      page.insert(next, {change.key, change.position});
      part.undo.push_back({change.key, change.position, false});
      ++part.members;
      return BucketBit(change.key);
    }
    rows.insert(rows.end(), kept, next);
    kept = next;
    if (member) {
      part.undo.push_back({change.key, kept->position, true});
      --part.members;
      kept = ++next;
    } else {
      part.undo.push_back({change.key, change.position, false});
      ++part.members;
      rows.push_back({change.key, change.position});
    }
    changed |= BucketBit(change.key);
  }
  if (changed == 0) return 0;
  rows.insert(rows.end(), kept, page.end());
  Store(rows, page);
  return changed;
}

// Inlined, or GCC takes a function that only fetches for one without effect.
[[gnu::always_inline]] inline void SetIndex::Prefetch(
    std::span<const Place> ahead) const {
  if (ahead.size() > 2 * kAhead) {
    __builtin_prefetch(&pages_[PageOf(ahead[2 * kAhead].prefix)]);
  }
  if (ahead.size() > kAhead) {
    const Page& page = pages_[PageOf(ahead[kAhead].prefix)];
    const char* rows = reinterpret_cast<const char*>(page.data());
    const size_t bytes = std::min(page.size() * sizeof(Row), kMostAheadBytes);
    for (size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(rows + at);
  }
}

SetIndex::Part SetIndex::UpdatePart(std::span<const SetChange> changes, size_t number,
                                    unsigned part_bits, bool all) {
  Part part;
  const std::vector<Place> order = Order(changes, part_bits);
  part.buckets.reserve(order.size());
  part.undo.reserve(order.size());
  const size_t first_node = size_t{1} << depth_;
  BucketHasher hasher([&](size_t bucket, const Hash& hash) {
    node(first_node + bucket) = hash;
    part.buckets.push_back(static_cast<uint32_t>(bucket));
  });
  const size_t pages = pages_.size() >> part_bits;
  size_t next = 0;
  for (size_t p = number * pages; p < (number + 1) * pages; ++p) {
    if (!all) {
      if (next == order.size()) break;
      p = PageOf(order[next].prefix);
    }
    size_t end = next;
    for (; end < order.size() && PageOf(order[end].prefix) == p; ++end) {
      Prefetch(std::span(order).subspan(end));
    }
    unsigned changed =
        Merge(changes, std::span(order).subspan(next, end - next), pages_[p], part);
    next = end;
    if (all) changed = ~0u;
    const unsigned bucket_bits = depth_ - page_level();
    size_t row = 0;
    for (unsigned i = 0; changed != 0 && i < 1u << bucket_bits; ++i) {
      const size_t bucket = (p << bucket_bits) + i;
      for (; row < pages_[p].size() && BucketOf(pages_[p][row].key) == bucket; ++row) {
        if (changed >> i & 1) hasher.AddKey(pages_[p][row].key);
      }
      if (changed >> i & 1) hasher.EndBucket(bucket);
    }
  }
  hasher.Flush();
  Raise(part.buckets, depth_, part_bits);
  return part;
}

void SetIndex::Raise(std::vector<uint32_t> changed, unsigned level, unsigned to_level) {
  constexpr size_t kBatch = 128;
  std::array<HashPair, kBatch> pairs;
  std::array<Hash, kBatch> hashes;
  std::array<size_t, kBatch> places;
  while (level-- > to_level) {
    const size_t base = size_t{1} << level;
    for (uint32_t& number : changed) number /= 2;
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    size_t count = 0;
    for (size_t i = 0; i < changed.size(); ++i) {
      if (i + kAhead < changed.size())
        __builtin_prefetch(&nodes_[base + changed[i + kAhead]]);
      const size_t at = base + changed[i];
      const Hash& left = node(2 * at);
      const Hash& right = node(2 * at + 1);
      if (left == kNoSubtree || right == kNoSubtree) {
        node(at) = left == kNoSubtree ? right : left;
      } else {
        pairs[count] = {left.data(), right.data(), static_cast<uint8_t>(level)};
        places[count++] = at;
      }
      if (count < kBatch && i + 1 < changed.size()) continue;
      SetNodes(std::span(pairs).first(count), hashes.data());
      for (size_t j = 0; j < count; ++j) node(places[j]) = hashes[j];
      count = 0;
    }
  }
}

SetIndex::Undo SetIndex::Update(const ChangeQueue::Parts& changes, uint64_t m, bool all,
                                const ParallelFor& parallel) {
  size_t count = 0;
  for (const auto& part : changes) count += part.size();
  const unsigned depth = DepthFor(n_ + count);
  if (depth > depth_) {
    Deepen(depth, parallel);
    all = true;
  }
  constexpr size_t kWorthParts = 1024;
  const unsigned part_bits =
      count < kWorthParts && !all ? 0 : std::min(ChangeQueue::kPartBits, page_level());
  std::vector<Part> parts(size_t{1} << part_bits);
  parallel(parts.size(), [&](size_t i) {
    const unsigned joined = ChangeQueue::kPartBits - part_bits;
    const auto mine = std::span(changes).subspan(i << joined, size_t{1} << joined);
    if (mine.size() == 1) {
      parts[i] = UpdatePart(mine[0], i, part_bits, all);
      return;
    }
    std::vector<SetChange> join;
    for (const auto& some : mine) join.insert(join.end(), some.begin(), some.end());
    parts[i] = UpdatePart(join, i, part_bits, all);
  });
  Undo undo;
  undo.m_ = std::exchange(m_, m);
  std::vector<uint32_t> changed;
  for (size_t i = 0; i < parts.size(); ++i) {
    Part& part = parts[i];
    if (!part.buckets.empty()) changed.push_back(static_cast<uint32_t>(i));
    buckets_written_ += part.buckets.size();
    n_ += static_cast<uint64_t>(part.members);
    undo.parts_.push_back(std::move(part.undo));
  }
  Raise(std::move(changed), part_bits, 0);
  return undo;
}

void SetIndex::Revert(const Undo& undo, const ParallelFor& parallel) {
  std::vector<SetChange> changes;
  for (const std::vector<SetChange>& part : undo.parts_) {
    changes.insert(changes.end(), part.begin(), part.end());
  }
  Update(ChangeQueue(changes).Before(UINT64_MAX), undo.m_, false, parallel);
}

void SetIndex::Deepen(unsigned depth, const ParallelFor& parallel) {
  std::vector<Page> old = std::move(pages_);
  const unsigned old_level = page_level();
  depth_ = depth;
  nodes_ = std::vector<Siblings>();  // before there are twice as many
  nodes_.resize(size_t{1} << depth_);
  const unsigned split = page_level() - old_level;
  pages_ = std::vector<Page>(old.size() << split);
  const unsigned part_bits = std::min(ChangeQueue::kPartBits, old_level);
  const size_t part_pages = old.size() >> part_bits;
  parallel(size_t{1} << part_bits, [&](size_t part) {
    for (size_t i = part * part_pages; i < (part + 1) * part_pages; ++i) {
      if (split == 0) {
        pages_[i] = std::move(old[i]);
        continue;
      }
      for (auto begin = old[i].begin(); begin != old[i].end();) {
        const size_t page = KeyPrefix(begin->key, page_level());
        auto end = begin;
        while (end != old[i].end() && KeyPrefix(end->key, page_level()) == page) ++end;
        pages_[page].reserve(static_cast<size_t>(end - begin) + kSpareRows);
        pages_[page].assign(begin, end);
        begin = end;
      }
      Page().swap(old[i]);  // as we go, so that the rows are never held twice
    }
  });
}

}  // namespace setlog
