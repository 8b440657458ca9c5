#include "log/partial_set.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

#include "log/set_proof.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

absl::Status Invalid(const char* what) {
  return absl::DataLossError(std::string("proof does not verify: ") + what);
}

}  // namespace

// The walk of the batch rules B2..B7. Recursion is at most 257 deep, because branch
// bits strictly increase.
class PartialSet::Walk {
 public:
  Walk(std::span<const Hash> keys, Bytes proof, PartialSet* set)
      : rest_(proof), keys_(keys), set_(*set) {}

  absl::Status Run() {
    // Item numbers are 32 bits; the smallest item has two bytes.
    if (rest_.size() / 2 >= kNone) return Invalid("too long");
    std::vector<uint32_t> all(keys_.size());
    std::iota(all.begin(), all.end(), 0);
    absl::StatusOr<Subtree> top = Next(all);
    if (!top.ok()) return top.status();
    if (!rest_.empty()) return Invalid("bytes after the last item");
    set_.top_ = top->item;
    return absl::OkStatus();
  }

  uint64_t leaves() const { return leaves_; }
  uint64_t siblings() const { return siblings_; }

 private:
  struct Subtree {
    uint32_t item;
    std::optional<Hash> some_leaf_key;
  };
  struct Step {
    uint8_t bit;
    bool side;
  };

  uint32_t Store(const Item& item) {
    set_.items_.push_back(item);
    return static_cast<uint32_t>(set_.items_.size() - 1);
  }

  // `queries`: places in keys_, in any order.
  absl::StatusOr<Subtree> Next(std::span<uint32_t> queries) {
    if (rest_.empty()) return Invalid("an item is missing");
    const uint8_t item = rest_[0];
    rest_ = rest_.subspan(1);
    if (queries.empty() != (item == kSiblingItem)) {
      return Invalid("opened where no query goes, or closed where one does");
    }
    switch (item) {
      case kSiblingItem:
        return NextSibling();
      case kBranchItem:
        return NextBranch(queries);
      case kLeafItem:
        return NextLeaf(queries);
      default:
        return Invalid("unknown item");
    }
  }

  absl::StatusOr<Subtree> NextSibling() {
    if (rest_.size() < Hash::kSize) return Invalid("an item is cut short");
    const Hash hash = HashFromBytes(rest_);
    rest_ = rest_.subspan(Hash::kSize);
    ++siblings_;
    return Subtree{Store({.kind = Kind::kSibling, .hash = hash}), std::nullopt};
  }

  absl::StatusOr<Subtree> NextBranch(std::span<uint32_t> queries) {
    if (rest_.empty()) return Invalid("an item is cut short");
    const uint8_t bit = rest_[0];
    rest_ = rest_.subspan(1);
    if (!path_.empty() && bit <= path_.back().bit) {
      return Invalid("branch bits do not increase");
    }
    const uint32_t branch = Store({.kind = Kind::kBranch, .bit = bit});
    // Every key is tested: keys of absent records may differ before this bit, so the
    // sorted keys are not contiguous by it.
    const auto middle =
        std::partition(queries.begin(), queries.end(),
                       [&](uint32_t query) { return !KeyBit(keys_[query], bit); });
    const size_t left_count = static_cast<size_t>(middle - queries.begin());
    const std::span<uint32_t> parts[2] = {queries.first(left_count),
                                          queries.subspan(left_count)};
    std::optional<Hash> leaf_keys[2];
    for (int side = 0; side < 2; ++side) {
      path_.push_back({bit, side == 1});
      const absl::StatusOr<Subtree> child = Next(parts[side]);
      path_.pop_back();
      if (!child.ok()) return child.status();
      set_.items_[branch].sides[side] = child->item;
      leaf_keys[side] = child->some_leaf_key;
    }
    if (leaf_keys[0] && leaf_keys[1] &&
        FirstDifferentBit(*leaf_keys[0], *leaf_keys[1]) != bit) {
      return Invalid("leaves on the two sides of a branch differ at another bit");
    }
    return Subtree{branch, leaf_keys[0] ? leaf_keys[0] : leaf_keys[1]};
  }

  absl::StatusOr<Subtree> NextLeaf(std::span<const uint32_t> queries) {
    if (rest_.size() < Hash::kSize) return Invalid("an item is cut short");
    const Hash key = SetKey(HashFromBytes(rest_));
    rest_ = rest_.subspan(Hash::kSize);
    ++leaves_;
    for (const Step& step : path_) {
      if (KeyBit(key, step.bit) != step.side) {
        return Invalid("a leaf hangs on the wrong side of a branch");
      }
    }
    for (uint32_t query : queries) set_.present_[query] = keys_[query] == key;
    return Subtree{Store({.kind = Kind::kLeaf, .hash = key}), key};
  }

