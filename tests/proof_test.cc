#include "log/proof.h"

#include <algorithm>
#include <functional>
#include <random>

#include "rfc6962_model.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr uint64_t kEverySize = 300;
constexpr uint64_t kMax = UINT64_MAX;

// Reads perfect subtrees from the model: what a store would do.
std::vector<Hash> Fetch(Rfc6962Model& model, const std::vector<NodeId>& ids) {
  std::vector<Hash> hashes;
  hashes.reserve(ids.size());
  for (NodeId id : ids) {
    hashes.push_back(model.Mth(id.index << id.level, uint64_t{1} << id.level));
  }
  return hashes;
}

std::vector<Hash> FoldedPath(Rfc6962Model& model,
                             const absl::StatusOr<NodeList>& plan) {
  return Fold(plan.value(), Fetch(model, plan->ids));
}

Hash RootFromNodes(Rfc6962Model& model, uint64_t size) {
  return FoldedPath(model, RootNodes(size)).at(0);
}

// A size of any magnitude, with about as many short as long ones.
uint64_t RandomSize(std::mt19937_64& random, uint64_t most) {
  uint64_t size = random() >> (random() % 64);
  if (random() % 4 == 0) size = (uint64_t{1} << (random() % 64)) + random() % 3 - 1;
  return std::max<uint64_t>(1, std::min(size, most));
}

// Every path with a hash added, removed or exchanged is refused: for its length or for
// the root it leads to.
void ExpectOtherPathsRefused(
    const std::vector<Hash>& path, const Hash& extra,
    const std::function<absl::Status(std::span<const Hash>)>& verify) {
  for (size_t i = 0; i <= path.size(); ++i) {
    std::vector<Hash> longer = path;
    longer.insert(longer.begin() + i, extra);
    EXPECT_STATUS(verify(longer), StatusCode::kInvalidArgument, "hashes instead of");
  }
  for (size_t i = 0; i < path.size(); ++i) {
    std::vector<Hash> shorter = path;
    shorter.erase(shorter.begin() + i);
    EXPECT_STATUS(verify(shorter), StatusCode::kInvalidArgument, "hashes instead of");
    for (size_t j = 0; j < i; ++j) {
      std::vector<Hash> swapped = path;
      std::swap(swapped[i], swapped[j]);
      EXPECT_STATUS(verify(swapped), StatusCode::kDataLoss, "path");
    }
  }
}

TEST(InclusionTest, MatchesC2spVector) {
  Rfc6962Model model = EntryTree();
  const std::vector<Hash> path = FoldedPath(model, InclusionNodes(2, 7));
  EXPECT_EQ(path, (std::vector<Hash>{HashOf("27479b6ab321d2ee477452f68ba52774"
                                            "8e863cafe8fbd1df2bf89d1570d1b697"),
                                     HashOf("2f27a5082c1d42afa488ac350a9fc439"
                                            "0c084f54f71ecdff859e98db8429b479"),
                                     HashOf("e429c5b5ccaa9523c37297f1846766f9"
                                            "03137e82195c5199e6be57130d1006c8")}));
  EXPECT_OK(VerifyInclusion(2, 7, LeafHash(AsBytes("entry-2")), path,
                            HashOf("9139601cc1ca8ab2a7a0c2c134c04845"
                                   "f2b1ba549a83d6c845cfcda439cc585d")));
}

TEST(InclusionTest, EveryLeafOfEveryTreeUpTo300IsAsDefined) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size = 1; size <= kEverySize; ++size) {
    const Hash root = model.Mth(0, size);
    for (uint64_t i = 0; i < size; ++i) {
      const std::vector<Hash> path = FoldedPath(model, InclusionNodes(i, size));
      ASSERT_EQ(path, model.Path(i, 0, size)) << "leaf " << i << " of " << size;
      ASSERT_OK(VerifyInclusion(i, size, model.Mth(i, 1), path, root))
          << "leaf " << i << " of " << size;
    }
  }
}

TEST(InclusionTest, HugeTreesAreAsDefined) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    Rfc6962Model model = EndlessTree(random() % 20);
    const uint64_t size = round < 8 ? kMax - round : RandomSize(random, kMax);
    const uint64_t index =
        random() % 2 ? random() % size : size - std::min(size, 1 + random() % 20);
    const std::vector<Hash> path = FoldedPath(model, InclusionNodes(index, size));
    ASSERT_EQ(path, model.Path(index, 0, size)) << "leaf " << index << " of " << size;
    ASSERT_OK(
        VerifyInclusion(index, size, model.Mth(index, 1), path, model.Mth(0, size)))
        << "leaf " << index << " of " << size;
  }
}

