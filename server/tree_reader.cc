#include "server/tree_reader.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "log/tree.h"

namespace setlog {
namespace {

constexpr uint64_t kDecodedTileBytes = 16 * 1024 + 256;

}  // namespace

std::string TileRowKey(TileId id) {
  return std::string(1, static_cast<char>(id.level)) + U64Key(id.index);
}

namespace {

absl::Status Missing(const char* what, LogNumber log, uint64_t position) {
  return absl::DataLossError(absl::StrFormat(
      "log number %d: %s for entry %d is missing or cut short in the store", log, what,
      position));
}

}  // namespace

TreeReader::TreeReader(const Store* store, uint64_t cache_bytes)
    : store_(store),
      capacity_(std::max<uint64_t>(cache_bytes / kDecodedTileBytes, 16)) {}

absl::StatusOr<std::string> TreeReader::Bundle(LogNumber log, uint64_t number,
                                               uint32_t width) const {
  absl::StatusOr<std::string> bundle =
      store_->Read(log, Table::kBundle, U64Key(number));
  if (!bundle.ok()) {
    if (!absl::IsNotFound(bundle.status())) return bundle.status();
    return Missing("the bundle", log, number * kTileWidth);
  }
  absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(AsBytes(*bundle));
  if (!entries.ok())
    return absl::DataLossError(std::string(entries.status().message()));
  if (entries->size() < width) return Missing("the bundle", log, number * kTileWidth);
  if (entries->size() > width) {
    // What the row has grown by since: everything from the entry after the last wanted.
    const Bytes last = (*entries)[width - 1];
    const size_t end = static_cast<size_t>(
        last.data() + last.size() - reinterpret_cast<const uint8_t*>(bundle->data()));
    bundle->resize(end);
  }
  return bundle;
}

absl::Status TreeReader::Bundles(
    LogNumber log, uint64_t begin, uint64_t end,
    const std::function<absl::Status(uint64_t, Bytes)>& visit) const {
  if (begin >= end) return absl::OkStatus();
  uint64_t next = begin / kTileWidth;
  const uint64_t last = (end - 1) / kTileWidth + 1;
  absl::Status visited;
  const absl::Status read =
      store_->Scan(log, Table::kBundle, U64Key(next), U64Key(last),
                   [&](std::string_view key, std::string_view value) {
                     if (key != U64Key(next)) return false;
                     visited = visit(next, AsBytes(value));
                     if (visited.ok()) ++next;
                     return visited.ok();
                   });
  if (!read.ok()) return read;
  if (!visited.ok()) return visited;
  return next == last ? absl::OkStatus()
                      : Missing("the bundle", log, next * kTileWidth);
}

absl::StatusOr<std::string> TreeReader::Entry(LogNumber log, uint64_t position) const {
  const uint32_t width = static_cast<uint32_t>(position % kTileWidth) + 1;
  absl::StatusOr<std::string> bundle = Bundle(log, position / kTileWidth, width);
  if (!bundle.ok()) return bundle.status();
  return std::string(AsText(ParseBundle(AsBytes(*bundle))->back()));
}

absl::StatusOr<Hash> TreeReader::Value(LogNumber log, uint64_t position) const {
  absl::StatusOr<std::string> bytes = Entry(log, position);
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<setlog::Entry> entry = DecodeEntry(AsBytes(*bytes));
  if (entry.ok()) {
    if (const auto* add = std::get_if<AddEntry>(&*entry)) return add->value;
    if (const auto* remove = std::get_if<RemoveEntry>(&*entry)) return remove->value;
  }
  return absl::DataLossError(absl::StrFormat(
      "log number %d: entry %d should be an add or a remove", log, position));
}

absl::StatusOr<uint64_t> TreeReader::ChangesEnd(LogNumber log, uint64_t begin,
                                                uint64_t end) const {
  while (end > begin) {
    const uint64_t first = (end - 1) / kTileWidth * kTileWidth;
    absl::StatusOr<std::string> bundle =
        Bundle(log, first / kTileWidth, static_cast<uint32_t>(end - first));
    if (!bundle.ok()) return bundle.status();
    const std::vector<Bytes> entries = *ParseBundle(AsBytes(*bundle));
    for (; end > std::max(begin, first); --end) {
      const Bytes entry = entries[end - 1 - first];
      if (entry[0] == static_cast<uint8_t>(EntryType::kAdd) ||
          entry[0] == static_cast<uint8_t>(EntryType::kRemove)) {
        return end;
      }
    }
  }
  return begin;
}

absl::StatusOr<std::vector<Hash>> TreeReader::TileHashes(LogNumber log,
                                                         TileId id) const {
  absl::StatusOr<std::string> bytes =
      id.level == 0 ? store_->Read(log, Table::kBundle, U64Key(id.index))
                    : store_->Read(log, Table::kTile, TileRowKey(id));
  if (!bytes.ok()) {
    if (!absl::IsNotFound(bytes.status())) return bytes.status();
    return Missing(id.level == 0 ? "the bundle" : "a tile", log,
                   (id.index * kTileWidth) << (kTileHeight * id.level));
  }
  if (id.level == 0) {
    // Level-0 tiles are not stored: that would double what a record costs on disk.
    absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(AsBytes(*bytes));
    if (!entries.ok()) {
      return absl::DataLossError(std::string(entries.status().message()));
    }
    return LeafHashes(*entries);
  }
  if (bytes->empty() || bytes->size() % Hash::kSize != 0) {
    return absl::DataLossError(
        absl::StrFormat("log number %d: tile %d of level %d is not whole hashes", log,
                        id.index, id.level));
  }
  std::vector<Hash> hashes(bytes->size() / Hash::kSize);
  std::memcpy(hashes.data(), bytes->data(), bytes->size());
  return hashes;
}

absl::StatusOr<TreeReader::TilePtr> TreeReader::Tile(LogNumber log, TileId id,
                                                     uint32_t width) const {
  const Key key{log, id.level, id.index};
  {
    MutexLock lock(mutex_);
    const auto found = tiles_.find(key);
    if (found != tiles_.end() && found->second->second->width() >= width) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->second;
    }
  }
  absl::StatusOr<std::vector<Hash>> hashes = TileHashes(log, id);
  if (!hashes.ok()) return hashes.status();
  absl::StatusOr<DecodedTile> decoded = DecodedTile::FromHashes(*hashes);
  if (!decoded.ok())
    return absl::DataLossError(std::string(decoded.status().message()));
  TilePtr tile = std::make_shared<const DecodedTile>(*std::move(decoded));
  if (tile->width() < width) {
    return Missing("a tile", log, (id.index * kTileWidth) << (kTileHeight * id.level));
  }
  MutexLock lock(mutex_);
  if (const auto found = tiles_.find(key); found != tiles_.end()) {
    recent_.erase(found->second);
  }
  recent_.emplace_front(key, tile);
  tiles_[key] = recent_.begin();
  if (recent_.size() > capacity_) {
    tiles_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return tile;
}

absl::StatusOr<std::vector<Hash>> TreeReader::Fetch(LogNumber log,
                                                    const NodeList& plan) const {
  std::vector<Hash> hashes;
  hashes.reserve(plan.ids.size());
  for (NodeId id : plan.ids) {
    const TilePosition at = TileForNode(id);
    const uint32_t width = (at.index + uint32_t{1}) << at.height;
    absl::StatusOr<TilePtr> tile = Tile(log, at.tile, width);
    if (!tile.ok()) return tile.status();
    absl::StatusOr<Hash> hash = (*tile)->NodeAt(at.height, at.index);
    if (!hash.ok()) return hash.status();
    hashes.push_back(*hash);
  }
  return Fold(plan, hashes);
}

absl::StatusOr<Hash> TreeReader::LeafHashAt(LogNumber log, uint64_t position) const {
  const uint32_t index = static_cast<uint32_t>(position % kTileWidth);
  absl::StatusOr<TilePtr> tile = Tile(log, {0, position / kTileWidth}, index + 1);
  if (!tile.ok()) return tile.status();
  return (*tile)->NodeAt(0, index);
}

absl::StatusOr<Hash> TreeReader::RootAt(LogNumber log, uint64_t size) const {
  if (size == 0) return EmptyRoot();
  absl::StatusOr<std::vector<Hash>> root = Fetch(log, RootNodes(size));
  if (!root.ok()) return root.status();
  return root->front();
}

absl::StatusOr<std::vector<Hash>> TreeReader::InclusionPath(LogNumber log,
                                                            uint64_t index,
                                                            uint64_t size) const {
  absl::StatusOr<NodeList> plan = InclusionNodes(index, size);
  if (!plan.ok()) return plan.status();
  return Fetch(log, *plan);
}

absl::StatusOr<std::vector<Hash>> TreeReader::ConsistencyPath(LogNumber log,
                                                              uint64_t size1,
                                                              uint64_t size2) const {
  absl::StatusOr<NodeList> plan = ConsistencyNodes(size1, size2);
  if (!plan.ok()) return plan.status();
  return Fetch(log, *plan);
}

absl::StatusOr<ProvenEntry> TreeReader::Prove(LogNumber log, uint64_t position,
                                              uint64_t size) const {
  absl::StatusOr<std::vector<Hash>> path = InclusionPath(log, position, size);
  if (!path.ok()) return path.status();
  absl::StatusOr<std::string> entry = Entry(log, position);
  if (!entry.ok()) return entry.status();
  return ProvenEntry{position, *std::move(entry), *std::move(path)};
}

absl::StatusOr<TileTree> TreeReader::Restore(LogNumber log,
                                             const StoredHead& head) const {
  if (head.size == 0) return TileTree();
  std::vector<std::vector<Hash>> tails;
  for (int level = 0; level < TileLevels(head.size); ++level) {
    const uint32_t width = PartialWidth(level, head.size);
    std::vector<Hash> tail;
    if (width > 0) {
      const TileId id = {static_cast<uint8_t>(level),
                         level == 7 ? 0 : head.size >> (kTileHeight * (level + 1))};
      absl::StatusOr<std::vector<Hash>> hashes = TileHashes(log, id);
      if (!hashes.ok()) return hashes.status();
      if (hashes->size() < width) return Missing("a tile", log, head.size - 1);
      hashes->resize(width);
      tail = *std::move(hashes);
    }
    tails.push_back(std::move(tail));
  }
  absl::StatusOr<TileTree> tree = TileTree::Restore(head.size, std::move(tails));
  if (!tree.ok()) return absl::DataLossError(std::string(tree.status().message()));
  if (tree->Root() != head.root) {
    return absl::DataLossError(absl::StrFormat(
        "log number %d: the stored entries do not lead to the stored root of size %d",
        log, head.size));
  }
  return tree;
}

}  // namespace setlog
