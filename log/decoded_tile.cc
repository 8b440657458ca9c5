#include "log/decoded_tile.h"

#include <cstring>

#include "absl/strings/str_format.h"
#include "log/tree.h"

namespace setlog {

absl::StatusOr<DecodedTile> DecodedTile::Parse(Bytes bytes) {
  if (bytes.empty() || bytes.size() % Hash::kSize != 0 ||
      bytes.size() > kTileWidth * Hash::kSize) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a tile is 1 to 256 hashes of 32 bytes, not %d bytes", bytes.size()));
  }
  std::vector<Hash> hashes(bytes.size() / Hash::kSize);
  std::memcpy(hashes.data(), bytes.data(), bytes.size());
  return DecodedTile(std::move(hashes));
}

absl::StatusOr<DecodedTile> DecodedTile::FromHashes(std::span<const Hash> hashes) {
  if (hashes.empty() || hashes.size() > kTileWidth) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a tile has 1 to 256 hashes, not %d", hashes.size()));
  }
  return DecodedTile(std::vector<Hash>(hashes.begin(), hashes.end()));
}

DecodedTile::DecodedTile(std::vector<Hash> hashes)
    : width_(static_cast<uint32_t>(hashes.size())), nodes_(std::move(hashes)) {
  size_t total = 0;
  for (int height = 0; height <= kTileHeight; ++height) {
    starts_[height] = static_cast<uint16_t>(total);
    total += width_ >> height;
  }
  nodes_.resize(total);
  for (int height = 1; height <= kTileHeight; ++height) {
    NodeHashes(nodes_.data() + starts_[height - 1], width_ >> height,
               nodes_.data() + starts_[height]);
  }
}

absl::StatusOr<Hash> DecodedTile::NodeAt(int height, uint64_t index) const {
  if (height < 0 || height > kTileHeight || index >= width_ >> height) {
    return absl::OutOfRangeError(absl::StrFormat(
        "node %d at height %d is beyond a tile of %d hashes", index, height, width_));
  }
  return nodes_[starts_[height] + index];
}

}  // namespace setlog