TEST(InclusionTest, BeyondTheTreeIsOutOfRange) {
  for (uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{7}, kMax}) {
    EXPECT_STATUS(InclusionNodes(size, size), StatusCode::kOutOfRange, "beyond");
    EXPECT_STATUS(VerifyInclusion(size, size, Hash(), {}, Hash()),
                  StatusCode::kOutOfRange, "beyond");
    EXPECT_STATUS(InclusionNodes(kMax, size), StatusCode::kOutOfRange, "beyond");
  }
}

TEST(InclusionTest, AnyFlippedBitIsDataLoss) {
  Rfc6962Model model = EntryTree();
  for (uint64_t index : {0, 2, 4, 6}) {
    const Hash leaf = model.Mth(index, 1);
    const Hash root = model.Mth(0, 7);
    const std::vector<Hash> path = model.Path(index, 0, 7);
    for (size_t bit = 0; bit < 256 * (path.size() + 2); ++bit) {
      std::vector<Hash> bad = path;
      bad.push_back(leaf);
      bad.push_back(root);
      bad[bit / 256].bytes[bit % 256 / 8] ^= 1 << bit % 8;
      EXPECT_STATUS(
          VerifyInclusion(index, 7, bad[path.size()],
                          std::span<const Hash>(bad).first(path.size()), bad.back()),
          StatusCode::kDataLoss, "inclusion path");
    }
  }
}

TEST(InclusionTest, MissingExtraOrSwappedHashesAreRefused) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size = 2; size <= 40; ++size) {
    for (uint64_t index = 0; index < size; ++index) {
      const Hash leaf = model.Mth(index, 1);
      ExpectOtherPathsRefused(
          model.Path(index, 0, size), leaf, [&](std::span<const Hash> path) {
            return VerifyInclusion(index, size, leaf, path, model.Mth(0, size));
          });
    }
  }
}

// The shape of a path is that of (index, size) and nothing else: a valid path under any
// other index never verifies. (Under another size it may have the same shape, and then
// the size is bound by the checkpoint, which signs size and root together.)
TEST(InclusionTest, ValidPathUnderAnotherIndexIsRefused) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size = 1; size <= 40; ++size) {
    for (uint64_t index = 0; index < size; ++index) {
      const std::vector<Hash> path = model.Path(index, 0, size);
      for (uint64_t other = 0; other < size; ++other) {
        const absl::Status status =
            VerifyInclusion(other, size, model.Mth(index, 1), path, model.Mth(0, size));
        EXPECT_EQ(status.ok(), other == index) << index << " as " << other;
      }
    }
  }
}

TEST(InclusionTest, ValidPathUnderAnotherSizeAndItsRootIsRefused) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size = 1; size <= 40; ++size) {
    for (uint64_t index = 0; index < size; ++index) {
      const std::vector<Hash> path = model.Path(index, 0, size);
      for (uint64_t other = 1; other <= 41; ++other) {
        if (other == size) continue;
        EXPECT_FALSE(VerifyInclusion(index, other, model.Mth(index, 1), path,
                                     model.Mth(0, other))
                         .ok())
            << index << " of " << size << " as of " << other;
      }
    }
  }
}

TEST(ConsistencyTest, MatchesC2spVector) {
  Rfc6962Model model = EntryTree();
  const std::vector<Hash> path = FoldedPath(model, ConsistencyNodes(3, 7));
  EXPECT_EQ(path, (std::vector<Hash>{HashOf("049d7dcdb56bcfebd313304c9839f196"
                                            "a3d4b6ef3bdc0b08298f93ac8191f0a8"),
                                     HashOf("27479b6ab321d2ee477452f68ba52774"
                                            "8e863cafe8fbd1df2bf89d1570d1b697"),
                                     HashOf("2f27a5082c1d42afa488ac350a9fc439"
                                            "0c084f54f71ecdff859e98db8429b479"),
                                     HashOf("e429c5b5ccaa9523c37297f1846766f9"
                                            "03137e82195c5199e6be57130d1006c8")}));
  EXPECT_OK(VerifyConsistency(3, 7,
                              HashOf("a64bf26e09128f6fe2fe6f8b2d8c801e"
                                     "166b57c047a7cd9b2b809e7a96a2f1cb"),
                              HashOf("9139601cc1ca8ab2a7a0c2c134c04845"
                                     "f2b1ba549a83d6c845cfcda439cc585d"),
                              path));
}

