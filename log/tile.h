// log/tile.h -- tiles and entry bundles: the log cut into cacheable files (tlog-tiles).
//
//   TileId tile = TileForNode({9, 3}).tile;             // level 1, number 0
//   uint32_t width = TileWidth(tile, size);             // 1..256 hashes; 0: no such
//   tile std::string path = FormatTilePath({.tile = tile, .width = width}); auto
//   entries = ParseBundle(bundle);                 // views into `bundle`
//
// Hash i of tile (level, number) is the root of the leaves
// [(number * 256 + i) * 256^level, (number * 256 + i + 1) * 256^level): each tile holds
// one hash for each full tile below it. Paths:
//   tile/<level>/<number>[.p/<width>]    tile/entries/<number>[.p/<width>]
// with the number in groups of three digits, "x" before all but the last: 1234067 is
// x001/x234/067. A bundle is, for each of its entries, u16be length | bytes.
// Source: C2SP tlog-tiles. Thread-safe: nothing here keeps state.
#ifndef SETLOG_LOG_TILE_H_
#define SETLOG_LOG_TILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/tree.h"

namespace setlog {

// Hashes in a full tile and entries in a full bundle; a tile spans 8 levels of nodes.
inline constexpr uint32_t kTileWidth = 256;
inline constexpr int kTileHeight = 8;
inline constexpr size_t kMaxEntryBytes = 65535;

struct TileId {
  uint8_t level = 0;
  uint64_t index = 0;
  friend bool operator==(const TileId&, const TileId&) = default;
};

// Where a node is: over the tile's hashes [index << height, (index + 1) << height).
struct TilePosition {
  TileId tile;
  uint8_t height = 0;  // 0..7; 0 is one of the stored hashes
  uint8_t index = 0;
  friend bool operator==(const TilePosition&, const TilePosition&) = default;
};
TilePosition TileForNode(NodeId node);

// Tile levels that a tree of `size` leaves has; 0 for the empty tree, at most 8.
int TileLevels(uint64_t size);
// Hashes of level `level` that are in no full tile yet, 0..255.
uint32_t PartialWidth(int level, uint64_t size);
// Hashes of the tile in the tree of `size` leaves: 256 = full, 0 = no such tile (which
// must then not be served). Entry bundles have the widths of level 0.
uint32_t TileWidth(TileId tile, uint64_t size);

// What a path names. For a bundle, tile.level is 0.
struct TilePath {
  bool entries = false;
  TileId tile;
  uint32_t width = kTileWidth;
  friend bool operator==(const TilePath&, const TilePath&) = default;
};
// The one path of a tile or bundle, relative to the log's prefix, without a leading
// slash. `path` must be what ParseTilePath can return: level 0..63, width 1..256.
std::string FormatTilePath(const TilePath& path);
// The inverse. InvalidArgument for anything that FormatTilePath does not write: leading
// zeros, a ".p/256", a level above 63, a number of 2^64 or more.
absl::StatusOr<TilePath> ParseTilePath(std::string_view path);

// Appends one entry to the bundle. InvalidArgument, and no change, if the entry is
// longer than 65,535 bytes. Does not count: 256 entries to a bundle are the caller's.
absl::Status AppendToBundle(Bytes entry, std::string* bundle);
// The bundle of `entries`. InvalidArgument for more than 256 or a too long one.
absl::StatusOr<std::string> EncodeBundle(std::span<const Bytes> entries);
// The entries, as views into `bundle`; none for no bytes. InvalidArgument if an entry
// is cut short or there are more than 256. That their number is the expected width is
// for the caller to check. No copy.
absl::StatusOr<std::vector<Bytes>> ParseBundle(Bytes bundle);
// Entry `index` alone, as a view. OutOfRange if the bundle ends before or within it;
// what comes after it is not looked at. O(index), no copy and no allocation.
absl::StatusOr<Bytes> BundleEntry(Bytes bundle, uint32_t index);

}  // namespace setlog

#endif  // SETLOG_LOG_TILE_H_
