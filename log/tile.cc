#include "log/tile.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr int kMaxPathLevel = 63;

// `size` >> `bits`, also for the shifts by 64 and more that high levels ask for.
uint64_t ShiftRight(uint64_t size, int bits) { return bits < 64 ? size >> bits : 0; }

std::string FormatNumber(uint64_t number) {
  std::string text = absl::StrFormat("%03d", number % 1000);
  while (number >= 1000) {
    number /= 1000;
    text = absl::StrFormat("x%03d/%s", number % 1000, text);
  }
  return text;
}

// Takes decimal digits off the front of `text`, at least one and at most `max_digits`
// (so that nothing overflows).
std::optional<uint32_t> TakeDigits(std::string_view* text, size_t max_digits) {
  uint32_t value = 0;
  size_t digits = 0;
  while (digits < max_digits && digits < text->size() && (*text)[digits] >= '0' &&
         (*text)[digits] <= '9') {
    value = value * 10 + static_cast<uint32_t>((*text)[digits++] - '0');
  }
  if (digits == 0) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

bool Take(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

std::optional<uint64_t> TakeNumber(std::string_view* text) {
  uint64_t number = 0;
  for (bool last = false; !last;) {
    last = !Take(text, "x");
    const std::optional<uint32_t> group = TakeDigits(text, 3);
    if (!group || number > (UINT64_MAX - *group) / 1000) return std::nullopt;
    number = number * 1000 + *group;
    if (!last && !Take(text, "/")) return std::nullopt;
  }
  return number;
}

// Reads every spelling of a path, canonical or not, within the bounds of its fields.
std::optional<TilePath> ReadTilePath(std::string_view text) {
  TilePath path;
  if (!Take(&text, "tile/")) return std::nullopt;
  if (Take(&text, "entries/")) {
    path.entries = true;
  } else {
    const std::optional<uint32_t> level = TakeDigits(&text, 2);
    if (!level || *level > kMaxPathLevel || !Take(&text, "/")) return std::nullopt;
    path.tile.level = static_cast<uint8_t>(*level);
  }
  const std::optional<uint64_t> number = TakeNumber(&text);
  if (!number) return std::nullopt;
  path.tile.index = *number;
  if (Take(&text, ".p/")) {
    const std::optional<uint32_t> width = TakeDigits(&text, 3);
    if (!width || *width == 0 || *width >= kTileWidth) return std::nullopt;
    path.width = *width;
  }
  if (!text.empty()) return std::nullopt;
  return path;
}

}  // namespace

TilePosition TileForNode(NodeId node) {
  const int height = node.level % kTileHeight;
  const int index_bits = kTileHeight - height;
  return {.tile = {static_cast<uint8_t>(node.level / kTileHeight),
                   node.index >> index_bits},
          .height = static_cast<uint8_t>(height),
          .index = static_cast<uint8_t>(node.index & ((1u << index_bits) - 1))};
}

int TileLevels(uint64_t size) {
  return (static_cast<int>(std::bit_width(size)) + kTileHeight - 1) / kTileHeight;
}

uint32_t PartialWidth(int level, uint64_t size) {
  return static_cast<uint32_t>(ShiftRight(size, kTileHeight * level) % kTileWidth);
}

uint32_t TileWidth(TileId tile, uint64_t size) {
  const uint64_t full_tiles = ShiftRight(size, kTileHeight * (tile.level + 1));
  if (tile.index < full_tiles) return kTileWidth;
  return tile.index == full_tiles ? PartialWidth(tile.level, size) : 0;
}

std::string FormatTilePath(const TilePath& path) {
  std::string text = path.entries ? "tile/entries/"
                                  : absl::StrFormat("tile/%d/", int{path.tile.level});
  text += FormatNumber(path.tile.index);
  if (path.width != kTileWidth) text += absl::StrFormat(".p/%d", path.width);
  return text;
}

absl::StatusOr<TilePath> ParseTilePath(std::string_view text) {
  const std::optional<TilePath> path = ReadTilePath(text);
  // One spelling per tile, or a cache would hold the same tile under many names.
  if (path && FormatTilePath(*path) == text) return *path;
  return absl::InvalidArgumentError(absl::StrFormat(
      "not the path of a tile or entry bundle: %s", text.substr(0, 100)));
}

absl::Status AppendToBundle(Bytes entry, std::string* bundle) {
  if (entry.size() > kMaxEntryBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "entry of %d bytes; a bundle holds at most %d", entry.size(), kMaxEntryBytes));
  }
  bundle->push_back(static_cast<char>(entry.size() >> 8));
  bundle->push_back(static_cast<char>(entry.size()));
  bundle->append(AsText(entry));
  return absl::OkStatus();
}

absl::StatusOr<std::string> EncodeBundle(std::span<const Bytes> entries) {
  if (entries.size() > kTileWidth) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d entries; a bundle holds at most %d", entries.size(), kTileWidth));
  }
  std::string bundle;
  for (Bytes entry : entries) {
    if (absl::Status status = AppendToBundle(entry, &bundle); !status.ok()) {
      return status;
    }
  }
  return bundle;
}

absl::StatusOr<std::vector<Bytes>> ParseBundle(Bytes bundle) {
  std::vector<Bytes> entries;
  entries.reserve(std::min<size_t>(kTileWidth, bundle.size() / 2));
  while (!bundle.empty()) {
    if (entries.size() == kTileWidth) {
      return absl::InvalidArgumentError("entry bundle has more than 256 entries");
    }
    const size_t length = bundle.size() < 2 ? 0 : size_t{bundle[0]} << 8 | bundle[1];
    if (bundle.size() < 2 || bundle.size() - 2 < length) {
      return absl::InvalidArgumentError(
          absl::StrFormat("entry bundle ends within its entry %d", entries.size()));
    }
    entries.push_back(bundle.subspan(2, length));
    bundle = bundle.subspan(2 + length);
  }
  return entries;
}

absl::StatusOr<Bytes> BundleEntry(Bytes bundle, uint32_t index) {
  for (uint32_t i = 0;; ++i) {
    const size_t length = bundle.size() < 2 ? 0 : size_t{bundle[0]} << 8 | bundle[1];
    if (bundle.size() < 2 || bundle.size() - 2 < length) {
      return absl::OutOfRangeError(
          absl::StrFormat("entry bundle ends within or before its entry %d", index));
    }
    if (i == index) return bundle.subspan(2, length);
    bundle = bundle.subspan(2 + length);
  }
}

}  // namespace setlog
