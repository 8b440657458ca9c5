#include "server/tree_reader.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "log/set_tree.h"
#include "log/tree.h"

namespace setlog {
namespace {

constexpr uint64_t kDecodedTileBytes = 16 * 1024 + 256;
// At most 2 KiB each, and 64 KiB.
constexpr size_t kEdges = 256;
constexpr size_t kEntries = 256;
// Of a value's entry in a bundle: its length before it, its type.
constexpr size_t kFramedValue = 2 + kValueEntryBytes;
constexpr size_t kValueOffset = 2 + 1;

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

// The value of an add or remove entry.
absl::StatusOr<Hash> ValueOf(Bytes bytes, LogNumber log, uint64_t position) {
  const absl::StatusOr<setlog::Entry> entry = DecodeEntry(bytes);
  if (entry.ok()) {
    if (const auto* add = std::get_if<AddEntry>(&*entry)) return add->value;
    if (const auto* remove = std::get_if<RemoveEntry>(&*entry)) return remove->value;
  }
  return absl::DataLossError(absl::StrFormat(
      "log number %d: entry %d should be an add or a remove", log, position));
}

bool IsValue(Bytes entry) {
  return !entry.empty() && (entry[0] == static_cast<uint8_t>(EntryType::kAdd) ||
                            entry[0] == static_cast<uint8_t>(EntryType::kRemove));
}

// The entry at `position` of the bundle that holds it. Reads no further than that.
absl::StatusOr<Bytes> EntryOf(Bytes bundle, LogNumber log, uint64_t position) {
  const absl::StatusOr<Bytes> entry =
      BundleEntry(bundle, static_cast<uint32_t>(position % kTileWidth));
  if (entry.ok()) return entry;
  return Missing("the bundle", log, position);
}

}  // namespace

// The nodes of one answer, one after the other: most of them stand in the same tile as
// the one before, and a tile of the cache costs a lock and a search.
class TreeReader::Nodes {
 public:
  Nodes(const TreeReader* reader, LogNumber log) : reader_(*reader), log_(log) {}

  LogNumber log() const { return log_; }
  absl::StatusOr<Hash> At(NodeId id) {
    const TilePosition at = TileForNode(id);
    const uint32_t width = (at.index + uint32_t{1}) << at.height;
    if (tile_ == nullptr || at.tile != id_ || tile_->width() < width) {
      absl::StatusOr<TilePtr> tile = reader_.Tile(log_, at.tile, width);
      if (!tile.ok()) return tile.status();
      tile_ = *std::move(tile);
      id_ = at.tile;
    }
    return tile_->NodeAt(at.height, at.index);
  }

