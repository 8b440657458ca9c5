#include "log/tile.h"

#include <algorithm>
#include <random>

#include "log/decoded_tile.h"
#include "rfc6962_model.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

TEST(TilePathTest, MatchesC2spVectors) {
  const auto number = [](uint64_t index) {
    return FormatTilePath({.tile = {0, index}});
  };
  EXPECT_EQ(number(0), "tile/0/000");
  EXPECT_EQ(number(999), "tile/0/999");
  EXPECT_EQ(number(1000), "tile/0/x001/000");
  EXPECT_EQ(number(1234067), "tile/0/x001/x234/067");
  EXPECT_EQ(FormatTilePath({.tile = {0, 1234067}, .width = 112}),
            "tile/0/x001/x234/067.p/112");
  EXPECT_EQ(FormatTilePath({.entries = true, .tile = {0, 273}, .width = 112}),
            "tile/entries/273.p/112");
  EXPECT_EQ(FormatTilePath({.tile = {63, UINT64_MAX}, .width = 1}),
            "tile/63/x018/x446/x744/x073/x709/x551/615.p/1");
}

TEST(TilePathTest, WhatIsFormattedParsesBack) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 20000; ++round) {
    TilePath path;
    path.entries = random() % 3 == 0;
    path.tile.index = random() >> (random() % 64);
    if (!path.entries) path.tile.level = random() % 64;
    path.width = 1 + random() % 256;
    const absl::StatusOr<TilePath> parsed = ParseTilePath(FormatTilePath(path));
    ASSERT_OK(parsed);
    ASSERT_EQ(*parsed, path);
  }
}

TEST(TilePathTest, OtherSpellingsAreRefused) {
  for (const char* text : {
           "",
           "tile",
           "tile/",
           "/tile/0/000",
           "tile/0/000/",
           "tile/0/000 ",
           "tile//000",
           "tile/0",
           "tile/0/",
           "tile/0/0",
           "tile/0/00",
           "tile/0/0000",
           "tile/0/1000",
           "tile/00/000",
           "tile/01/000",
           "tile/64/000",
           "tile/100/000",
           "tile/-1/000",
           "tile/+1/000",
           "tile/0/x000/001",
           "tile/0/x001/1",
           "tile/0/x001",
           "tile/0/x001/",
           "tile/0/x001/x000",
           "tile/0/001/000",
           "tile/0/x1/000",
           "tile/0/X001/000",
           "tile/0/x001//000",
           "tile/0/000.p/0",
           "tile/0/000.p/256",
           "tile/0/000.p/999",
           "tile/0/000.p/012",
           "tile/0/000.p/1000",
           "tile/0/000.p/",
           "tile/0/000.p",
           "tile/0/000.P/1",
           "tile/0/000/p/1",
           "tile/0/000.p/1/",
           "tile/0/x001.p/1/000",
           "tile/0/x018/x446/x744/x073/x709/x551/616",
           "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
           "tile/entries",
           "tile/entries/",
           "tile/entries/0/000",
           "tile/data/000",
           "checkpoint",
       }) {
    EXPECT_STATUS(ParseTilePath(text), StatusCode::kInvalidArgument, "not the path");
  }
  EXPECT_STATUS(ParseTilePath(std::string_view("tile/0/000\0", 11)),
                StatusCode::kInvalidArgument, "not the path");
}

TEST(TilePathTest, AnyOtherByteGivesAnotherTileOrAnError) {
  const std::string text = "tile/1/x001/x234/067.p/112";
  for (size_t i = 0; i < text.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[i] = static_cast<char>(byte);
      const absl::StatusOr<TilePath> parsed = ParseTilePath(changed);
      if (parsed.ok()) {
        EXPECT_EQ(FormatTilePath(*parsed), changed);
      } else {
        EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidArgument);
      }
    }
    // Cut after the number it is the full tile, cut within the width a narrower one.
    const bool legal = i == text.find(".p/") || i > text.find(".p/") + 3;
    EXPECT_EQ(ParseTilePath(text.substr(0, i)).ok(), legal) << i;
  }
}

TEST(TileWidthTest, MatchesC2spExamples) {
  EXPECT_EQ(TileWidth({0, 0}, 256), 256u);
  EXPECT_EQ(TileWidth({0, 1}, 256), 0u);
  EXPECT_EQ(TileWidth({1, 0}, 256), 1u);
  EXPECT_EQ(TileWidth({0, 272}, 70000), 256u);
  EXPECT_EQ(TileWidth({0, 273}, 70000), 112u);
  EXPECT_EQ(TileWidth({0, 274}, 70000), 0u);
  EXPECT_EQ(TileWidth({1, 0}, 70000), 256u);
  EXPECT_EQ(TileWidth({1, 1}, 70000), 17u);
  EXPECT_EQ(TileWidth({2, 0}, 70000), 1u);
  EXPECT_EQ(TileWidth({3, 0}, 70000), 0u);
  EXPECT_EQ(TileLevels(0), 0);
  EXPECT_EQ(TileLevels(1), 1);
  EXPECT_EQ(TileLevels(255), 1);
  EXPECT_EQ(TileLevels(256), 2);
  EXPECT_EQ(TileLevels(70000), 3);
}

