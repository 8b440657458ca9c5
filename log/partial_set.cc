#include "log/partial_set.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

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
    // Where the paths fork there are two bytes of branch to 33 of leaf or sibling.
    set_.items_.reserve(rest_.size() / 16);
    HashLeaves();
    std::vector<uint32_t> all(keys_.size());
    std::iota(all.begin(), all.end(), 0);
    const Subtree top = Next({all, true}, -1);
    if (error_ != nullptr) return Invalid(error_);
    if (!rest_.empty()) return Invalid("bytes after the last item");
    set_.top_ = top.item;
    return absl::OkStatus();
  }

  uint64_t leaves() const { return leaves_; }
  uint64_t siblings() const { return siblings_; }

 private:
  // An item and any one leaf below it, if there is one; nothing after an error.
  struct Subtree {
    uint32_t item = kNone;
    uint32_t some_leaf = kNone;
  };
  // Places in keys_.
  struct Queries {
    std::span<uint32_t> places;
    bool rising;  // as the keys do
  };

  Subtree Fail(const char* what) {
    error_ = what;
    return {};
  }

  uint32_t Store(const Item& item) {
    set_.items_.push_back(item);
    return static_cast<uint32_t>(set_.items_.size() - 1);
  }

  // The keys of all leaves in one kernel call. Items follow one another without gaps,
  // so it sees those that the walk will; at anything else the walk fails.
  void HashLeaves() {
    std::vector<Hash> values;
    for (Bytes rest = rest_; !rest.empty();) {
      const size_t length = rest[0] == kBranchItem ? 2 : 1 + Hash::kSize;
      if (rest[0] > kLeafItem || rest.size() < length) break;
      if (rest[0] == kLeafItem) values.push_back(HashFromBytes(rest.subspan(1)));
      rest = rest.subspan(length);
    }
    leaf_keys_ = SetKeys(values);
  }

  Subtree Next(Queries queries, int parent_bit) {
    if (rest_.empty()) return Fail("an item is missing");
    const uint8_t item = rest_[0];
    rest_ = rest_.subspan(1);
    if (queries.places.empty() != (item == kSiblingItem)) {
      return Fail("opened where no query goes, or closed where one does");
    }
    switch (item) {
      case kSiblingItem:
        return NextSibling();
      case kBranchItem:
        return NextBranch(queries, parent_bit);
      case kLeafItem:
        return NextLeaf(queries);
      default:
        return Fail("unknown item");
    }
  }

  Subtree NextSibling() {
    if (rest_.size() < Hash::kSize) return Fail("an item is cut short");
    const Hash hash = HashFromBytes(rest_);
    rest_ = rest_.subspan(Hash::kSize);
    ++siblings_;
    return {.item = Store({.kind = Kind::kSibling, .hash = hash})};
  }

  // Parts the queries by this bit of their keys, returns how many have it clear. Keys
  // of absent records may differ before this bit: only where those of the first and
  // the last agree up to it are the sorted keys contiguous by it.
  size_t Part(Queries* queries, uint8_t bit) const {
    const std::span<uint32_t> places = queries->places;
    const auto clear = [&](uint32_t query) { return !KeyBit(keys_[query], bit); };
    if (queries->rising &&
        FirstDifferentBit(keys_[places.front()], keys_[places.back()]) >= bit) {
      return static_cast<size_t>(
          std::partition_point(places.begin(), places.end(), clear) - places.begin());
    }
    queries->rising = false;
    return static_cast<size_t>(std::partition(places.begin(), places.end(), clear) -
                               places.begin());
  }

  Subtree NextBranch(Queries queries, int parent_bit) {
    if (rest_.empty()) return Fail("an item is cut short");
    const uint8_t bit = rest_[0];
    rest_ = rest_.subspan(1);
    if (bit <= parent_bit) return Fail("branch bits do not increase");
    const uint32_t branch = Store({.kind = Kind::kBranch, .bit = bit});
    const size_t left = Part(&queries, bit);
    const uint8_t mask = static_cast<uint8_t>(0x80 >> (bit & 7));
    path_bits_.bytes[bit >> 3] |= mask;
    const Subtree zero = Next({queries.places.first(left), queries.rising}, bit);
    if (error_ != nullptr) return {};
    path_sides_.bytes[bit >> 3] |= mask;
    const Subtree one = Next({queries.places.subspan(left), queries.rising}, bit);
    if (error_ != nullptr) return {};
    path_bits_.bytes[bit >> 3] &= static_cast<uint8_t>(~mask);
    path_sides_.bytes[bit >> 3] &= static_cast<uint8_t>(~mask);
    set_.items_[branch].sides[0] = zero.item;
    set_.items_[branch].sides[1] = one.item;
    if (zero.some_leaf == kNone) return {branch, one.some_leaf};
    if (one.some_leaf != kNone &&
        FirstDifferentBit(set_.items_[zero.some_leaf].hash,
                          set_.items_[one.some_leaf].hash) != bit) {
      return Fail("leaves on the two sides of a branch differ at another bit");
    }
    return {branch, zero.some_leaf};
  }

  Subtree NextLeaf(const Queries& queries) {
    if (rest_.size() < Hash::kSize) return Fail("an item is cut short");
    rest_ = rest_.subspan(Hash::kSize);
    const Hash& key = leaf_keys_[leaves_++];
    uint8_t astray = 0;
    for (size_t i = 0; i < Hash::kSize; ++i) {
      astray |= (key.bytes[i] ^ path_sides_.bytes[i]) & path_bits_.bytes[i];
    }
    if (astray != 0) return Fail("a leaf hangs on the wrong side of a branch");
    for (uint32_t query : queries.places) set_.present_[query] = keys_[query] == key;
    const uint32_t leaf = Store({.kind = Kind::kLeaf, .hash = key});
    return {leaf, leaf};
  }

  Bytes rest_;
  const std::span<const Hash> keys_;
  PartialSet& set_;
  std::vector<Hash> leaf_keys_;
  // The way down to here: the bits of the branches, and those of them taken to the one.
  Hash path_bits_;
  Hash path_sides_;
  uint64_t leaves_ = 0;
  uint64_t siblings_ = 0;
  const char* error_ = nullptr;
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

