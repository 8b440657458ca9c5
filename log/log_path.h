// log/log_path.h -- what a path of the read API names: a log, and a page of it.
//
//   absl::StatusOr<LogPath> path = ParseLogPath("/example.org/pets/tile/0/000.p/7");
//   path->origin;                              // "example.org/pets"
//   std::get<TilePath>(path->page).width;      // 7
//   FormatLogPath(*path);                      // the same text again
//
//   "/" origin "/" ( "checkpoint" [ "/newest" ] | tile path
//                  | "lookup/" 64 lower-case hex digits )
//
// Tile paths as in log/tile.h. One spelling for each page: nothing is decoded, because
// nothing in a legal path needs escaping, and a cache that keeps pages by their URLs
// must not hold one under two of them. Source: C2SP tlog-tiles; lookups and
// the newest checkpoint are setlog's own. Thread-safe: pure functions.
#ifndef SETLOG_LOG_LOG_PATH_H_
#define SETLOG_LOG_LOG_PATH_H_

#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/tile.h"

namespace setlog {

struct CheckpointPath {
  bool newest = false;  // the newest head, cosigned or not
  friend bool operator==(const CheckpointPath&, const CheckpointPath&) = default;
};
struct LookupPath {
  Hash record;
  friend bool operator==(const LookupPath&, const LookupPath&) = default;
};

struct LogPath {
  std::string origin;  // CheckOrigin accepts it
  std::variant<CheckpointPath, TilePath, LookupPath> page;
  friend bool operator==(const LogPath&, const LogPath&) = default;
};

// Total: NotFound for a well-formed path that is no page of a log, InvalidArgument,
// saying why, for all that FormatLogPath does not write. Without a query. O(size).
absl::StatusOr<LogPath> ParseLogPath(std::string_view path);
// `path` must be what ParseLogPath can return.
std::string FormatLogPath(const LogPath& path);

}  // namespace setlog

#endif  // SETLOG_LOG_LOG_PATH_H_
