#include "log/log_path.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "log/origin.h"

namespace setlog {
namespace {

constexpr std::string_view kCheckpoint = "checkpoint";
constexpr std::string_view kNewestCheckpoint = "checkpoint/newest";
constexpr std::string_view kTile = "tile";
constexpr std::string_view kLookup = "lookup";

// RFC 3986's unreserved characters, and the slash.
bool IsPathChar(char c) {
  return absl::ascii_isalnum(c) || c == '/' || c == '.' || c == '-' || c == '_' ||
         c == '~';
}

struct Parts {
  std::string_view origin;
  std::string_view name;  // the page's first component
  std::string_view page;  // from there on
};

// The path at the first component with a page's name, which no origin may have.
std::optional<Parts> Split(std::string_view path) {
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view component = path.substr(begin, end - begin);
    if (component == kCheckpoint || component == kTile || component == kLookup) {
      return Parts{path.substr(0, begin), component, path.substr(begin)};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

absl::Status NoSuchPage() {
  return absl::NotFoundError(
      "no page of a log: those are ORIGIN/checkpoint, ORIGIN/checkpoint/newest, "
      "ORIGIN/tile/LEVEL/NUMBER, ORIGIN/tile/entries/NUMBER and "
      "ORIGIN/lookup/RECORD");
}

}  // namespace

absl::StatusOr<LogPath> ParseLogPath(std::string_view path) {
  if (!std::ranges::all_of(path, IsPathChar)) {
    return absl::InvalidArgumentError(
        "only A-Z a-z 0-9 . _ ~ - and slashes stand in paths here, and nothing is "
        "escaped");
  }
  if (!path.starts_with('/')) return NoSuchPage();
  const std::optional<Parts> parts = Split(path.substr(1));
  if (!parts) return NoSuchPage();
  LogPath result;
  if (parts->origin.ends_with('/')) {
    result.origin = parts->origin.substr(0, parts->origin.size() - 1);
  }
  if (absl::Status s = CheckOrigin(result.origin); !s.ok()) return s;
  if (parts->name == kTile) {
    absl::StatusOr<TilePath> tile = ParseTilePath(parts->page);
    if (!tile.ok()) return tile.status();
    result.page = *tile;
  } else if (parts->name == kLookup) {
    const size_t begin = std::min(kLookup.size() + 1, parts->page.size());
    const std::optional<Hash> record = HashFromHex(parts->page.substr(begin));
    if (!record) {
      return absl::InvalidArgumentError(
          "lookup/RECORD: a record's hash is 64 lower-case hex digits");
    }
    result.page = LookupPath{*record};
  } else if (parts->page == kNewestCheckpoint) {
    result.page = CheckpointPath{.newest = true};
  } else if (parts->page != kCheckpoint) {
    return NoSuchPage();
  }
  return result;
}

std::string FormatLogPath(const LogPath& path) {
  if (const auto* tile = std::get_if<TilePath>(&path.page)) {
    return absl::StrFormat("/%s/%s", path.origin, FormatTilePath(*tile));
  }
  if (const auto* lookup = std::get_if<LookupPath>(&path.page)) {
    return absl::StrFormat("/%s/lookup/%s", path.origin, ToHex(lookup->record));
  }
  return absl::StrFormat(
      "/%s/%s", path.origin,
      std::get<CheckpointPath>(path.page).newest ? kNewestCheckpoint : kCheckpoint);
}

}  // namespace setlog