 private:
  const TreeReader& reader_;
  const LogNumber log_;
  TileId id_;
  TilePtr tile_;
};

TreeReader::TreeReader(const Store* store, uint64_t cache_bytes)
    : store_(store),
      tiles_(std::max<uint64_t>(cache_bytes / kDecodedTileBytes, 16)),
      edges_(kEdges),
      entries_(kEntries) {}

absl::StatusOr<std::string> TreeReader::ReadBundle(LogNumber log, uint64_t number,
                                                   Checked checked) const {
  const std::string key = U64Key(number);
  absl::StatusOr<std::string> bundle =
      checked == Checked::kByStore ? store_->Read(log, Table::kBundle, key)
                                   : store_->ReadUnchecked(log, Table::kBundle, key);
  if (absl::IsNotFound(bundle.status())) {
    return Missing("the bundle", log, number * kTileWidth);
  }
  return bundle;
}

absl::StatusOr<std::string> TreeReader::Bundle(LogNumber log, uint64_t number,
                                               uint32_t width) const {
  absl::StatusOr<std::string> bundle = ReadBundle(log, number);
  if (!bundle.ok()) return bundle.status();
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

absl::StatusOr<std::string> TreeReader::TileBytes(LogNumber log, TileId id,
                                                  uint32_t width) const {
  const absl::StatusOr<TilePtr> tile = Tile(log, id, width);
  if (!tile.ok()) return tile.status();
  const std::span<const Hash> hashes = (*tile)->hashes().first(width);
  return std::string(reinterpret_cast<const char*>(hashes.data()), hashes.size_bytes());
}

absl::StatusOr<std::string> TreeReader::Entry(LogNumber log, uint64_t position) const {
  const Place place{log, 0, position};
  if (const auto found = entries_.Find(place)) return *found;
  const absl::StatusOr<std::string> bundle = ReadBundle(log, position / kTileWidth);
  if (!bundle.ok()) return bundle.status();
  const absl::StatusOr<Bytes> bytes = EntryOf(AsBytes(*bundle), log, position);
  if (!bytes.ok()) return bytes.status();
  std::string entry(AsText(*bytes));
  if (!IsValue(*bytes)) {
    entries_.Insert(place, std::make_shared<const std::string>(entry));
  }
  return entry;
}

absl::StatusOr<std::vector<Hash>> TreeReader::Values(
    LogNumber log, std::span<const ValuePlace> places) const {
  std::vector<uint32_t> order(places.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return places[a].position < places[b].position;
  });
  std::vector<Hash> values(places.size());
  const auto value_of = [&](Bytes bundle, uint32_t i) -> absl::Status {
    const uint64_t position = places[i].position;
    const absl::StatusOr<Bytes> entry = EntryOf(bundle, log, position);
    if (!entry.ok()) return entry.status();
    const absl::StatusOr<Hash> value = ValueOf(*entry, log, position);
    if (!value.ok()) return value.status();
    values[i] = *value;
    return absl::OkStatus();
  };
  std::vector<std::string> bundles;
  std::vector<uint32_t> ends;  // of the places in each of them
  for (size_t i = 0; i < order.size(); ++i) {
    const uint64_t number = places[order[i]].position / kTileWidth;
    if (i == 0 || number != places[order[i - 1]].position / kTileWidth) {
      bundles.push_back(U64Key(number));
      ends.push_back(0);
    }
    ends.back() = static_cast<uint32_t>(i + 1);
  }
  const absl::Status read = store_->ReadManyUnchecked(
      log, Table::kBundle, bundles, [&](size_t b, std::string_view row) {
        const Bytes bundle = AsBytes(row);
        for (uint32_t i = b == 0 ? 0 : ends[b - 1]; i < ends[b]; ++i) {
          const uint32_t place = order[i];
          const size_t offset = places[place].position % kTileWidth * kFramedValue;
          if (bundle.size() == kTileWidth * kFramedValue) {
            // Most likely nothing but values: there is no need to walk to it.
            values[place] = HashFromBytes(bundle.subspan(offset + kValueOffset));
          } else {
            value_of(bundle, place).IgnoreError();  // its key will tell
          }
        }
        return absl::OkStatus();
      });
  // One that is missing is named below.
  if (!read.ok() && !absl::IsNotFound(read)) return read;
  const std::vector<Hash> keys = SetKeys(values);
  for (size_t i = 0; i < places.size(); ++i) {
    if (keys[i] == places[i].key) continue;
    // Whose fault it is: the store's, or that of whoever named the place.
    const uint64_t position = places[i].position;
    const absl::StatusOr<std::string> checked = ReadBundle(log, position / kTileWidth);
    if (!checked.ok()) return checked.status();
    absl::Status status = value_of(AsBytes(*checked), static_cast<uint32_t>(i));
    if (!status.ok()) return status;
    if (SetKey(values[i]) == places[i].key) continue;
    return absl::NotFoundError(absl::StrFormat(
        "log number %d: entry %d does not hold the value with the key %s", log,
        position, ToHex(places[i].key)));
  }
  return values;
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
      if (IsValue(entries[end - 1 - first])) return end;
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
  const Place place{log, id.level, id.index};
  if (TilePtr found = tiles_.Find(place); found && found->width() >= width) {
    return found;
  }
  if (id.level == 0) {
    if (TilePtr vouched = VouchedTile(log, id.index)) {
      tiles_.Insert(place, vouched);
      return vouched;
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
  tiles_.Insert(place, tile);
  return tile;
}

TreeReader::TilePtr TreeReader::VouchedTile(LogNumber log, uint64_t number) const {
  const uint32_t place = static_cast<uint32_t>(number % kTileWidth);
  const absl::StatusOr<TilePtr> above = Tile(log, {1, number / kTileWidth}, place + 1);
  if (!above.ok()) return nullptr;  // the bundle is not full yet
  const absl::StatusOr<std::string> bundle =
      ReadBundle(log, number, Checked::kByCaller);
  if (!bundle.ok()) return nullptr;
  const absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(AsBytes(*bundle));
  if (!entries.ok() || entries->size() != kTileWidth) return nullptr;
  absl::StatusOr<DecodedTile> tile = DecodedTile::FromHashes(LeafHashes(*entries));
  if (!tile.ok() || *tile->NodeAt(kTileHeight, 0) != (*above)->hashes()[place]) {
    return nullptr;
  }
  return std::make_shared<const DecodedTile>(*std::move(tile));
}

absl::StatusOr<std::shared_ptr<const TreeReader::Edge>> TreeReader::EdgeOf(
    Nodes* nodes, uint64_t size) const {
  const Place place{nodes->log(), 0, size};
  if (auto found = edges_.Find(place)) return found;
  const std::vector<NodeId> peaks = CoveringNodes(0, size);
  Edge edge(peaks.size());
  for (size_t i = peaks.size(); i-- > 0;) {
    const absl::StatusOr<Hash> peak = nodes->At(peaks[i]);
    if (!peak.ok()) return peak.status();
    edge[i] = i + 1 == peaks.size() ? *peak : NodeHash(*peak, edge[i + 1]);
  }
  auto made = std::make_shared<const Edge>(std::move(edge));
  edges_.Insert(place, made);
  return made;
}

// `plan` is for the tree of `size`: a run of several nodes reaches to its right edge.
absl::StatusOr<std::vector<Hash>> TreeReader::Fetch(Nodes* nodes, const NodeList& plan,
                                                    uint64_t size) const {
  std::vector<Hash> path;
  path.reserve(plan.runs.size());
  const NodeId* id = plan.ids.data();
  for (const size_t run : plan.runs) {
    if (run == 1) {
      const absl::StatusOr<Hash> hash = nodes->At(*id);
      if (!hash.ok()) return hash.status();
      path.push_back(*hash);
    } else {
      const absl::StatusOr<std::shared_ptr<const Edge>> edge = EdgeOf(nodes, size);
      if (!edge.ok()) return edge.status();
      // Left of it are the perfect subtrees that the bits of its beginning stand for.
      path.push_back((**edge)[std::popcount(id->index << id->level)]);
    }
    id += run;
  }
  return path;
}

absl::StatusOr<Hash> TreeReader::RootAt(LogNumber log, uint64_t size) const {
  if (size == 0) return EmptyRoot();
  Nodes nodes(this, log);
  const absl::StatusOr<std::shared_ptr<const Edge>> edge = EdgeOf(&nodes, size);
  if (!edge.ok()) return edge.status();
  return (*edge)->front();
}

absl::StatusOr<Inclusion> TreeReader::Include(LogNumber log, uint64_t index,
                                              uint64_t size) const {
  const absl::StatusOr<NodeList> plan = InclusionNodes(index, size);
  if (!plan.ok()) return plan.status();
  Nodes nodes(this, log);
  const absl::StatusOr<Hash> leaf = nodes.At({0, index});
  if (!leaf.ok()) return leaf.status();
  absl::StatusOr<std::vector<Hash>> path = Fetch(&nodes, *plan, size);
  if (!path.ok()) return path.status();
  const absl::StatusOr<std::shared_ptr<const Edge>> edge = EdgeOf(&nodes, size);
  if (!edge.ok()) return edge.status();
  return Inclusion{*leaf, *std::move(path), (*edge)->front()};
}

absl::StatusOr<std::vector<Hash>> TreeReader::InclusionPath(LogNumber log,
                                                            uint64_t index,
                                                            uint64_t size) const {
  absl::StatusOr<NodeList> plan = InclusionNodes(index, size);
  if (!plan.ok()) return plan.status();
  Nodes nodes(this, log);
  return Fetch(&nodes, *plan, size);
}

absl::StatusOr<std::vector<Hash>> TreeReader::ConsistencyPath(LogNumber log,
                                                              uint64_t size1,
                                                              uint64_t size2) const {
  absl::StatusOr<NodeList> plan = ConsistencyNodes(size1, size2);
  if (!plan.ok()) return plan.status();
  Nodes nodes(this, log);
  return Fetch(&nodes, *plan, size2);
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
