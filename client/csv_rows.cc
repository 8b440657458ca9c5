#include "client/csv_rows.h"

#include <csv.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace setlog {
namespace {

// libcsv would otherwise trim blanks, which RFC 4180 calls part of the cell.
int NoSpace(unsigned char) { return 0; }

constexpr size_t kStepBytes = 64 * 1024;

}  // namespace

// libcsv calls back for each cell and row of a piece of input; they are kept until the
// caller has taken them, so at most one piece and one row are in memory.
struct CsvRows::State {
  State(InputFile input, std::string input_name, size_t max_bytes)
      : file(std::move(input)), name(std::move(input_name)), max_row_bytes(max_bytes) {
    csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
    csv_set_space_func(&parser, NoSpace);
    csv_set_blk_size(&parser, kStepBytes);  // grows linearly: not 128 bytes at a time
  }
  ~State() { csv_free(&parser); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static void OnCell(void* text, size_t size, void* self) {
    static_cast<State*>(self)->AddCell(
        {static_cast<const char*>(text), text == nullptr ? 0 : size});
  }
  static void OnRowEnd(int end, void* self) { static_cast<State*>(self)->EndRow(end); }

  void Refuse(std::string_view what) {
    if (!error.ok()) return;
    error = absl::InvalidArgumentError(
        absl::StrFormat("%s:%d: %s", name, rows_parsed + 1, what));
  }
  void RefuseLoneCr() {
    if (std::exchange(after_cr, false)) {
      --rows_parsed;  // it ended that row
      Refuse("carriage return without line feed outside quotes");
    }
  }

  void AddCell(std::string_view cell) {
    RefuseLoneCr();
    text.append(cell);
    ends.push_back(text.size());
  }

  void EndRow(int end) {
    const bool empty = ends.size() == (row_ends.empty() ? 0 : row_ends.back());
    if (empty && end == CSV_LF && after_cr) {
      after_cr = false;  // the second half of CRLF
      return;
    }
    RefuseLoneCr();
    if (empty) {
      Refuse("blank line (an empty cell alone in its row is written \"\")");
      return;
    }
    if (text.size() - RowBegin() > max_row_bytes) RefuseLongRow();
    if (!error.ok()) return;
    row_ends.push_back(ends.size());
    after_cr = end == CSV_CR;
    ++rows_parsed;
  }

  // Where in `text` the row begins that is not complete.
  size_t RowBegin() const { return row_ends.empty() ? 0 : ends[row_ends.back() - 1]; }
  void RefuseLongRow() {
    Refuse(absl::StrFormat("longer than %d bytes (is a quote not closed?)",
                           max_row_bytes));
  }

  size_t TakenCells() const { return taken == 0 ? 0 : row_ends[taken - 1]; }

  // Drops the rows that were taken; the cells of an unfinished row stay.
  void Compact() {
    const size_t cells_gone = TakenCells();
    const size_t text_gone = cells_gone == 0 ? 0 : ends[cells_gone - 1];
    text.erase(0, text_gone);
    ends.erase(ends.begin(), ends.begin() + static_cast<ptrdiff_t>(cells_gone));
    for (size_t& end : ends) end -= text_gone;
    row_ends.clear();
    taken = 0;
  }

  // Parses one more step of input.
  absl::Status Parse() {
    if (chunk.empty()) {
      absl::StatusOr<std::string_view> read = file.Read();
      if (!read.ok()) return read.status();
      chunk = *read;
      if (std::exchange(at_start, false) && chunk.starts_with("\xEF\xBB\xBF")) {
        Refuse("byte order mark before the first cell; remove it");
        return error;
      }
      if (chunk.empty()) {
        at_end = true;
        if (csv_fini(&parser, OnCell, OnRowEnd, this) != 0) {
          Refuse("the last cell's quote is not closed");
        }
        RefuseLoneCr();
        return absl::OkStatus();
      }
    }
    const std::string_view step = chunk.substr(0, kStepBytes);
    chunk.remove_prefix(step.size());
    if (csv_parse(&parser, step.data(), step.size(), OnCell, OnRowEnd, this) !=
        step.size()) {
      Refuse(csv_error(&parser) == CSV_EPARSE
                 ? "a quote inside an unquoted cell, or text behind a closing quote"
                 : csv_strerror(csv_error(&parser)));
    }
    // What belongs to the row that is not complete yet.
    if (text.size() - RowBegin() + parser.entry_pos > max_row_bytes) RefuseLongRow();
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<CsvRow>> Next() {
    while (taken == row_ends.size()) {  // rows before an error are given out first
      if (!error.ok()) return error;
      if (at_end) return std::nullopt;
      Compact();
      if (absl::Status status = Parse(); !status.ok()) return error = status;
    }
    const size_t begin = TakenCells(), end = row_ends[taken];
    ++taken;
    cells.clear();
    for (size_t i = begin; i < end; ++i) {
      const size_t from = i == 0 ? 0 : ends[i - 1];
      cells.push_back(std::string_view(text).substr(from, ends[i] - from));
    }
    return CsvRow{++rows_taken, cells};
  }

  InputFile file;
  const std::string name;
  const size_t max_row_bytes;
  csv_parser parser;
  std::string_view chunk;  // read, not yet parsed
  bool at_start = true, at_end = false;
  bool after_cr = false;         // the last row ended in CR: LF must follow at once
  std::string text;              // all cells, one behind the other
  std::vector<size_t> ends;      // of the cells, in `text`
  std::vector<size_t> row_ends;  // of the complete rows, in `ends`
  size_t taken = 0;              // rows of row_ends that were given out
  uint64_t rows_parsed = 0, rows_taken = 0;
  std::vector<std::string_view> cells;
  absl::Status error;
};

CsvRows::CsvRows(InputFile file, std::string name, size_t max_row_bytes)
    : state_(std::make_unique<State>(std::move(file), std::move(name), max_row_bytes)) {
}
CsvRows::CsvRows(CsvRows&&) noexcept = default;
CsvRows& CsvRows::operator=(CsvRows&&) noexcept = default;
CsvRows::~CsvRows() = default;

absl::StatusOr<std::optional<CsvRow>> CsvRows::Next() { return state_->Next(); }

}  // namespace setlog
