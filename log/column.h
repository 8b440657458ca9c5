// log/column.h -- the typed columns of row/1: a CSV cell as a canonical JSON value.
//
//   std::vector<Column> columns = *ParseColumns("id:int,name:str,age:int?");
//   ColumnType type = *ParseColumnType("int?");
//   std::string out;
//   absl::Status ok = AppendCell(&out, type, "42");  // out = "42"
//
//   type       cell                                     canonical value
//   int        -?(0|[1-9][0-9]*), no "-0"; 64 bits      number; string beyond 2^53
//   float      a JSON number; finite, not underflowing  number (the nearest double)
//   bool       true | false                             true | false
//   str        well-formed UTF-8                        string, unchanged
//   bytes      padded base64 (RFC 4648 section 4)       string, unchanged
//   timestamp  as int: microseconds since 1970 UTC, or  as int
//              YYYY-MM-DDThh:mm:ss[.f](Z|+00:00), f of 1 to 6 digits
//
// With the suffix '?' the column is nullable: there an empty cell is null, quoted or
// not (quotes are no data in RFC 4180, and tools drop them). Elsewhere an empty cell is
// the empty string of str, the empty bytes of bytes, and an error for the other types.
// Nothing is trimmed or guessed: " 1", "+1", "01", "True", "NaN" are errors.
// Pure functions; thread-safe.
#ifndef SETLOG_LOG_COLUMN_H_
#define SETLOG_LOG_COLUMN_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/json.h"

namespace setlog {

// A column as the manifest names it: {"age", "int?"}.
struct Column {
  std::string name;
  std::string type;
  friend bool operator==(const Column&, const Column&) = default;
};

struct ColumnType {
  enum class Base { kInt, kFloat, kBool, kStr, kBytes, kTimestamp };
  Base base;
  bool nullable = false;
};

// "int", "float?", ... InvalidArgument, listing the types, for anything else.
absl::StatusOr<ColumnType> ParseColumnType(std::string_view name);

// Appends the canonical value of `cell`. InvalidArgument: what is wrong with it.
absl::Status AppendCell(std::string* out, ColumnType type, std::string_view cell);

// Columns must have distinct, non-empty names in UTF-8 and known types, and there must
// be at least one. InvalidArgument, naming the column.
absl::Status CheckColumns(const std::vector<Column>& columns);

// The manifest's form of columns, [[name, type], ...]; nothing if `json` is not that.
std::optional<std::vector<Column>> ColumnsFromJson(const JsonValue& json);

// "a:int,b:str": a name ends at the last ':' of its item. InvalidArgument.
absl::StatusOr<std::vector<Column>> ParseColumns(std::string_view list);

// The content of a file of columns: either the manifest's own form, [["a","int"], ...],
// in any JSON spelling, or one "name:type" a line (then names may have commas).
absl::StatusOr<std::vector<Column>> ParseColumnsFile(std::string_view content);

}  // namespace setlog

#endif  // SETLOG_LOG_COLUMN_H_
