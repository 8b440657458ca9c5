// Inclusion and consistency proofs beside RFC 6962 as it is written: honest ones
// verify, and of damaged ones only those that are still the honest proof of what they
// are now said to prove.
#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "log/proof.h"
#include "rfc6962_model.h"

namespace setlog {
namespace {

constexpr uint64_t kDistinct = 20;

// Sizes near each other, of any magnitude.
uint64_t Size(Choices* choices) {
  return choices->Below(2) == 0 ? choices->Below(70) : choices->Number();
}

std::vector<Hash> Planned(Rfc6962Model* tree, const NodeList& plan) {
  std::vector<Hash> hashes;
  for (const NodeId& id : plan.ids) {
    hashes.push_back(tree->Mth(id.index << id.level, uint64_t{1} << id.level));
  }
  return Fold(plan, hashes);
}

void CheckInclusion(Choices choices) {
  Rfc6962Model tree = EndlessTree(kDistinct);
  uint64_t size = Size(&choices), index = Size(&choices);
  if (size == 0 || index >= size) {
    Law(absl::IsOutOfRange(InclusionNodes(index, size).status()), "no such leaf");
    Law(absl::IsOutOfRange(VerifyInclusion(index, size, Hash(), {}, Hash())),
        "no such leaf");
    return;
  }
  std::vector<Hash> path = tree.Path(index, 0, size);
  Law(Planned(&tree, *InclusionNodes(index, size)) == path, "the planned path");
  // Damage; the root stays one that belongs to the size, since a checkpoint binds both.
  if (choices.Below(2)) path = choices.Damaged(path, EntryLeaf(choices.Below(30)));
  if (choices.Below(4) == 1) index = Size(&choices);
  if (choices.Below(4) == 1) size = Size(&choices);
  if (size == 0) return;
  const Hash root = tree.Mth(0, size);
  const Hash wrong_root = choices.Damaged(root);
  if (index >= size) {
    Law(absl::IsOutOfRange(VerifyInclusion(index, size, Hash(), path, root)),
        "no such leaf");
    return;
  }
  const Hash leaf = EntryLeaf(std::min(index, kDistinct));
  const Hash other_leaf = EntryLeaf(choices.Below(30));
  const bool honest = path == tree.Path(index, 0, size);
  Law(VerifyInclusion(index, size, leaf, path, root).ok() == honest,
      "one path leads from a leaf to the root");
  Law(VerifyInclusion(index, size, other_leaf, path, root).ok() ==
          (honest && other_leaf == leaf),
      "and from no other leaf");
  Law(VerifyInclusion(index, size, leaf, path, wrong_root).ok() ==
          (honest && wrong_root == root),
      "and to no other root");
}

void CheckConsistency(Choices choices) {
  Rfc6962Model tree = EndlessTree(kDistinct);
  uint64_t size1 = Size(&choices), size2 = Size(&choices);
  if (choices.Below(2)) size2 += std::min(size1, UINT64_MAX - size2);
  std::vector<Hash> path;
  if (size1 > 0 && size1 <= size2) {
    path = tree.Proof(size1, size2);
    Law(Planned(&tree, *ConsistencyNodes(size1, size2)) == path, "the planned path");
  }
  if (choices.Below(2)) path = choices.Damaged(path, EntryLeaf(choices.Below(30)));
  if (choices.Below(4) == 1) size1 = Size(&choices);
  if (choices.Below(4) == 1) size2 = Size(&choices);
  if (size1 == 0 || size1 > size2) {
    Law(!ConsistencyNodes(size1, size2).ok(), "no such proof");
    Law(!VerifyConsistency(size1, size2, Hash(), Hash(), path).ok(), "no such proof");
    return;
  }
  const Hash root1 = tree.Mth(0, size1), root2 = tree.Mth(0, size2);
  const Hash other1 = choices.Damaged(root1), other2 = choices.Damaged(root2);
  const bool honest = path == tree.Proof(size1, size2);
  Law(VerifyConsistency(size1, size2, root1, root2, path).ok() == honest,
      "one path leads from a tree to a larger one");
  Law(VerifyConsistency(size1, size2, other1, root2, path).ok() ==
          (honest && other1 == root1),
      "and from no other tree");
  Law(VerifyConsistency(size1, size2, root1, other2, path).ok() ==
          (honest && other2 == root2),
      "and to no other");
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return setlog::RunEither(data, size, setlog::CheckInclusion,
                           setlog::CheckConsistency);
}
