#include "client/record_reader.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/csv_rows.h"
#include "client/file_list.h"
#include "client/input_file.h"
#include "client/line_reader.h"
#include "log/json.h"
#include "log/sha256_stream.h"

namespace setlog {
namespace {

constexpr size_t kSkippedMessages = 10;
constexpr std::string_view kJsonSpace = " \t\r";

// What the inputs hold.
enum class Content { kFiles, kJsonLines, kJsonField, kTextLines, kCsv };

// Nothing (the file's end), a record, or why the record is refused; then the file can
// be read on. An error status means that it cannot.
using Step = std::variant<std::monostate, Record, absl::Status>;

// "column 12: text" becomes "FILE:LINE:12: text"; all else "FILE:LINE: text".
absl::Status AtLine(std::string_view source, uint64_t line,
                    const absl::Status& status) {
  const std::string message(status.message());
  std::string_view text = message;
  constexpr std::string_view kColumn = "column ";
  const bool has_column = text.starts_with(kColumn);
  if (has_column) text.remove_prefix(kColumn.size());
  return absl::Status(status.code(), absl::StrFormat("%s:%d:%s%s", source, line,
                                                     has_column ? "" : " ", text));
}

// The value of the record's string field.
absl::StatusOr<std::string> TextField(std::string_view line, std::string_view field) {
  absl::StatusOr<JsonValue> json = ParseJson(line);
  if (!json.ok()) return json.status();
  if (json->AsObject() == nullptr) {
    return absl::InvalidArgumentError("column 1: not a JSON object");
  }
  const JsonValue* value = json->Find(field);
  if (value == nullptr || value->AsString() == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("column 1: field \"%s\" is %s", field,
                        value == nullptr ? "missing" : "not a string"));
  }
  return *value->AsString();
}

absl::StatusOr<Content> ContentOf(const RecordScheme& scheme,
                                  const RecordReaderOptions& options) {
  const bool is_text = scheme.kind() == SchemeKind::kText;
  if (!is_text && (options.text_lines || !options.text_field.empty())) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a field or lines can be chosen only under text/1; the scheme is %s",
        scheme.name()));
  }
  switch (scheme.kind()) {
    case SchemeKind::kBytes:
      return Content::kFiles;
    case SchemeKind::kJson:
      return Content::kJsonLines;
    case SchemeKind::kRow:
      return Content::kCsv;
    case SchemeKind::kText:
      if (options.text_lines == !options.text_field.empty()) {
        return absl::InvalidArgumentError(
            "text/1: say either --field NAME (JSON lines) or --lines (plain text)");
      }
      return options.text_lines ? Content::kTextLines : Content::kJsonField;
  }
  return absl::InternalError("no such scheme");
}

}  // namespace

struct RecordReader::State {
  State(RecordScheme record_scheme, Content held, FileList list,
        RecordReaderOptions reader_options)
      : scheme(std::move(record_scheme)),
        content(held),
        files(std::move(list)),
        options(std::move(reader_options)) {}

  Step MakeRecord(std::string canonical) {
    Record record{source, number, std::move(canonical)};
    record.canonical_bytes = record.canonical.size();
    record.hash = RecordHash(record.canonical);
    return record;
  }

  Step Refused(const absl::Status& status) const {
    return AtLine(source, number, status);
  }

  absl::StatusOr<Step> ReadWholeFile();
  absl::StatusOr<Step> ReadLine();
  Step LineRecord(std::string_view line);
  absl::StatusOr<Step> ReadRow();
  absl::Status ReadHeader();
  absl::Status OpenNext(std::string name);
  absl::StatusOr<Step> ReadStep();
  absl::StatusOr<std::optional<Record>> Next();

  const RecordScheme scheme;
  const Content content;
  FileList files;
  const RecordReaderOptions options;

  // The file being read: one of the three, or none.
  std::string source;
  uint64_t number = 0;
  std::optional<InputFile> whole;
  std::optional<LineReader> lines;
  std::optional<CsvRows> rows;

  size_t header_cells = 0;      // kCsv: cells in the header, and in every row
  std::vector<size_t> cell_of;  // kCsv: for each column of the scheme, its cell
  std::vector<std::string_view> cells;

  absl::Status error;
  uint64_t skipped = 0;
  std::vector<std::string> skipped_messages;
};

absl::Status RecordReader::State::OpenNext(std::string name) {
  absl::StatusOr<InputFile> file = InputFile::Open(
      name, content == Content::kFiles ? Decompress::kNever : Decompress::kByContent);
  if (!file.ok()) return file.status();
  source = name == "-" ? "standard input" : std::move(name);
  number = 0;
  if (content == Content::kFiles) {
    whole.emplace(*std::move(file));
  } else if (content == Content::kCsv) {
    rows.emplace(*std::move(file), source, options.max_record_bytes);
    return ReadHeader();
  } else {
    lines.emplace(*std::move(file), options.max_record_bytes);
  }
  return absl::OkStatus();
}

