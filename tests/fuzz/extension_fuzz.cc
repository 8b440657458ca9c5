// Extension proofs beside the slow model: for a set and entries one byte string is
// valid, and it shows the set that they lead to; and in trees of any shape, which prove
// nothing but what they show, the rules E0 to E6 decide, here as changes of a tree.
#include <algorithm>
#include <utility>

#include "fuzz/batch_tree.h"
#include "fuzz/law.h"
#include "fuzz/replay_model.h"
#include "log/extension.h"

namespace setlog {
namespace {

struct Between {
  uint64_t begin = 0;
  std::vector<std::string> entries;

  bool WellFormed() const {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (!MayStandAt(entries[i], begin + i)) return false;
    }
    return true;
  }
  // By key: the value, and whether it is in the set at the end.
  std::map<Hash, std::pair<Hash, bool>> Touched() const {
    std::map<Hash, std::pair<Hash, bool>> touched;
    for (const auto& [value, add] : LastEvents(entries)) {
      touched[SetModel::Key(value)] = {value, add};
    }
    return touched;
  }
  std::vector<Hash> Values() const {
    std::vector<Hash> values;
    for (const auto& [value, add] : LastEvents(entries)) values.push_back(value);
    return values;
  }
};

std::string SomeEntry(Choices* choices, uint64_t position) {
  if (position == 0 && choices->Below(8) < 7) return Encode(ManifestEntry{"{}"});
  const uint64_t kind = choices->Below(32);
  if (kind < 16) return Encode(AddEntry{ValueN(choices->Below(40))});
  if (kind < 28) return Encode(RemoveEntry{ValueN(choices->Below(40))});
  const uint64_t m = position - choices->Below(3) + choices->Below(2);
  if (kind < 30) return Encode(IndexEntry{m, choices->Below(3), ValueN(0)});
  if (kind < 31) return Encode(TagEntry{m, "v1"});
  return choices->Text(choices->Below(40));
}

Between SomeEntries(Choices* choices) {
  Between between;
  between.begin =
      choices->Below(4) ? choices->Below(30) : choices->Number() >> 1;  // no overflow
  for (uint64_t i = 0, n = choices->Below(9); i < n; ++i) {
    between.entries.push_back(SomeEntry(choices, between.begin + i));
  }
  return between;
}

// What the set is after the entries.
struct Outcome {
  uint64_t n = 0;
  Hash root;
  std::vector<bool> was_present;
};

// Changes what `after` says, or not.
IndexEntry MaybeWrong(Choices* choices, IndexEntry after) {
  switch (choices->Below(8)) {
    case 0:
      after.m += choices->Below(3) - 1;
      break;
    case 1:
      after.n = choices->Below(20);
      break;
    case 2:
      after.set_root = choices->Damaged(after.set_root);
      break;
    default:
      break;
  }
  return after;
}

void Check(const Between& between, const IndexEntry& before, const IndexEntry& after,
           const std::string& proof, bool valid, const Outcome& outcome) {
  valid = valid && between.WellFormed() &&
          after.m == between.begin + between.entries.size() &&
          (before.m > 0 || before == IndexEntry{0, 0, SetModel({}).root()});
  std::vector<Bytes> views;
  for (const std::string& entry : between.entries) views.push_back(AsBytes(entry));
  const auto shown = VerifyExtension(before, after, views, AsBytes(proof));
  Law(shown.ok() == valid, "the rules and nothing else decide");
  if (!shown.ok()) {
    Law(absl::IsInvalidArgument(shown.status()) || absl::IsDataLoss(shown.status()),
        "what proves nothing is InvalidArgument or DataLoss");
    return;
  }
  Law(shown->n == outcome.n && shown->root == outcome.root,
      "it shows the set that the entries lead to");
  Law(shown->was_present == outcome.was_present, "and what was in it before");
  Law(shown->contradiction.has_value() ==
          (after.n != outcome.n || after.set_root != outcome.root),
      "and whether the later index entry says so");
}

void CheckHonestSet(Choices choices) {
  std::vector<Hash> members = Values(&choices, 12);
  Between between = SomeEntries(&choices);
  if (choices.Below(3) == 0) {
    between.begin = 0;
    if (choices.Below(8)) members.clear();
    if (between.entries.empty() || choices.Below(8)) {
      between.entries.insert(between.entries.begin(), SomeEntry(&choices, 0));
    }
  }
  const SetModel set(members);
  Outcome outcome;
  for (const auto& [key, touch] : between.Touched()) {
    const auto& [value, add] = touch;
    outcome.was_present.push_back(set.Has(value));
    std::erase(members, value);
    if (add) members.push_back(value);
  }
  const SetModel then(members);
  outcome.n = then.n();
  outcome.root = then.root();

  const IndexEntry honest{between.begin, set.n(), set.root()};
  const std::string honest_proof = set.Batch(between.Values());
  IndexEntry before = honest;
  std::string proof = honest_proof;
  IndexEntry after{between.begin + between.entries.size(), outcome.n, outcome.root};
  const auto check = [&] {
    Check(between, before, after, proof, before == honest && proof == honest_proof,
          outcome);
  };
  check();
  after = MaybeWrong(&choices, after);
  check();
  if (choices.Below(4) == 0) before.n = choices.Number();
  if (choices.Below(4) == 0) before.set_root = choices.Damaged(before.set_root);
  for (uint64_t i = 0, n = choices.Below(3); i < n; ++i) proof = choices.Damaged(proof);
  check();
}

using Tree = std::unique_ptr<Item>;

// E4, as it is written.
void Insert(Tree* top, const Hash& value) {
  const Hash key = SetModel::Key(value);
  const Item* leaf = top->get();
  while (leaf->type == kBranchItem)
    leaf = leaf->sides[SetModel::Bit(key, leaf->bit)].get();
  const unsigned x = FirstDifference(key, SetModel::Key(leaf->value));
  Tree* place = top;
  while ((*place)->type == kBranchItem && (*place)->bit <= x) {
    place = &(*place)->sides[SetModel::Bit(key, (*place)->bit)];
  }
  auto branch = std::make_unique<Item>();
  branch->type = kBranchItem;
  branch->bit = static_cast<uint8_t>(x);
  auto added = std::make_unique<Item>();
  added->type = kLeafItem;
  added->value = value;
  const bool side = SetModel::Bit(key, x);
  branch->sides[side] = std::move(added);
  branch->sides[!side] = std::move(*place);
  *place = std::move(branch);
}

void Remove(Tree* top, const Hash& value) {
  const Hash key = SetModel::Key(value);
  Tree* above = nullptr;
  Tree* place = top;
  while ((*place)->type == kBranchItem) {
    above = place;
    place = &(*place)->sides[SetModel::Bit(key, (*place)->bit)];
  }
  if (above == nullptr) {
    top->reset();
    return;
  }
  Tree other = std::move((*above)->sides[!SetModel::Bit(key, (*above)->bit)]);
  *above = std::move(other);
}

void CheckAnyTree(Choices choices) {
  Tree top = Grow(&choices, 4, 0);
  const Between between = SomeEntries(&choices);
  std::vector<Hash> keys, leaves;
  for (const auto& [key, touch] : between.Touched()) keys.push_back(key);
  uint64_t siblings = 0;
  CollectLeaves(*top, &leaves, &siblings);
  const uint64_t count = CountFor(&choices, leaves.size() + siblings);
  const IndexEntry before{between.begin, count,
                          SetModel::RootOf(count, HashOfItem(*top))};
  const bool valid = MayBeProof(*top, keys, count);
  const std::string proof = BytesOf(*top);

  Outcome outcome{.n = count};
  for (const auto& [key, touch] : between.Touched()) {
    outcome.was_present.push_back(std::ranges::count(leaves, key) > 0);
  }
  // Of a tree that follows no rule there is no outcome.
  for (bool adding : {true, false}) {
    size_t i = 0;
    for (const auto& [key, touch] : between.Touched()) {
      const auto& [value, add] = touch;
      const bool changes = outcome.was_present[i++] != add;
      if (!valid || add != adding || !changes) continue;
      add ? Insert(&top, value) : Remove(&top, value);
      outcome.n += add ? 1 : -1;
    }
  }
  outcome.root = top == nullptr ? SetModel({}).root()
                                : SetModel::RootOf(outcome.n, HashOfItem(*top));
  const IndexEntry after{between.begin + between.entries.size(), outcome.n,
                         outcome.root};
  Check(between, before, after, proof, valid, outcome);
  Check(between, before, MaybeWrong(&choices, after), proof, valid, outcome);
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return setlog::RunEither(data, size, setlog::CheckHonestSet, setlog::CheckAnyTree);
}
