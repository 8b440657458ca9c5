#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/str_format.h"
#include "log/entry.h"
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

// The leaf hashes of a bundle's entries; nothing if it is none, or empty.
std::vector<Hash> LeavesOf(Bytes bundle) {
  constexpr size_t kFramed = 2 + kValueEntryBytes;
  const uint8_t* const end = bundle.data() + bundle.size();
  // Almost every bundle is all adds, or all removes, and needs no list of its entries.
  bool values = !bundle.empty() && bundle.size() % kFramed == 0 &&
                bundle.size() <= kTileWidth * kFramed;
  std::array<Hash, kTileWidth> copies;
  size_t count = 0;
  for (const uint8_t* at = bundle.data(); values && at != end; at += kFramed) {
    values = at[0] == 0 && at[1] == kValueEntryBytes && at[2] == bundle[2];
    std::memcpy(copies[count++].data(), at + 3, Hash::kSize);
  }
  if (values) return LeafHashes(bundle[2], std::span(copies).first(count));
  absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(bundle);
  if (!entries.ok()) return {};
  return LeafHashes(*entries);
}

}  // namespace

absl::StatusOr<StoredHead> RecomputeHead(const TileTree& before,
                                         std::span<const Write> rows) {
  uint64_t bundle = before.size() / kTileWidth;
  size_t known = before.size() % kTileWidth;  // entries of that bundle
  TileTree tree = before;
  std::vector<Hash> appended;
  appended.reserve(rows.size() * kTileWidth);
  bool partial = false;
  for (const Write& row : rows) {
    if (row.table != Table::kBundle) continue;
    const std::vector<Hash> leaves = LeavesOf(AsBytes(row.value));
    if (partial || row.key != U64Key(bundle) ||
        leaves.size() < std::max<size_t>(known, 1)) {
      return Contradiction("bundle", bundle);
    }
    partial = leaves.size() < kTileWidth;
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