TEST(TileWidthTest, HoldsAtTheEndOfTheNumberRange) {
  EXPECT_EQ(TileLevels(UINT64_MAX), 8);
  EXPECT_EQ(TileWidth({7, 0}, UINT64_MAX), 255u);
  EXPECT_EQ(TileWidth({7, 1}, UINT64_MAX), 0u);
  EXPECT_EQ(TileWidth({0, UINT64_MAX >> 8}, UINT64_MAX), 255u);
  EXPECT_EQ(TileWidth({0, UINT64_MAX}, UINT64_MAX), 0u);
  EXPECT_EQ(TileWidth({8, 0}, UINT64_MAX), 0u);
  EXPECT_EQ(TileWidth({255, 0}, UINT64_MAX), 0u);
}

TEST(TileForNodeTest, TileHoldsExactlyTheLeavesOfTheNode) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20000; ++round) {
    NodeId node;
    node.level = random() % 64;
    node.index = (random() >> node.level) >> (random() % (64 - node.level));
    const TilePosition at = TileForNode(node);
    ASSERT_EQ(at.tile.level * 8 + at.height, node.level);
    ASSERT_LT(at.height, 8);
    // First of the tile's hashes below the node, counted over the whole tile level.
    const uint64_t first = at.tile.index * 256 + (uint64_t{at.index} << at.height);
    ASSERT_EQ(first, node.index << at.height);
    ASSERT_LE((at.index + 1) << at.height, 256);
  }
}

TEST(BundleTest, MatchesC2spVector) {
  const std::vector<Bytes> entries = {AsBytes("entry-0"), AsBytes("entry-1"),
                                      AsBytes("entry-2")};
  const absl::StatusOr<std::string> bundle = EncodeBundle(entries);
  ASSERT_OK(bundle);
  EXPECT_EQ(ToHex(AsBytes(*bundle)),
            "0007656e7472792d300007656e7472792d310007656e7472792d32");
}

TEST(BundleTest, RandomBytesAreRefusedOrEncodeBackToThemselves) {
  std::mt19937_64 random(8);
  int parsed_count = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 24, 0);
    for (char& byte : bytes) byte = static_cast<char>(random() % 4);
    const absl::StatusOr<std::vector<Bytes>> parsed = ParseBundle(AsBytes(bytes));
    if (!parsed.ok()) {
      ASSERT_EQ(parsed.status().code(), StatusCode::kInvalidArgument);
      continue;
    }
    ++parsed_count;
    ASSERT_EQ(EncodeBundle(*parsed).value(), bytes);
  }
  EXPECT_GT(parsed_count, 500);
}

TEST(BundleTest, CutAnywhereButBetweenEntriesIsRefused) {
  std::string bundle;
  std::vector<size_t> boundaries = {0};
  for (const std::string& entry :
       {std::string("one"), std::string(), std::string(300, 'x')}) {
    ASSERT_OK(AppendToBundle(AsBytes(entry), &bundle));
    boundaries.push_back(bundle.size());
  }
  for (size_t size = 0; size <= bundle.size(); ++size) {
    const auto boundary = std::find(boundaries.begin(), boundaries.end(), size);
    const absl::StatusOr<std::vector<Bytes>> parsed =
        ParseBundle(AsBytes(bundle).first(size));
    ASSERT_EQ(parsed.ok(), boundary != boundaries.end()) << size;
    if (parsed.ok()) {
      EXPECT_EQ(parsed->size(), static_cast<size_t>(boundary - boundaries.begin()));
    }
  }
  bundle.push_back(0);
  EXPECT_STATUS(ParseBundle(AsBytes(bundle)), StatusCode::kInvalidArgument,
                "ends within its entry 3");
}

