#include "log/followed_set.h"

#include <algorithm>
#include <utility>

#include "log/set_tree.h"

namespace setlog {

absl::StatusOr<FollowedSet> FollowedSet::Open(const Hash& root, uint64_t count,
                                              std::span<const Hash> keys, Bytes proof) {
  if (count > UINT64_MAX - keys.size()) {
    return absl::InvalidArgumentError("too many members");
  }
  absl::StatusOr<PartialSet> opened = PartialSet::Open(root, count, keys, proof);
  if (!opened.ok()) return opened.status();
  FollowedSet followed;
  followed.count_ = count;
  followed.set_ = *std::move(opened);
  PartialSet& set = followed.set_;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (set.Contains(i)) continue;
    if (absl::Status s = set.Insert(keys[i]); !s.ok()) return s;
  }
  const std::vector<PartialSet::Item>& items = set.items_;
  followed.parents_.assign(items.size(), kNone);
  followed.live_.assign(items.size(), true);
  followed.stale_.assign(items.size(), false);
  for (uint32_t i = 0; i < items.size(); ++i) {
    if (items[i].kind != PartialSet::Kind::kBranch) continue;
    for (uint32_t side : items[i].sides) followed.parents_[side] = i;
  }
  followed.leaves_.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    uint32_t leaf = set.top_;
    while (items[leaf].kind == PartialSet::Kind::kBranch) {
      leaf = items[leaf].sides[KeyBit(keys[i], items[leaf].bit)];
    }
    followed.leaves_.push_back(leaf);
    if (set.Contains(i)) continue;
    // Counted as it is now, absent; its path is to be hashed without it.
    followed.live_[leaf] = false;
    followed.MarkPath(leaf);
  }
  return followed;
}

void FollowedSet::Set(size_t place, bool member) {
  const uint32_t leaf = leaves_[place];
  if (live_[leaf] == member) return;
  live_[leaf] = member;
  count_ += member ? 1 : -1;
  MarkPath(leaf);
}

void FollowedSet::MarkPath(uint32_t item) {
  for (item = parents_[item]; item != kNone && !stale_[item]; item = parents_[item]) {
    stale_[item] = true;
    stale_by_bit_[set_.items_[item].bit].push_back(item);
  }
}

void FollowedSet::Update(std::span<const uint32_t> branches) {
  constexpr size_t kBatch = 256;
  std::array<HashPair, kBatch> pairs;
  std::array<uint32_t, kBatch> full;
  std::array<Hash, kBatch> nodes;
  size_t width = 0;
  const auto flush = [&] {
    SetNodes(std::span(pairs).first(width), nodes.data());
    for (size_t i = 0; i < width; ++i) set_.items_[full[i]].hash = nodes[i];
    width = 0;
  };
  for (uint32_t branch : branches) {
    PartialSet::Item& item = set_.items_[branch];
    const auto [zero, one] = std::pair(item.sides[0], item.sides[1]);
    stale_[branch] = false;
    live_[branch] = live_[zero] || live_[one];
    if (live_[zero] && live_[one]) {
      pairs[width] = {set_.items_[zero].hash.data(), set_.items_[one].hash.data(),
                      item.bit};
      full[width++] = branch;
      if (width == kBatch) flush();
    } else {
      item.hash = set_.items_[live_[zero] ? zero : one].hash;
    }
  }
  if (width > 0) flush();
}

Hash FollowedSet::Root() {
  // Bits increase on every way down: what is below has a greater one.
  for (size_t bit = stale_by_bit_.size(); bit-- > 0;) {
    Update(stale_by_bit_[bit]);
    stale_by_bit_[bit].clear();
  }
  return SetRoot(count_, set_.empty() ? Hash() : set_.items_[set_.top_].hash);
}

}  // namespace setlog
