#include "log/tile_tree.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <optional>

#include "absl/strings/str_format.h"
#include "log/tree.h"

namespace setlog {
namespace {

// Adds `hashes` to the tail of a level and returns the roots of the tiles that got
// full. The tail's own tile goes first, alone; the rest is reduced where it lies.
std::vector<Hash> FillTiles(std::vector<Hash>* tail, std::span<const Hash> hashes,
                            const ParallelFor& parallel) {
  std::vector<Hash> roots;
  if (!tail->empty()) {
    const size_t missing = std::min(kTileWidth - tail->size(), hashes.size());
    tail->insert(tail->end(), hashes.begin(), hashes.begin() + missing);
    hashes = hashes.subspan(missing);
    if (tail->size() < kTileWidth) return roots;
    roots = SubtreeRoots(*tail, kTileHeight);
  }
  const size_t full = hashes.size() - hashes.size() % kTileWidth;
  const std::vector<Hash> rest =
      SubtreeRoots(hashes.first(full), kTileHeight, parallel);
  roots.insert(roots.end(), rest.begin(), rest.end());
  hashes = hashes.subspan(full);
  tail->assign(hashes.begin(), hashes.end());
  return roots;
}

// The tiles of `level` that hold the hashes [first, first + hashes.size()) of that
// level, when `tail` are those before them in the first of these tiles.
std::vector<ChangedTile> TilesWith(int level, uint64_t first,
                                   const std::vector<Hash>& tail,
                                   std::span<const Hash> hashes) {
  std::vector<ChangedTile> tiles;
  uint64_t index = first / kTileWidth;
  std::vector<Hash> content = tail;
  while (!hashes.empty()) {
    const size_t count = std::min(kTileWidth - content.size(), hashes.size());
    content.insert(content.end(), hashes.begin(), hashes.begin() + count);
    hashes = hashes.subspan(count);
    tiles.push_back({{static_cast<uint8_t>(level), index++}, std::move(content)});
    content.clear();
  }
  return tiles;
}

// The root over `nodes` and, to the right of them, the smaller tree `edge` if there is
// one; nothing if there are neither. A node without a sibling at its height is the left
// half of what remains on the right.
std::optional<Hash> JoinEdge(std::vector<Hash> nodes, std::optional<Hash> edge) {
  for (size_t width = nodes.size(); width > 0; width /= 2) {
    if (width % 2 == 1) {
      edge = edge ? NodeHash(nodes[width - 1], *edge) : nodes[width - 1];
    }
    NodeHashes(nodes.data(), width / 2, nodes.data());
  }
  return edge;
}

}  // namespace

absl::StatusOr<TileTree> TileTree::Restore(uint64_t size,
                                           std::vector<std::vector<Hash>> tails) {
  if (tails.size() != static_cast<size_t>(TileLevels(size))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a tree of size %d has %d tile levels, not %d", size,
                        TileLevels(size), tails.size()));
  }
  for (size_t level = 0; level < tails.size(); ++level) {
    const uint32_t width = PartialWidth(static_cast<int>(level), size);
    if (tails[level].size() != width) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "tile level %d of a tree of size %d has %d hashes after its full tiles, "
          "not %d",
          level, size, width, tails[level].size()));
    }
  }
  TileTree tree;
  tree.size_ = size;
  tree.tails_ = std::move(tails);
  return tree;
}

std::vector<ChangedTile> TileTree::Append(std::span<const Hash> leaf_hashes,
                                          const ParallelFor& parallel) {
  if (leaf_hashes.size() > UINT64_MAX - size_) std::abort();
  std::vector<ChangedTile> changed;
  uint64_t level_size = size_;
  size_ += leaf_hashes.size();
  std::vector<Hash> roots;
  std::span<const Hash> added = leaf_hashes;
  for (size_t level = 0; !added.empty(); ++level) {
    if (level == tails_.size()) tails_.emplace_back();
    if (level > 0) {
      std::vector<ChangedTile> tiles =
          TilesWith(static_cast<int>(level), level_size, tails_[level], added);
      std::move(tiles.begin(), tiles.end(), std::back_inserter(changed));
    }
    roots = FillTiles(&tails_[level], added, parallel);
    added = roots;
    level_size /= kTileWidth;
  }
  return changed;
}

Hash TileTree::Root() const {
  std::optional<Hash> edge;
  for (const std::vector<Hash>& tail : tails_) edge = JoinEdge(tail, edge);
  return edge ? *edge : EmptyRoot();
}

}  // namespace setlog
