// Batch proofs beside the slow model: for a set and queries one byte string is valid;
// and in trees of any shape the rules B1 to B8 decide, here as passes over a tree.
#include <algorithm>

#include "fuzz/batch_tree.h"
#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "fuzz/set_model.h"

namespace setlog {
namespace {

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

void CheckAnyTree(Choices choices) {
  const std::unique_ptr<Item> top = Grow(&choices, 4, 0);
  std::vector<Hash> queries = Values(&choices, 6), keys;
  for (const Hash& query : queries) keys.push_back(SetModel::Key(query));
  std::vector<Hash> leaves;
  uint64_t siblings = 0;
  CollectLeaves(*top, &leaves, &siblings);
  const uint64_t count = CountFor(&choices, leaves.size() + siblings);
  const bool valid = MayBeProof(*top, keys, count);
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