TEST(ConsistencyTest, EveryPairUpTo300IsAsDefined) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size2 = 1; size2 <= kEverySize; ++size2) {
    for (uint64_t size1 = 1; size1 <= size2; ++size1) {
      const std::vector<Hash> path = FoldedPath(model, ConsistencyNodes(size1, size2));
      ASSERT_EQ(path, model.Proof(size1, size2)) << size1 << " -> " << size2;
      ASSERT_OK(VerifyConsistency(size1, size2, model.Mth(0, size1),
                                  model.Mth(0, size2), path))
          << size1 << " -> " << size2;
    }
  }
}

TEST(ConsistencyTest, HugeTreesAreAsDefined) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 3000; ++round) {
    Rfc6962Model model = EndlessTree(random() % 20);
    const uint64_t size2 = round < 8 ? kMax - round : RandomSize(random, kMax);
    const uint64_t size1 = RandomSize(random, size2);
    const std::vector<Hash> path = FoldedPath(model, ConsistencyNodes(size1, size2));
    ASSERT_EQ(path, model.Proof(size1, size2)) << size1 << " -> " << size2;
    ASSERT_OK(
        VerifyConsistency(size1, size2, model.Mth(0, size1), model.Mth(0, size2), path))
        << size1 << " -> " << size2;
  }
}

TEST(ConsistencyTest, EqualSizesNeedEqualRootsAndNoPath) {
  const Hash a = EntryLeaf(0);
  const Hash b = EntryLeaf(1);
  for (uint64_t size : {uint64_t{1}, uint64_t{6}, uint64_t{8}, kMax}) {
    EXPECT_OK(VerifyConsistency(size, size, a, a, {}));
    EXPECT_STATUS(VerifyConsistency(size, size, a, b, {}), StatusCode::kDataLoss,
                  "new root");
    EXPECT_STATUS(VerifyConsistency(size, size, a, a, std::vector<Hash>{a}),
                  StatusCode::kInvalidArgument, "instead of 0");
    EXPECT_TRUE(ConsistencyNodes(size, size).value().ids.empty());
  }
}

TEST(ConsistencyTest, FromTheEmptyTreeOrBackwardsIsRefused) {
  EXPECT_STATUS(ConsistencyNodes(0, 5), StatusCode::kInvalidArgument, "at least one");
  EXPECT_STATUS(ConsistencyNodes(0, 0), StatusCode::kInvalidArgument, "at least one");
  EXPECT_STATUS(VerifyConsistency(0, 5, EmptyRoot(), Hash(), {}),
                StatusCode::kInvalidArgument, "at least one");
  EXPECT_STATUS(VerifyConsistency(0, 0, EmptyRoot(), EmptyRoot(), {}),
                StatusCode::kInvalidArgument, "at least one");
  EXPECT_STATUS(ConsistencyNodes(6, 5), StatusCode::kOutOfRange, "beyond");
  EXPECT_STATUS(VerifyConsistency(6, 5, Hash(), Hash(), {}), StatusCode::kOutOfRange,
                "beyond");
}

TEST(ConsistencyTest, AnyFlippedBitIsDataLoss) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size1 : {1, 3, 4, 6}) {
    const std::vector<Hash> path = model.Proof(size1, 7);
    for (size_t bit = 0; bit < 256 * (path.size() + 2); ++bit) {
      std::vector<Hash> bad = path;
      bad.push_back(model.Mth(0, size1));
      bad.push_back(model.Mth(0, 7));
      bad[bit / 256].bytes[bit % 256 / 8] ^= 1 << bit % 8;
      EXPECT_STATUS(VerifyConsistency(size1, 7, bad[path.size()], bad.back(),
                                      std::span<const Hash>(bad).first(path.size())),
                    StatusCode::kDataLoss, "consistency path");
    }
  }
}

TEST(ConsistencyTest, MissingExtraOrSwappedHashesAreRefused) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size2 = 2; size2 <= 40; ++size2) {
    for (uint64_t size1 = 1; size1 < size2; ++size1) {
      const Hash root1 = model.Mth(0, size1);
      ExpectOtherPathsRefused(
          model.Proof(size1, size2), root1, [&](std::span<const Hash> path) {
            return VerifyConsistency(size1, size2, root1, model.Mth(0, size2), path);
          });
    }
  }
}

TEST(ConsistencyTest, ValidPathUnderOtherSizesAndTheirRootsIsRefused) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size2 = 2; size2 <= 20; ++size2) {
    for (uint64_t size1 = 1; size1 < size2; ++size1) {
      const std::vector<Hash> path = model.Proof(size1, size2);
      for (uint64_t other2 = 2; other2 <= 21; ++other2) {
        for (uint64_t other1 = 1; other1 < other2; ++other1) {
          if (other1 == size1 && other2 == size2) continue;
          EXPECT_FALSE(VerifyConsistency(other1, other2, model.Mth(0, other1),
                                         model.Mth(0, other2), path)
                           .ok())
              << size1 << " -> " << size2 << " as " << other1 << " -> " << other2;
        }
      }
    }
  }
}

