// client/csv_rows.h -- the rows of a CSV input by RFC 4180, with bounded memory.
//
//   CsvRows rows(*InputFile::Open(name, Decompress::kByContent), name, 64 << 20);
//   absl::StatusOr<std::optional<CsvRow>> row = rows.Next();  // nullopt: the end
//   row->number;  // 1 for the file's first row, which may be a header
//
// libcsv in strict mode does the parsing. Spaces belong to cells. Refused: a quote in
// an unquoted cell, text behind a closing quote, an open quote at the end, a CR that is
// not followed by LF outside quotes, a blank line (one empty cell is written ""), a
// byte order mark. Rows end in LF or CRLF; the last one may end with the input.
// Thread-compatible.
#ifndef SETLOG_CLIENT_CSV_ROWS_H_
#define SETLOG_CLIENT_CSV_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/input_file.h"

namespace setlog {

struct CsvRow {
  uint64_t number;
  std::span<const std::string_view> cells;  // valid until the next call
};

class CsvRows {
 public:
  // `name` is what errors call the input.
  CsvRows(InputFile file, std::string name, size_t max_row_bytes);
  CsvRows(CsvRows&&) noexcept;
  CsvRows& operator=(CsvRows&&) noexcept;
  ~CsvRows();

  // The errors of InputFile::Read; InvalidArgument, "NAME:ROW: what is wrong", for what
  // is no CSV: where the next row begins is then unknown, so there is no going on.
  absl::StatusOr<std::optional<CsvRow>> Next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_CSV_ROWS_H_
