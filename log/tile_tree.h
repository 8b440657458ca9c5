// log/tile_tree.h -- the append side of the log's tree, from which tiles grow.
//
//   TileTree next = tree;                                   // a few KiB to copy
//   std::vector<ChangedTile> tiles = next.Append(leaf_hashes);  // to be stored
//   Hash root = next.Root();                                // to be signed
//   if (stored) tree = std::move(next);                     // else nothing happened
//
// State: at each tile level the hashes that are in no full tile yet, at most 255:
//   level 0   leaf hashes after the last full bundle
//   level l   roots of full level l-1 tiles after the last full level l tile
// so a tree of any size is 8 x 8 KiB at most and restarts from its partial tiles.
// Level-0 tiles are not returned: they are recomputed from the entry bundles.
// Cost of n leaves: about n node hashes, in kernel calls of up to 2,048 nodes, and a
// copy of the changed tiles. Not thread-safe. Source: C2SP tlog-tiles.
#ifndef SETLOG_LOG_TILE_TREE_H_
#define SETLOG_LOG_TILE_TREE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/tile.h"

namespace setlog {

// A tile's new content, whole: earlier hashes too. 1..256 of them.
struct ChangedTile {
  TileId tile;
  std::vector<Hash> hashes;
};

class TileTree {
 public:
  // The empty tree.
  TileTree() = default;

  // The tree of `size` leaves whose unfinished hashes are `tails`, by level: exactly
  // TileLevels(size) of them, tail l of PartialWidth(l, size) hashes. InvalidArgument
  // for other lengths. Whether the hashes are right shows in Root() only: compare it.
  static absl::StatusOr<TileTree> Restore(uint64_t size,
                                          std::vector<std::vector<Hash>> tails);

  // Appends leaves and returns every tile of level >= 1 that has changed, by level and
  // index: the new full ones and at most one partial a level. Aborts at 2^64 leaves.
  std::vector<ChangedTile> Append(std::span<const Hash> leaf_hashes,
                                  const ParallelFor& parallel = InOrder);

  uint64_t size() const { return size_; }
  // The RFC 6962 root. At most 256 node hashes a level.
  Hash Root() const;
  // What Restore takes.
  const std::vector<std::vector<Hash>>& tails() const { return tails_; }

 private:
  uint64_t size_ = 0;
  std::vector<std::vector<Hash>> tails_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_TILE_TREE_H_