TEST(ConsistencyTest, RewrittenPastLeadsToTheNewRootButNotToTheOldOne) {
  Rfc6962Model model = EntryTree();
  const Hash forged = EntryLeaf(99);
  const absl::StatusOr<ConsistencyRoots> roots =
      RootsOfConsistencyPath(6, 9, forged, model.Proof(6, 9));
  ASSERT_OK(roots);
  EXPECT_EQ(roots->root1, model.Mth(0, 6));
  EXPECT_EQ(roots->root2, model.Mth(0, 9));
  EXPECT_STATUS(VerifyConsistency(6, 9, forged, model.Mth(0, 9), model.Proof(6, 9)),
                StatusCode::kDataLoss, "old root");
}

TEST(RootNodesTest, EverySizeUpTo300FoldsToItsRoot) {
  Rfc6962Model model = EntryTree();
  EXPECT_EQ(RootFromNodes(model, 0), EmptyRoot());
  for (uint64_t size = 1; size <= kEverySize; ++size) {
    ASSERT_EQ(RootFromNodes(model, size), model.Mth(0, size)) << size;
  }
}

TEST(RootNodesTest, HugeSizesFoldToTheirRoots) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 1000; ++round) {
    Rfc6962Model model = EndlessTree(random() % 20);
    const uint64_t size = round < 8 ? kMax - round : RandomSize(random, kMax);
    ASSERT_EQ(RootFromNodes(model, size), model.Mth(0, size)) << size;
  }
}

TEST(CoveringNodesTest, AreAdjacentPerfectAndAsFewAsPossible) {
  for (uint64_t end = 0; end <= 70; ++end) {
    for (uint64_t begin = 0; begin <= end + 1; ++begin) {
      uint64_t next = begin;
      std::vector<NodeId> nodes = CoveringNodes(begin, end);
      for (size_t i = 0; i < nodes.size(); ++i) {
        ASSERT_EQ(nodes[i].index << nodes[i].level, next);
        next += uint64_t{1} << nodes[i].level;
        // Two siblings would have been one node.
        if (i > 0 && nodes[i].level == nodes[i - 1].level) {
          ASSERT_EQ(nodes[i].index % 2, 0u);
        }
      }
      ASSERT_EQ(next, std::max(begin, end));
    }
  }
}

TEST(FoldTest, CoverOfTheOldTreeAndOfTheRestGivesTheNewRoot) {
  Rfc6962Model model = EntryTree();
  for (uint64_t size2 = 1; size2 <= 70; ++size2) {
    for (uint64_t size1 = 0; size1 <= size2; ++size1) {
      std::vector<NodeId> ids = CoveringNodes(0, size1);
      const std::vector<NodeId> rest = CoveringNodes(size1, size2);
      ids.insert(ids.end(), rest.begin(), rest.end());
      const NodeList plan{ids, {ids.size()}};
      ASSERT_EQ(FoldedPath(model, plan).at(0), model.Mth(0, size2))
          << size1 << ", " << size2;
    }
  }
}

TEST(FoldDeathTest, AnotherNumberOfHashesAborts) {
  const NodeList plan = InclusionNodes(2, 7).value();
  EXPECT_DEATH(Fold(plan, std::vector<Hash>(plan.ids.size() - 1)), "");
  EXPECT_DEATH(Fold(plan, std::vector<Hash>(plan.ids.size() + 1)), "");
  const NodeList long_run{plan.ids, {plan.ids.size() + 1}};
  EXPECT_DEATH(Fold(long_run, std::vector<Hash>(plan.ids.size())), "");
}

TEST(NodeListTest, StaysWithinItsBounds) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 3000; ++round) {
    const uint64_t size2 = round < 8 ? kMax - round : RandomSize(random, kMax);
    const uint64_t size1 = RandomSize(random, size2);
    const NodeList inclusion = InclusionNodes(size1 - 1, size2).value();
    ASSERT_LE(inclusion.runs.size(), 64u);
    ASSERT_LE(inclusion.ids.size(), 127u);
    ASSERT_LE(ConsistencyNodes(size1, size2).value().ids.size(), 128u);
    ASSERT_LE(RootNodes(size2).ids.size(), 64u);
  }
}

}  // namespace
}  // namespace setlog
