// log/scheme.h -- which bytes of a record are hashed (docs/format.md).
//
//   RecordScheme scheme = *RecordScheme::FromManifest(manifest);
//   absl::StatusOr<std::string> canonical = scheme.Canonical(R"({"b":1,"a":2})");
//   Hash r = RecordHash(*canonical);  // SHA-256 of {"a":2,"b":1} under json/1
//
//   scheme   a record given                 canonical bytes
//   bytes/1  bytes                          the same
//   text/1   UTF-8                          the same
//   json/1   the text of one JSON object    RFC 8785, only the manifest's `fields` if
//                                           given; each must be there
//   row/1    cells, one for each column     RFC 8785 of the object {name: value} of the
//                                           manifest's `columns` (log/column.h)
// A scheme refuses what it cannot represent; it never guesses. A scheme is a value;
// const calls from many threads are safe.
#ifndef SETLOG_LOG_SCHEME_H_
#define SETLOG_LOG_SCHEME_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/column.h"
#include "log/manifest.h"

namespace setlog {

enum class SchemeKind { kBytes, kText, kJson, kRow };

// Unimplemented for any name but the four above, with the list of them; the schemes of
// docs/format.md that this code does not have yet are named as such.
absl::StatusOr<SchemeKind> ParseSchemeName(std::string_view name);

class RecordScheme {
 public:
  // The scheme of the manifest's `scheme`, `fields` and `columns`. Unimplemented as
  // above; InvalidArgument if row/1 has no columns or bad ones, or json/1's fields are
  // none, or one is named twice. Parameters that the scheme does not have mean nothing.
  static absl::StatusOr<RecordScheme> FromManifest(const Manifest& manifest);

  SchemeKind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  // The columns of row/1, in the manifest's order; empty for the others.
  const std::vector<Column>& columns() const { return columns_; }

  // The canonical bytes of one record of bytes/1, text/1 or json/1. InvalidArgument:
  // what is wrong, after "column N: " (bytes from 1) where that is known.
  absl::StatusOr<std::string> Canonical(std::string_view record) const;

  // The same for row/1: cells[i] belongs to columns()[i], and there are as many.
  // InvalidArgument, naming the field.
  absl::StatusOr<std::string> CanonicalRow(
      std::span<const std::string_view> cells) const;

 private:
  RecordScheme(SchemeKind kind, std::string name)
      : kind_(kind), name_(std::move(name)) {}
  absl::StatusOr<std::string> CanonicalObject(std::string_view record) const;

  // A column and what stands before its value in a canonical row: `{"a":` or `,"b":`.
  struct Slot {
    size_t cell;
    ColumnType type;
    std::string lead;
  };

  SchemeKind kind_;
  std::string name_;
  std::vector<std::string> fields_;  // in canonical order; empty: all
  std::vector<Column> columns_;
  std::vector<Slot> slots_;  // in canonical order
};

// The value r of a record in a plain log.
Hash RecordHash(std::string_view canonical);

}  // namespace setlog

#endif  // SETLOG_LOG_SCHEME_H_