Hash PartialSet::Root(uint64_t count) {
  if (empty()) return SetRoot(count, Hash());
  // Branches level by level from the top; hashed from the last level up, because the
  // children of a level are done then.
  std::vector<uint32_t> branches;
  std::vector<size_t> levels = {0};
  const auto visit = [&](uint32_t item) {
    if (items_[item].kind == Kind::kBranch) branches.push_back(item);
  };
  visit(top_);
  while (branches.size() > levels.back()) {
    const size_t end = branches.size();
    for (size_t i = levels.back(); i < end; ++i) {
      const Item& branch = items_[branches[i]];
      visit(branch.sides[0]);
      visit(branch.sides[1]);
    }
    levels.push_back(end);
  }
  constexpr size_t kBatch = 256;
  std::array<HashPair, kBatch> pairs;
  std::array<Hash, kBatch> nodes;
  for (size_t level = levels.size(); level-- > 1;) {
    const size_t end = levels[level];
    for (size_t begin = levels[level - 1]; begin < end; begin += kBatch) {
      const size_t width = std::min(kBatch, end - begin);
      for (size_t i = 0; i < width; ++i) {
        const Item& branch = items_[branches[begin + i]];
        pairs[i] = {items_[branch.sides[0]].hash.data(),
                    items_[branch.sides[1]].hash.data(), branch.bit};
      }
      SetNodes(std::span(pairs).first(width), nodes.data());
      for (size_t i = 0; i < width; ++i) items_[branches[begin + i]].hash = nodes[i];
    }
  }
  return SetRoot(count, items_[top_].hash);
}

}  // namespace setlog
