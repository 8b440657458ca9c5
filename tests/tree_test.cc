#include "log/tree.h"

#include <random>

#include "log/sha256.h"
#include "rfc6962_model.h"
#include "testing.h"

namespace setlog {
namespace {

TEST(TreeHashTest, MatchesC2spVectors) {
  EXPECT_EQ(ToHex(EmptyRoot()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const Hash leaf0 = LeafHash(AsBytes("entry-0"));
  const Hash leaf2 = LeafHash(AsBytes("entry-2"));
  EXPECT_EQ(ToHex(leaf0),
            "40766b2033429026f53d54502679a839706b4741f8dcaf3a8bba5f41b5ffe075");
  EXPECT_EQ(ToHex(leaf2),
            "049d7dcdb56bcfebd313304c9839f196a3d4b6ef3bdc0b08298f93ac8191f0a8");
  const Hash root2 = NodeHash(leaf0, LeafHash(AsBytes("entry-1")));
  EXPECT_EQ(ToHex(root2),
            "2f27a5082c1d42afa488ac350a9fc4390c084f54f71ecdff859e98db8429b479");
  EXPECT_EQ(ToHex(NodeHash(root2, leaf2)),
            "a64bf26e09128f6fe2fe6f8b2d8c801e166b57c047a7cd9b2b809e7a96a2f1cb");
}

TEST(LeafHashesTest, BatchOfValuesEqualsOneByOne) {
  for (size_t count : {0, 1, 2, 3, 15, 16, 17, 100}) {
    std::vector<Hash> values;
    std::vector<Hash> expected;
    for (size_t i = 0; i < count; ++i) {
      values.push_back(EntryLeaf(i));
      const uint8_t prefix[] = {0x00, 0x02};
      expected.push_back(Sha256({prefix, values[i]}));
    }
    EXPECT_EQ(LeafHashes(0x02, values), expected) << count;
  }
}

TEST(LeafHashesTest, EntriesOfMixedLengthsEqualOneByOne) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> texts(random() % 40);
    for (std::string& text : texts) text.assign(33 * (random() % 4), random() & 127);
    std::vector<Bytes> entries;
    std::vector<Hash> expected;
    for (const std::string& text : texts) {
      entries.push_back(AsBytes(text));
      expected.push_back(LeafHash(entries.back()));
    }
    EXPECT_EQ(LeafHashes(entries), expected);
  }
}

TEST(SubtreeRootsTest, EveryHeightEqualsTheDefinition) {
  Rfc6962Model model = EntryTree();
  for (int height = 0; height <= 13; ++height) {
    const size_t width = size_t{1} << height;
    // Also more than a block and less than a whole one at the end.
    for (size_t count : {size_t{0}, size_t{1}, size_t{3}, 9216 / width}) {
      std::vector<Hash> leaves;
      leaves.reserve(count * width);
      for (size_t i = 0; i < count * width; ++i) leaves.push_back(model.Mth(i, 1));
      std::vector<Hash> expected;
      for (size_t i = 0; i < count; ++i) {
        expected.push_back(model.Mth(i * width, width));
      }
      EXPECT_EQ(SubtreeRoots(leaves, height), expected) << height << " x " << count;
    }
  }
}

TEST(SubtreeRootsTest, ClimbsMoreLevelsThanOnePass) {
  // 2^17 equal leaves: two full passes and one level.
  Rfc6962Model model = EndlessTree(0);
  const std::vector<Hash> leaves(1 << 17, model.Mth(0, 1));
  EXPECT_EQ(SubtreeRoots(leaves, 17), std::vector<Hash>{model.Mth(0, 1 << 17)});
  EXPECT_EQ(SubtreeRoots(leaves, 16), std::vector<Hash>(2, model.Mth(0, 1 << 16)));
}

TEST(SubtreeRootsDeathTest, RaggedInputAborts) {
  const std::vector<Hash> leaves(6);
  EXPECT_DEATH(SubtreeRoots(leaves, 2), "");
  EXPECT_DEATH(SubtreeRoots(leaves, 64), "");
}

}  // namespace
}  // namespace setlog