  Bytes rest_;
  const std::span<const Hash> keys_;
  PartialSet& set_;
  std::vector<Step> path_;
  uint64_t leaves_ = 0;
  uint64_t siblings_ = 0;
};

absl::StatusOr<PartialSet> PartialSet::Open(const Hash& root, uint64_t count,
                                            std::span<const Hash> keys, Bytes proof) {
  PartialSet set;
  set.present_.assign(keys.size(), false);
  if (count == 0) {
    if (!proof.empty()) return Invalid("an empty set with items");
    if (root != EmptySetRoot()) return Invalid("the set root differs");
    return set;
  }
  Walk walk(keys, proof, &set);
  if (absl::Status s = walk.Run(); !s.ok()) return s;
  const uint64_t shown = walk.leaves() + walk.siblings();
  if (shown > count || (walk.siblings() == 0 && walk.leaves() != count)) {
    return Invalid("the items do not fit the count");
  }
  if (set.Root(count) != root) return Invalid("the set root differs");
  return set;
}

absl::Status PartialSet::Insert(const Hash& key) {
  if (removed_) return absl::FailedPreconditionError("an insertion after a removal");
  if (empty()) {
    items_.push_back({.kind = Kind::kLeaf, .hash = key});
    top_ = static_cast<uint32_t>(items_.size() - 1);
    return absl::OkStatus();
  }
  uint32_t leaf = top_;
  while (items_[leaf].kind == Kind::kBranch) {
    leaf = items_[leaf].sides[KeyBit(key, items_[leaf].bit)];
  }
  if (items_[leaf].kind != Kind::kLeaf) {
    return absl::FailedPreconditionError("insertion of a key that was not opened");
  }
  const unsigned bit = FirstDifferentBit(key, items_[leaf].hash);
  if (bit > 255) return absl::FailedPreconditionError("insertion of a member");
  if (items_.size() > kNone - 2) return absl::ResourceExhaustedError("too many items");

  // The first item on the key's path below which all keys agree in `bit`.
  uint32_t* link = &top_;
  while (items_[*link].kind == Kind::kBranch && items_[*link].bit < bit) {
    link = &items_[*link].sides[KeyBit(key, items_[*link].bit)];
  }
  const uint32_t added = static_cast<uint32_t>(items_.size());
  const bool side = KeyBit(key, bit);
  Item branch{.kind = Kind::kBranch, .bit = static_cast<uint8_t>(bit)};
  branch.sides[side] = added;
  branch.sides[!side] = *link;
  *link = added + 1;  // before the items move
  items_.push_back({.kind = Kind::kLeaf, .hash = key});
  items_.push_back(branch);
  return absl::OkStatus();
}

absl::Status PartialSet::Remove(const Hash& key) {
  removed_ = true;
  uint32_t* parent = nullptr;
  uint32_t* link = &top_;
  while (*link != kNone && items_[*link].kind == Kind::kBranch) {
    parent = link;
    link = &items_[*link].sides[KeyBit(key, items_[*link].bit)];
  }
  if (*link == kNone || items_[*link].kind != Kind::kLeaf ||
      items_[*link].hash != key) {
    return absl::FailedPreconditionError("removal of what is not an open member");
  }
  if (parent == nullptr) {
    top_ = kNone;
    return absl::OkStatus();
  }
  // The branch becomes its other side, open or not.
  const Item& branch = items_[*parent];
  *parent = branch.sides[link == &branch.sides[0] ? 1 : 0];
  return absl::OkStatus();
}

Hash PartialSet::Root(uint64_t count) const {
  if (empty()) return SetRoot(count, Hash());
  // Branches level by level from the top; hashed from the last level up, each level in
  // one go because its children are done.
  std::vector<std::vector<uint32_t>> levels(1, {top_});
  while (!levels.back().empty()) {
    std::vector<uint32_t> next;
    for (uint32_t item : levels.back()) {
      if (items_[item].kind != Kind::kBranch) continue;
      next.insert(next.end(), items_[item].sides, items_[item].sides + 2);
    }
    levels.push_back(std::move(next));
  }
  std::vector<Hash> below;
  std::vector<Hash> hashes;
  for (auto level = levels.rbegin() + 1; level != levels.rend(); ++level) {
    hashes.clear();
    size_t child = 0;
    for (uint32_t item : *level) {
      if (items_[item].kind == Kind::kBranch) {
        hashes.push_back(SetNode(items_[item].bit, below[child], below[child + 1]));
        child += 2;
      } else {
        hashes.push_back(items_[item].hash);
      }
    }
    std::swap(below, hashes);
  }
  return SetRoot(count, below[0]);
}

}  // namespace setlog
