// tests/fuzz/batch_tree.h -- batch proofs as trees of items, of any shape, and the
// rules B3 to B7 of docs/format.md as passes over such a tree.
//
//   const std::unique_ptr<Item> top = Grow(&choices, 4, 0);
//   const std::string proof = BytesOf(*top);
//   if (MayBeProof(*top, keys, count)) ...   // of HashOfItem(*top), for these keys
#ifndef SETLOG_TESTS_FUZZ_BATCH_TREE_H_
#define SETLOG_TESTS_FUZZ_BATCH_TREE_H_

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/choices.h"
#include "fuzz/set_model.h"
#include "log/set_proof.h"

namespace setlog {

inline std::vector<Hash> Values(Choices* choices, uint64_t most) {
  std::vector<Hash> values;
  for (uint64_t i = 0, n = choices->Below(most + 1); i < n; ++i) {
    values.push_back(ValueN(choices->Below(40)));
  }
  return values;
}

struct Item {
  BatchItem type;
  uint8_t bit = 0;
  Hash value;  // SIBLING: the hash
  std::unique_ptr<Item> sides[2];
};

inline std::unique_ptr<Item> Grow(Choices* choices, int depth, unsigned bit) {
  auto item = std::make_unique<Item>();
  item->type = static_cast<BatchItem>(depth == 0 ? 2 * choices->Below(2)
                                                 : choices->Below(8) % 5 % 3);
  item->value = ValueN(choices->Below(40));
  if (item->type == kBranchItem) {
    item->bit = static_cast<uint8_t>(bit + choices->Below(5));
    for (auto& side : item->sides) side = Grow(choices, depth - 1, item->bit + 1u);
  }
  return item;
}

inline std::string BytesOf(const Item& item) {
  std::string bytes(1, static_cast<char>(item.type));
  if (item.type != kBranchItem) return bytes.append(AsText(item.value));
  bytes.push_back(static_cast<char>(item.bit));
  return bytes + BytesOf(*item.sides[0]) + BytesOf(*item.sides[1]);
}

inline Hash HashOfItem(const Item& item) {
  if (item.type == kSiblingItem) return item.value;
  if (item.type == kLeafItem) return SetModel::Key(item.value);
  return SetModel::Node(item.bit, HashOfItem(*item.sides[0]),
                        HashOfItem(*item.sides[1]));
}

inline void CollectLeaves(const Item& item, std::vector<Hash>* keys,
                          uint64_t* siblings) {
  if (item.type == kLeafItem) keys->push_back(SetModel::Key(item.value));
  if (item.type == kSiblingItem) ++*siblings;
  for (const auto& side : item.sides) {
    if (side) CollectLeaves(*side, keys, siblings);
  }
}

inline unsigned FirstDifference(const Hash& a, const Hash& b) {
  unsigned bit = 0;
  while (bit < 256 && SetModel::Bit(a, bit) == SetModel::Bit(b, bit)) ++bit;
  return bit;
}

// B3 to B6 of one item and all below it.
inline bool Follows(const Item& item, const std::vector<Hash>& queries, int last_bit) {
  if (queries.empty() != (item.type == kSiblingItem)) return false;
  if (item.type != kBranchItem) return true;
  if (item.bit <= last_bit) return false;
  std::vector<Hash> leaves[2];
  for (int side = 0; side < 2; ++side) {
    std::vector<Hash> here;
    for (const Hash& key : queries) {
      if (SetModel::Bit(key, item.bit) == (side == 1)) here.push_back(key);
    }
    if (!Follows(*item.sides[side], here, item.bit)) return false;
    uint64_t siblings = 0;
    CollectLeaves(*item.sides[side], &leaves[side], &siblings);
    for (const Hash& key : leaves[side]) {
      if (SetModel::Bit(key, item.bit) != (side == 1)) return false;
    }
  }
  for (const Hash& a : leaves[0]) {
    for (const Hash& b : leaves[1]) {
      if (FirstDifference(a, b) != item.bit) return false;
    }
  }
  return true;
}

// Whether the tree is a proof for these queries in a set of `count` members.
inline bool MayBeProof(const Item& top, const std::vector<Hash>& keys, uint64_t count) {
  std::vector<Hash> leaves;
  uint64_t siblings = 0;
  CollectLeaves(top, &leaves, &siblings);
  return Follows(top, keys, -1) && leaves.size() + siblings <= count &&
         (siblings > 0 || leaves.size() == count);
}

// How many members a tree that shows so many items may say it has; too few, too.
inline uint64_t CountFor(Choices* choices, uint64_t shown) {
  return 1 + shown + choices->Below(4) - std::min<uint64_t>(shown, 2);
}

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_BATCH_TREE_H_
