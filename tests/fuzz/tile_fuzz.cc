// Tile paths, entry bundles and tiles: strict codecs, and nodes beside plain hashing.
#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "log/decoded_tile.h"
#include "log/tile.h"
#include "rfc6962_model.h"

namespace setlog {
namespace {

void CheckTile(Bytes bytes) {
  const absl::StatusOr<DecodedTile> tile = DecodedTile::Parse(bytes);
  const bool whole = bytes.size() % 32 == 0 && !bytes.empty() && bytes.size() <= 8192;
  Law(tile.ok() == whole, "a tile is 1 to 256 hashes");
  if (!whole) return;
  Rfc6962Model model([&](uint64_t i) { return HashFromBytes(bytes.subspan(32 * i)); });
  const uint64_t width = bytes.size() / 32;
  for (int height = 0; height <= kTileHeight; ++height) {
    for (uint64_t i = 0; i <= width >> height; ++i) {
      const absl::StatusOr<Hash> node = tile->NodeAt(height, i);
      const bool there = (i + 1) << height <= width;
      Law(node.ok() == there, "a node is there if all of it is");
      if (there) {
        Law(*node == model.Mth(i << height, uint64_t{1} << height), "and is its root");
      }
    }
  }
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const Bytes bytes(data, size);
  RoundTrip(AsText(bytes), ParseTilePath, FormatTilePath);
  RoundTrip(
      AsText(bytes), [](std::string_view text) { return ParseBundle(AsBytes(text)); },
      [](const std::vector<Bytes>& entries) {
        return EncodeBundle(entries).value_or("?");
      });
  CheckTile(bytes);

  Choices choices(data, size);
  const NodeId node{static_cast<uint8_t>(choices.Below(64)), choices.Number()};
  const TilePosition at = TileForNode(node);
  Law(at.tile.level * 8 + at.height == node.level && at.height < 8 &&
          (at.tile.index << (8 - at.height) | at.index) == node.index,
      "a node is in one place");
  const TilePath path{
      .entries = choices.Below(2) == 1,
      .tile = {static_cast<uint8_t>(choices.Below(8)), choices.Number()},
      .width = 1 + static_cast<uint32_t>(choices.Byte())};
  const TilePath wanted =
      path.entries ? TilePath{true, {0, path.tile.index}, path.width} : path;
  const absl::StatusOr<TilePath> parsed = ParseTilePath(FormatTilePath(wanted));
  Law(parsed.ok() && *parsed == wanted, "a tile has a path");
  return 0;
}
