// log/decoded_tile.h -- a tile with its inner nodes, for readers that cache tiles.
//
//   DecodedTile tile = *DecodedTile::Parse(bytes);       // 256 hashes -> 511 nodes
//   TilePosition at = TileForNode(node);
//   Hash hash = *tile.NodeAt(at.height, at.index);       // a copy, nothing is hashed
//
// Wire format: the tile's hashes, 32 bytes each, 1..256 of them (C2SP tlog-tiles).
// Immutable after construction, hence thread-safe. Holds at most 16 KiB.
#ifndef SETLOG_LOG_DECODED_TILE_H_
#define SETLOG_LOG_DECODED_TILE_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/tile.h"

namespace setlog {

class DecodedTile {
 public:
  // From stored or received bytes, or from hashes. InvalidArgument unless they are 1 to
  // 256 whole hashes. Hashes each inner node once: under 256 node hashes.
  static absl::StatusOr<DecodedTile> Parse(Bytes bytes);
  static absl::StatusOr<DecodedTile> FromHashes(std::span<const Hash> hashes);

  uint32_t width() const { return width_; }
  std::span<const Hash> hashes() const { return {nodes_.data(), width_}; }

  // The root of the tile's hashes [index << height, (index + 1) << height); height 8 is
  // what the tile above holds for this one. OutOfRange if the tile does not reach that
  // far. O(1).
  absl::StatusOr<Hash> NodeAt(int height, uint64_t index) const;

 private:
  explicit DecodedTile(std::vector<Hash> hashes);

  uint32_t width_;
  // Height by height, each without a node that has no sibling: width_ >> height of them
  // from starts_[height] on.
  std::vector<Hash> nodes_;
  std::array<uint16_t, kTileHeight + 1> starts_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_DECODED_TILE_H_