absl::Status RecordReader::State::ReadHeader() {
  const std::vector<Column>& columns = scheme.columns();
  cell_of.clear();
  if (!options.csv_header) {
    for (size_t i = 0; i < columns.size(); ++i) cell_of.push_back(i);
    header_cells = columns.size();
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<CsvRow>> header = rows->Next();
  if (!header.ok()) return header.status();
  if (!*header) {
    return absl::InvalidArgumentError(source +
                                      ": empty, where a header row is expected");
  }
  const auto names = (*header)->cells;
  for (const Column& column : columns) {
    const auto found = std::find(names.begin(), names.end(), column.name);
    if (found == names.end() ||
        std::find(std::next(found), names.end(), column.name) != names.end()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s:1: column \"%s\" is %s", source, column.name,
          found == names.end() ? "missing in the header (without a header: --header no)"
                               : "twice in the header"));
    }
    cell_of.push_back(static_cast<size_t>(found - names.begin()));
  }
  header_cells = names.size();
  return absl::OkStatus();
}

absl::StatusOr<Step> RecordReader::State::ReadWholeFile() {
  if (number > 0) return Step();
  number = 1;
  Record record{source};
  Sha256Stream stream;
  while (true) {
    absl::StatusOr<std::string_view> chunk = whole->Read();
    if (!chunk.ok()) return chunk.status();
    if (chunk->empty()) break;
    stream.Update(AsBytes(*chunk));
    record.canonical_bytes += chunk->size();
    record.canonical.append(
        chunk->substr(0, options.max_kept_bytes - record.canonical.size()));
  }
  record.hash = stream.Finish();
  return record;
}

absl::StatusOr<Step> RecordReader::State::ReadLine() {
  absl::StatusOr<std::optional<Line>> line = lines->Next();
  if (!line.ok()) return line.status();
  if (!*line) return Step();
  ++number;
  if ((*line)->too_long) {
    return Refused(absl::InvalidArgumentError(
        absl::StrFormat("line of more than %d bytes", options.max_record_bytes)));
  }
  return LineRecord((*line)->text);
}

Step RecordReader::State::LineRecord(std::string_view line) {
  if (content != Content::kTextLines &&
      line.find_first_not_of(kJsonSpace) == line.npos) {
    return Refused(absl::InvalidArgumentError("blank line"));
  }
  absl::StatusOr<std::string> canonical = content == Content::kJsonField
                                              ? TextField(line, options.text_field)
                                              : scheme.Canonical(line);
  if (!canonical.ok()) return Refused(canonical.status());
  return MakeRecord(*std::move(canonical));
}

absl::StatusOr<Step> RecordReader::State::ReadRow() {
  absl::StatusOr<std::optional<CsvRow>> row = rows->Next();
  if (!row.ok()) return row.status();
  if (!*row) return Step();
  number = (*row)->number;
  const auto all = (*row)->cells;
  if (all.size() != header_cells) {
    return Refused(absl::InvalidArgumentError(absl::StrFormat(
        "%d cells where %s has %d", all.size(),
        options.csv_header ? "the header" : "the manifest", header_cells)));
  }
  cells.clear();
  for (size_t cell : cell_of) cells.push_back(all[cell]);
  absl::StatusOr<std::string> canonical = scheme.CanonicalRow(cells);
  if (!canonical.ok()) return Refused(canonical.status());
  return MakeRecord(*std::move(canonical));
}

absl::StatusOr<Step> RecordReader::State::ReadStep() {
  if (lines) return ReadLine();
  if (rows) return ReadRow();
  return whole ? ReadWholeFile() : Step();
}

absl::StatusOr<std::optional<Record>> RecordReader::State::Next() {
  while (true) {
    absl::StatusOr<Step> step = ReadStep();
    if (!step.ok()) return step.status();
    if (auto* record = std::get_if<Record>(&*step)) return std::move(*record);
    if (auto* refused = std::get_if<absl::Status>(&*step)) {
      if (!options.skip_bad) return *refused;
      if (skipped++ < kSkippedMessages) {
        skipped_messages.emplace_back(refused->message());
      }
      continue;
    }
    whole.reset();
    lines.reset();
    rows.reset();
    absl::StatusOr<std::optional<std::string>> name = files.Next();
    if (!name.ok()) return name.status();
    if (!*name) return std::nullopt;
    if (absl::Status status = OpenNext(**std::move(name)); !status.ok()) return status;
  }
}

RecordReader::RecordReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordReader::RecordReader(RecordReader&&) noexcept = default;
RecordReader& RecordReader::operator=(RecordReader&&) noexcept = default;
RecordReader::~RecordReader() = default;

absl::StatusOr<RecordReader> RecordReader::Open(RecordScheme scheme,
                                                std::vector<std::string> files,
                                                RecordReaderOptions options) {
  absl::StatusOr<Content> content = ContentOf(scheme, options);
  if (!content.ok()) return content.status();
  absl::StatusOr<FileList> list = FileList::Open(std::move(files));
  if (!list.ok()) return list.status();
  return RecordReader(std::make_unique<State>(std::move(scheme), *content,
                                              *std::move(list), std::move(options)));
}

absl::StatusOr<std::optional<Record>> RecordReader::Next() {
  if (!state_->error.ok()) return state_->error;
  absl::StatusOr<std::optional<Record>> record = state_->Next();
  if (!record.ok()) state_->error = record.status();
  return record;
}

uint64_t RecordReader::skipped() const { return state_->skipped; }
const std::vector<std::string>& RecordReader::skipped_messages() const {
  return state_->skipped_messages;
}

}  // namespace setlog
