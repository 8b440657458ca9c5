// Batch proofs beside the slow model: for a set and queries one byte string is valid;
// and in trees of any shape the rules B1 to B8 decide, here as passes over a tree.
#include <algorithm>
#include <memory>
#include <set>

#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "fuzz/set_model.h"

namespace setlog {
namespace {

std::vector<Hash> Values(Choices* choices, uint64_t most) {
  std::vector<Hash> values;
  for (uint64_t i = 0, n = choices->Below(most + 1); i < n; ++i) {
    values.push_back(ValueN(choices->Below(40)));
  }
  return values;
}

void CheckHonestTree(Choices choices) {
  const SetModel set(Values(&choices, 20));
  const Hash root = set.root();
  std::vector<Hash> queries = Values(&choices, 8);
  std::string proof = set.Batch(queries);
  const auto check = [&](uint64_t count) {
    const bool honest = count == set.n() && proof == set.Batch(queries);
    const auto answer = VerifyBatch(root, count, queries, AsBytes(proof));
    Law(answer.ok() == honest, "one byte string is valid");
    for (size_t i = 0; honest && i < queries.size(); ++i) {
      Law((*answer)[i] == set.Has(queries[i]), "and it tells the truth");
    }
    Law(answer.ok() || absl::IsDataLoss(answer.status()), "invalid is DataLoss");
  };
  check(set.n());
  if (choices.Below(4) == 1)
    queries = choices.Damaged(queries, ValueN(choices.Below(40)));
  check(set.n());
  for (uint64_t i = 0, n = choices.Below(3); i < n; ++i) proof = choices.Damaged(proof);
  check(choices.Below(4) ? set.n() : choices.Number());
}

struct Item {
  BatchItem type;
  uint8_t bit = 0;
  Hash value;  // SIBLING: the hash
  std::unique_ptr<Item> sides[2];
};

std::unique_ptr<Item> Grow(Choices* choices, int depth, unsigned bit) {
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

std::string BytesOf(const Item& item) {
  std::string bytes(1, static_cast<char>(item.type));
  if (item.type != kBranchItem) return bytes.append(AsText(item.value));
  bytes.push_back(static_cast<char>(item.bit));
  return bytes + BytesOf(*item.sides[0]) + BytesOf(*item.sides[1]);
}

Hash HashOfItem(const Item& item) {
  if (item.type == kSiblingItem) return item.value;
  if (item.type == kLeafItem) return SetModel::Key(item.value);
  return SetModel::Node(item.bit, HashOfItem(*item.sides[0]),
                        HashOfItem(*item.sides[1]));
}

void CollectLeaves(const Item& item, std::vector<Hash>* keys, uint64_t* siblings) {
  if (item.type == kLeafItem) keys->push_back(SetModel::Key(item.value));
  if (item.type == kSiblingItem) ++*siblings;
  for (const auto& side : item.sides) {
    if (side) CollectLeaves(*side, keys, siblings);
  }
}

unsigned FirstDifference(const Hash& a, const Hash& b) {
  unsigned bit = 0;
  while (bit < 256 && SetModel::Bit(a, bit) == SetModel::Bit(b, bit)) ++bit;
  return bit;
}

// B3 to B6 of one item and all below it.
bool Follows(const Item& item, const std::vector<Hash>& queries, int last_bit) {
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

void CheckAnyTree(Choices choices) {
  const std::unique_ptr<Item> top = Grow(&choices, 4, 0);
  std::vector<Hash> queries = Values(&choices, 6), keys;
  for (const Hash& query : queries) keys.push_back(SetModel::Key(query));
  std::vector<Hash> leaves;
  uint64_t siblings = 0;
  CollectLeaves(*top, &leaves, &siblings);
  const uint64_t shown = leaves.size() + siblings;
  const uint64_t count = 1 + shown + choices.Below(4) - std::min<uint64_t>(shown, 2);

  const bool valid = Follows(*top, keys, -1) && shown <= count &&
                     (siblings > 0 || leaves.size() == count);
  const std::string proof = BytesOf(*top);
  const auto answer = VerifyBatch(SetModel::RootOf(count, HashOfItem(*top)), count,
                                  queries, AsBytes(proof));
  Law(answer.ok() == valid, "the rules and nothing else decide");
  for (size_t i = 0; answer.ok() && i < queries.size(); ++i) {
    Law((*answer)[i] == (std::ranges::count(leaves, keys[i]) > 0), "present is a leaf");
  }
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return setlog::RunEither(data, size, setlog::CheckHonestTree, setlog::CheckAnyTree);
}
