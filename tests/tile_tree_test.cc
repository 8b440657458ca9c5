#include "log/tile_tree.h"

#include <algorithm>
#include <map>
#include <random>

#include "log/tree.h"
#include "rfc6962_model.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

std::vector<Hash> EntryLeaves(uint64_t count) {
  std::vector<Hash> leaves;
  leaves.reserve(count);
  for (uint64_t i = 0; i < count; ++i) leaves.push_back(EntryLeaf(i));
  return leaves;
}

// The tails of `size` equal leaves, of which the model knows the root at any size.
std::vector<std::vector<Hash>> EqualTails(Rfc6962Model& model, uint64_t size) {
  std::vector<std::vector<Hash>> tails;
  tails.reserve(TileLevels(size));
  for (int level = 0; level < TileLevels(size); ++level) {
    tails.emplace_back(PartialWidth(level, size),
                       model.Mth(0, uint64_t{1} << (8 * level)));
  }
  return tails;
}

TEST(TileTreeTest, MatchesC2spVectors) {
  const std::map<uint64_t, std::string> roots = {
      {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {1, "40766b2033429026f53d54502679a839706b4741f8dcaf3a8bba5f41b5ffe075"},
      {2, "2f27a5082c1d42afa488ac350a9fc4390c084f54f71ecdff859e98db8429b479"},
      {3, "a64bf26e09128f6fe2fe6f8b2d8c801e166b57c047a7cd9b2b809e7a96a2f1cb"},
      {7, "9139601cc1ca8ab2a7a0c2c134c04845f2b1ba549a83d6c845cfcda439cc585d"},
      {1000, "d03d63b772af99019817ee3e018286d36a26161bdb5bfe8228e92c02abe9115d"},
      {70000, "a62a54be33294ffd5a5c4c637fd754630b71a892e8356e3a666a5c8a7ffd1518"}};
  const std::vector<Hash> leaves = EntryLeaves(70000);
  TileTree grown;
  for (const auto& [size, root] : roots) {
    TileTree at_once;
    at_once.Append(std::span(leaves).first(size));
    EXPECT_EQ(ToHex(at_once.Root()), root) << size;
    grown.Append(std::span(leaves).subspan(grown.size(), size - grown.size()));
    EXPECT_EQ(ToHex(grown.Root()), root) << size;
    EXPECT_EQ(grown.size(), size);
  }
}

TEST(TileTreeTest, EverySizeUpTo700HasTheDefinedRoot) {
  Rfc6962Model model = EntryTree();
  TileTree tree;
  EXPECT_EQ(tree.Root(), EmptyRoot());
  for (uint64_t i = 0; i < 700; ++i) {
    tree.Append(std::vector<Hash>{EntryLeaf(i)});
    ASSERT_EQ(tree.Root(), model.Mth(0, i + 1)) << i + 1;
  }
}

// Batches of every kind over the boundaries of 256, 65536 and 131072 leaves; after each
// batch the root, the tiles that changed and no others, and a restart from the tails.
TEST(TileTreeTest, AnySplitIntoBatchesGivesTheDefinedTilesAndRoots) {
  constexpr uint64_t kLeaves = 140000;
  Rfc6962Model model = EntryTree();
  const std::vector<Hash> leaves = EntryLeaves(kLeaves);
  std::mt19937_64 random(9);
  for (const uint64_t typical : {uint64_t{1500}, uint64_t{70000}, kLeaves}) {
    TileTree tree;
    while (tree.size() < kLeaves) {
      const uint64_t before = tree.size();
      uint64_t count = random() % typical;
      if (random() % 4 == 0) count = 256 * (random() % 5);  // aligned
      if (random() % 8 == 0) count = 65536 - before % 65536 + random() % 3 - 1;
      count = std::min(count, kLeaves - before);
      const std::vector<ChangedTile> changed =
          tree.Append(std::span(leaves).subspan(before, count));
      const uint64_t after = before + count;
      ASSERT_EQ(tree.size(), after);
      ASSERT_EQ(tree.Root(), after == 0 ? EmptyRoot() : model.Mth(0, after)) << after;

      size_t next = 0;
      for (int level = 1; level < TileLevels(after); ++level) {
        const uint64_t had = before >> (8 * level);
        const uint64_t has = after >> (8 * level);
        for (uint64_t index = had / 256; had < has && index * 256 < has; ++index) {
          ASSERT_LT(next, changed.size());
          const ChangedTile& tile = changed[next++];
          ASSERT_EQ(tile.tile, (TileId{static_cast<uint8_t>(level), index}));
          ASSERT_EQ(tile.hashes.size(), TileWidth(tile.tile, after));
          for (size_t i = 0; i < tile.hashes.size(); ++i) {
            const uint64_t width = uint64_t{1} << (8 * level);
            ASSERT_EQ(tile.hashes[i], model.Mth((index * 256 + i) * width, width));
          }
        }
      }
      ASSERT_EQ(next, changed.size());

      absl::StatusOr<TileTree> restored = TileTree::Restore(after, tree.tails());
      ASSERT_OK(restored);
      tree = *std::move(restored);
    }
  }
}

TEST(TileTreeTest, GrowsAcrossEveryTileLevelAndUpToTheLastSize) {
  Rfc6962Model model = EndlessTree(0);
  std::mt19937_64 random(10);
  for (int bits = 0; bits < 64; ++bits) {
    for (int round = 0; round < 8; ++round) {
      const uint64_t boundary = uint64_t{1} << bits;
      const uint64_t start = boundary - std::min(boundary, random() % 600);
      absl::StatusOr<TileTree> tree =
          TileTree::Restore(start, EqualTails(model, start));
      ASSERT_OK(tree);
      const std::vector<Hash> leaves(1 + random() % 1000, model.Mth(0, 1));
      const std::vector<ChangedTile> changed = tree->Append(leaves);
      ASSERT_EQ(tree->Root(), model.Mth(0, start + leaves.size()))
          << start << " + " << leaves.size();
      ASSERT_EQ(tree->tails(), EqualTails(model, start + leaves.size()));
      for (const ChangedTile& tile : changed) {
        ASSERT_EQ(tile.hashes.size(), TileWidth(tile.tile, tree->size()));
      }
    }
  }
  absl::StatusOr<TileTree> last =
      TileTree::Restore(UINT64_MAX - 1, EqualTails(model, UINT64_MAX - 1));
  ASSERT_OK(last);
  last->Append(std::vector<Hash>{model.Mth(0, 1)});
  EXPECT_EQ(last->Root(), model.Mth(0, UINT64_MAX));
}

TEST(TileTreeTest, CopyIsIndependentOfWhatTheOriginalGets) {
  const std::vector<Hash> leaves = EntryLeaves(1000);
  TileTree tree;
  tree.Append(std::span(leaves).first(300));
  const Hash root = tree.Root();
  TileTree trial = tree;
  trial.Append(std::span(leaves).subspan(300));
  EXPECT_NE(trial.Root(), root);
  EXPECT_EQ(tree.Root(), root);
  EXPECT_EQ(tree.size(), 300u);
}

TEST(TileTreeTest, EmptyBatchChangesNothing) {
  TileTree tree;
  EXPECT_TRUE(tree.Append({}).empty());
  EXPECT_EQ(tree.Root(), EmptyRoot());
  tree.Append(EntryLeaves(256));
  const Hash root = tree.Root();
  EXPECT_TRUE(tree.Append({}).empty());
  EXPECT_EQ(tree.Root(), root);
}

TEST(TileTreeTest, TailsOfAnotherSizeAreRefused) {
  Rfc6962Model model = EndlessTree(0);
  for (uint64_t size : {1, 255, 256, 257, 70000}) {
    for (uint64_t other : {0, 1, 255, 256, 257, 511, 70000, 70001}) {
      EXPECT_EQ(TileTree::Restore(other, EqualTails(model, size)).ok(), other == size);
    }
  }
  EXPECT_STATUS(TileTree::Restore(0, {{}}), StatusCode::kInvalidArgument,
                "0 tile levels, not 1");
  EXPECT_STATUS(TileTree::Restore(2, {{Hash()}}), StatusCode::kInvalidArgument,
                "has 2 hashes after its full tiles, not 1");
}

TEST(TileTreeDeathTest, MoreThan64BitsOfLeavesAbort) {
  Rfc6962Model model = EndlessTree(0);
  TileTree tree = TileTree::Restore(UINT64_MAX, EqualTails(model, UINT64_MAX)).value();
  EXPECT_DEATH(tree.Append(std::vector<Hash>(1)), "");
}

}  // namespace
}  // namespace setlog
