#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/tile.h"
#include "log/tree.h"
#include "server/log_batch.h"
#include "server/tree_reader.h"

namespace setlog {
namespace {

absl::Status Contradiction(const char* what, uint64_t number) {
  return absl::DataLossError(absl::StrFormat(
      "%s %d of the commit at hand does not hold what was computed for it; the memory "
      "of this machine may be failing: test it, then start again",
      what, number));
}

}  // namespace

absl::StatusOr<StoredHead> RecomputeHead(const TileTree& before,
                                         std::span<const Write> rows) {
  uint64_t bundle = before.size() / kTileWidth;
  size_t known = before.size() % kTileWidth;  // entries of that bundle
  TileTree tree = before;
  std::vector<Hash> appended;
  bool partial = false;
  for (const Write& row : rows) {
    if (row.table != Table::kBundle) continue;
    absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(AsBytes(row.value));
    if (partial || row.key != U64Key(bundle) || !entries.ok() ||
        entries->size() < std::max<size_t>(known, 1)) {
      return Contradiction("bundle", bundle);
    }
    partial = entries->size() < kTileWidth;
    const std::vector<Hash> leaves = LeafHashes(*entries);
    if (known > 0 && !std::equal(leaves.begin(), leaves.begin() + known,
                                 before.tails()[0].begin(), before.tails()[0].end())) {
      return Contradiction("bundle", bundle);
    }
    appended.insert(appended.end(), leaves.begin() + known, leaves.end());
    known = 0;
    ++bundle;
  }
  const std::vector<ChangedTile> tiles = tree.Append(appended);
  auto tile = tiles.begin();
  for (const Write& row : rows) {
    if (row.table != Table::kTile) continue;
    if (tile == tiles.end() || row.key != TileRowKey(tile->tile) ||
        row.value.size() != tile->hashes.size() * Hash::kSize ||
        !std::equal(tile->hashes.begin(), tile->hashes.end(),
                    reinterpret_cast<const Hash*>(row.value.data()))) {
      return Contradiction("tile row", tile - tiles.begin());
    }
    ++tile;
  }
  if (tile != tiles.end()) return Contradiction("tile row", tile - tiles.begin());
  return StoredHead{tree.size(), tree.Root()};
}

}  // namespace setlog