TEST(BundleTest, OneEntryIsThatOfTheWholeBundle) {
  std::string bundle;
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(AppendToBundle(AsBytes(std::string(i * 3 % 5, 'a')), &bundle));
  }
  for (size_t size = 0; size <= bundle.size(); ++size) {
    const std::vector<Bytes> whole = ParseBundle(AsBytes(bundle)).value();
    for (uint32_t i = 0; i < 6; ++i) {
      const absl::StatusOr<Bytes> entry = BundleEntry(AsBytes(bundle).first(size), i);
      const bool there =
          i < whole.size() &&
          whole[i].data() + whole[i].size() <= AsBytes(bundle).data() + size &&
          whole[i].data() <= AsBytes(bundle).data() + size;
      ASSERT_EQ(entry.ok(), there) << i << " of " << size;
      if (there) {
        EXPECT_EQ(entry->data(), whole[i].data());
        EXPECT_EQ(entry->size(), whole[i].size());
      } else {
        EXPECT_STATUS(entry, StatusCode::kOutOfRange, "ends within or before");
      }
    }
  }
}

TEST(BundleTest, LimitsAreThoseOfTheFormat) {
  const std::string longest(65535, 'a');
  std::string bundle;
  ASSERT_OK(AppendToBundle(AsBytes(longest), &bundle));
  EXPECT_EQ(bundle, "\xff\xff" + longest);
  EXPECT_STATUS(AppendToBundle(AsBytes(longest + "a"), &bundle),
                StatusCode::kInvalidArgument, "65536 bytes");
  EXPECT_EQ(bundle, "\xff\xff" + longest);

  const std::vector<Bytes> full(256);
  const std::string encoded = EncodeBundle(full).value();
  EXPECT_EQ(ParseBundle(AsBytes(encoded)).value().size(), 256u);
  EXPECT_STATUS(EncodeBundle(std::vector<Bytes>(257)), StatusCode::kInvalidArgument,
                "257 entries");
  EXPECT_STATUS(ParseBundle(AsBytes(encoded + std::string(2, 0))),
                StatusCode::kInvalidArgument, "more than 256");
}

TEST(DecodedTileTest, EveryNodeOfEveryWidthIsAsDefined) {
  Rfc6962Model model = EntryTree();
  for (uint32_t width = 1; width <= 256; ++width) {
    std::string bytes;
    for (uint32_t i = 0; i < width; ++i) bytes += AsText(model.Mth(i, 1));
    const absl::StatusOr<DecodedTile> tile = DecodedTile::Parse(AsBytes(bytes));
    ASSERT_OK(tile);
    ASSERT_EQ(tile->width(), width);
    ASSERT_EQ(tile->hashes().size(), width);
    for (int height = 0; height <= 8; ++height) {
      for (uint64_t index = 0; index < 256u >> height; ++index) {
        const absl::StatusOr<Hash> node = tile->NodeAt(height, index);
        ASSERT_EQ(node.ok(), (index + 1) << height <= width);
        if (node.ok()) {
          ASSERT_EQ(*node, model.Mth(index << height, 1 << height));
        } else {
          ASSERT_EQ(node.status().code(), StatusCode::kOutOfRange);
        }
      }
    }
  }
}

TEST(DecodedTileTest, NodesOutsideAnyTileAreOutOfRange) {
  const DecodedTile tile =
      DecodedTile::FromHashes(std::vector<Hash>(256, EntryLeaf(0))).value();
  EXPECT_STATUS(tile.NodeAt(-1, 0), StatusCode::kOutOfRange, "beyond");
  EXPECT_STATUS(tile.NodeAt(9, 0), StatusCode::kOutOfRange, "beyond");
  EXPECT_STATUS(tile.NodeAt(0, 256), StatusCode::kOutOfRange, "beyond");
  EXPECT_STATUS(tile.NodeAt(8, UINT64_MAX), StatusCode::kOutOfRange, "beyond");
}

TEST(DecodedTileTest, OnlyOneTo256WholeHashesAreATile) {
  const std::string bytes(257 * 32, 'a');
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const bool legal = size > 0 && size % 32 == 0 && size <= 8192;
    const absl::Status status = DecodedTile::Parse(AsBytes(bytes).first(size)).status();
    ASSERT_EQ(status.code(), legal ? StatusCode::kOk : StatusCode::kInvalidArgument)
        << size;
  }
  EXPECT_STATUS(DecodedTile::FromHashes({}), StatusCode::kInvalidArgument, "not 0");
  EXPECT_STATUS(DecodedTile::FromHashes(std::vector<Hash>(257)),
                StatusCode::kInvalidArgument, "not 257");
}

TEST(BundleTest, AnEntryThatIsTooLongMakesNoBundle) {
  const std::string longest(kMaxEntryBytes, 'x'), longer(kMaxEntryBytes + 1, 'x');
  const Bytes fits = AsBytes(longest), too_long = AsBytes(longer);
  EXPECT_TRUE(EncodeBundle({&fits, 1}).ok());
  EXPECT_EQ(EncodeBundle({&too_long, 1}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace setlog
