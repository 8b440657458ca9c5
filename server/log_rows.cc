#include "server/log_rows.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/replay.h"
#include "log/tile.h"
#include "log/tile_tree.h"
#include "server/log_state.h"
#include "server/tree_reader.h"

namespace setlog {
namespace {

// What a replay of one log hands out, bundle by bundle.
class RowMaker {
 public:
  RowMaker(const LogRecord& record,
           const std::function<absl::Status(const Write&)>& row)
      : record_(record), row_(row), replay_(record.origin) {}

  absl::Status Take(uint64_t number, Bytes bundle) {
    absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(bundle);
    if (!entries.ok()) return Damaged(number, std::string(entries.status().message()));
    const uint32_t width = TileWidth({0, number}, record_.head.size);
    if (entries->size() != width) {
      return Damaged(number, absl::StrFormat("holds %u entries instead of %u",
                                             entries->size(), width));
    }
    const uint64_t first = number * kTileWidth;
    if (std::optional<ReplayFault> fault = replay_.Feed(*entries)) {
      return Damaged(number,
                     absl::StrFormat("entry %u: %s", fault->position, fault->reason));
    }
    if (number == 0) log_.manifest = std::string(AsText(entries->front().subspan(1)));
    log_.values_before.push_back(values_);
    for (size_t i = 0; i < entries->size(); ++i) {
      if (absl::Status s = TakeEntry((*entries)[i], first + i); !s.ok()) return s;
    }
    return TakeTiles(tree_.Append(LeafHashes(*entries)));
  }

  absl::StatusOr<ReplayedLog> Finish() {
    if (replay_.size() != record_.head.size) {
      return absl::DataLossError(absl::StrFormat(
          "bundle %u is missing: the head has %u entries, the bundles %u",
          replay_.size() / kTileWidth, record_.head.size, replay_.size()));
    }
    if (replay_.Root() != record_.head.root) {
      return absl::DataLossError(absl::StrFormat(
          "the %u entries give the root %s, the head has %s", record_.head.size,
          ToHex(replay_.Root()), ToHex(record_.head.root)));
    }
    log_.values_before.push_back(values_);
    for (auto& [key, value] : partial_) {
      if (absl::Status s = Give(Table::kTile, key, std::move(value)); !s.ok()) return s;
      ++log_.tiles;
    }
    return std::move(log_);
  }

 private:
  static absl::Status Damaged(uint64_t number, const std::string& what) {
    return absl::DataLossError(absl::StrFormat("bundle %u: %s", number, what));
  }

  absl::Status Give(Table table, std::string key, std::string value) {
    return row_({record_.log, table, std::move(key), std::move(value)});
  }

  absl::Status TakeEntry(Bytes bytes, uint64_t position) {
    const auto type = static_cast<EntryType>(bytes[0]);
    if (type == EntryType::kAdd) ++values_[0];
    if (type == EntryType::kRemove) ++values_[1];
    if (type != EntryType::kIndex && type != EntryType::kTag) return absl::OkStatus();
    const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
    if (!entry.ok()) return entry.status();  // the replay let it pass, so it is one
    if (const auto* index = std::get_if<IndexEntry>(&*entry)) {
      ++log_.index_rows;
      return Give(Table::kIndex, U64Key(index->m), EncodeIndexRow({*index, position}));
    }
    const auto& tag = std::get<TagEntry>(*entry);
    ++log_.tag_rows;
    return Give(Table::kTag, tag.name, EncodeTagRow({tag.m, position}));
  }

  // Full tiles are final; a partial one is kept until the end.
  absl::Status TakeTiles(const std::vector<ChangedTile>& tiles) {
    for (const ChangedTile& tile : tiles) {
      std::string key = TileRowKey(tile.tile);
      std::string value;
      for (const Hash& hash : tile.hashes) value.append(AsText(hash));
      if (tile.hashes.size() < kTileWidth) {
        partial_[std::move(key)] = std::move(value);
        continue;
      }
      partial_.erase(key);
      ++log_.tiles;
      absl::Status given = Give(Table::kTile, std::move(key), std::move(value));
      if (!given.ok()) return given;
    }
    return absl::OkStatus();
  }

  const LogRecord& record_;
  const std::function<absl::Status(const Write&)>& row_;
  Replay replay_;
  TileTree tree_;
  ReplayedLog log_;
  std::array<uint64_t, 2> values_{};
  std::map<std::string, std::string> partial_;
};

}  // namespace

absl::StatusOr<ReplayedLog> ReplayRows(
    const Store& store, const LogRecord& record,
    const std::function<absl::Status(const Write&)>& row,
    const std::function<void(uint64_t)>& progress) {
  RowMaker maker(record, row);
  uint64_t number = 0;
  absl::Status taken;
  absl::Status read =
      store.Scan(record.log, Table::kBundle, "", "",
                 [&](std::string_view key, std::string_view value) {
                   if (key != U64Key(number)) {
                     taken = absl::DataLossError(absl::StrFormat(
                         "bundle %u is missing, or a row stands in its place: %s",
                         number, ToHex(AsBytes(key))));
                     return false;
                   }
                   taken = maker.Take(number, AsBytes(value));
                   progress(std::min(++number * kTileWidth, record.head.size));
                   return taken.ok();
                 });
  if (!read.ok()) {
    return absl::Status(read.code(), absl::StrFormat("at bundle %u: %s", number,
                                                     std::string(read.message())));
  }
  if (!taken.ok()) return taken;
  return maker.Finish();
}

absl::StatusOr<uint64_t> CountValues(const Store& store, const LogRecord& record,
                                     const ReplayedLog& log, EntryType type,
                                     uint64_t end) {
  const uint64_t number = end / kTileWidth;
  const uint64_t width = end % kTileWidth;
  if (number >= log.values_before.size()) {
    return absl::OutOfRangeError("beyond the log");
  }
  uint64_t count = log.values_before[number][type == EntryType::kRemove];
  if (width == 0) return count;
  absl::StatusOr<std::string> bundle =
      store.Read(record.log, Table::kBundle, U64Key(number));
  if (!bundle.ok()) return bundle.status();
  absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(AsBytes(*bundle));
  if (!entries.ok()) return entries.status();
  if (entries->size() < width) return absl::OutOfRangeError("beyond the log");
  for (uint64_t i = 0; i < width; ++i) {
    count += (*entries)[i][0] == static_cast<uint8_t>(type);
  }
  return count;
}

}  // namespace setlog
