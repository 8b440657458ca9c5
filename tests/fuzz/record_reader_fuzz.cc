// Readers of records beside slow ones: the same records, or an error in both. The first
// byte picks the scheme; the rest is the file, held in memory.
#include <sys/mman.h>
#include <unistd.h>

#include <optional>

#include "client/record_reader.h"
#include "fuzz/law.h"
#include "log/utf8.h"

namespace setlog {
namespace {

using Records = std::vector<std::string>;

class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content)
      : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    Law(descriptor_ >= 0 && ::write(descriptor_, content.data(), content.size()) ==
                                static_cast<ssize_t>(content.size()),
        "there is memory for a file");
  }
  MemoryFile(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

absl::StatusOr<Records> Read(const RecordScheme& scheme, const std::string& path,
                             const RecordReaderOptions& options) {
  absl::StatusOr<RecordReader> reader = RecordReader::Open(scheme, {path}, options);
  if (!reader.ok()) return reader.status();
  Records records;
  uint64_t last = 0;
  while (true) {
    absl::StatusOr<std::optional<Record>> record = reader->Next();
    if (!record.ok()) {
      Law(reader->Next().status() == record.status(), "an error stays");
      return record.status();
    }
    if (!*record) return records;
    Law((*record)->number >= last, "records are in the file's order");
    last = (*record)->number;
    Law((*record)->hash == RecordHash((*record)->canonical), "r is the record's hash");
    records.push_back((*record)->canonical);
  }
}

std::optional<std::vector<std::string>> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// RFC 4180 without leniency: rows of cells, or nothing.
std::optional<std::vector<std::vector<std::string>>> CsvRowsOf(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  size_t at = 0;
  if (text.starts_with("\xEF\xBB\xBF")) return std::nullopt;
  while (at < text.size()) {
    std::vector<std::string> row;
    const size_t row_begin = at;
    while (true) {
      std::string cell;
      if (at < text.size() && text[at] == '"') {
        for (++at;; ++at) {
          if (at == text.size()) return std::nullopt;
          if (text[at] != '"') {
            cell.push_back(text[at]);
          } else if (at + 1 < text.size() && text[at + 1] == '"') {
            cell.push_back('"');
            ++at;
          } else {
            break;
          }
        }
        ++at;
      } else {
        while (at < text.size() && text.find_first_of(",\r\n\"", at) != at) {
          cell.push_back(text[at++]);
        }
        if (at < text.size() && text[at] == '"') return std::nullopt;
      }
      row.push_back(cell);
      if (at == text.size() || text[at] != ',') break;
      ++at;
    }
    if (at == row_begin) return std::nullopt;  // blank
    if (at < text.size() && text.substr(at, 2) == "\r\n") ++at;
    if (at < text.size() && text[at++] != '\n') return std::nullopt;
    rows.push_back(row);
  }
  return rows;
}

std::optional<Records> Expected(const RecordScheme& scheme, std::string_view file,
                                uint8_t kind) {
  Records records;
  if (kind == 0) {
    const auto rows = CsvRowsOf(file);
    if (!rows) return std::nullopt;
    for (const auto& row : *rows) {
      const std::vector<std::string_view> cells(row.begin(), row.end());
      const absl::StatusOr<std::string> canonical = scheme.CanonicalRow(cells);
      if (!canonical.ok()) return std::nullopt;
      records.push_back(*canonical);
    }
    return records;
  }
  const auto lines = Lines(file);
  for (const std::string& line : *lines) {
    const absl::StatusOr<std::string> canonical = scheme.Canonical(line);
    if (!canonical.ok()) return std::nullopt;
    records.push_back(*canonical);
  }
  return records;
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const std::vector<Column> columns = {{"a", "str"}, {"b", "int?"}};
  static const RecordScheme schemes[] = {
      RecordScheme::FromManifest({.scheme = "row/1", .columns = columns}).value(),
      RecordScheme::FromManifest({.scheme = "json/1"}).value(),
      RecordScheme::FromManifest({.scheme = "text/1"}).value(),
  };
  if (size == 0) return 0;
  const uint8_t kind = data[0] % 3;
  const std::string_view content = AsText({data + 1, size - 1});
  const MemoryFile file(content);
  const RecordReaderOptions options{.text_lines = kind == 2, .csv_header = false};
  const auto records = Read(schemes[kind], file.path(), options);
  const auto again = Read(schemes[kind], file.path(), options);
  Law(records.status() == again.status(), "a file read twice gives the same");
  if (records.ok()) Law(*records == *again, "the same records");
  const bool packed =
      content.starts_with("\x1f\x8b") || content.starts_with("\x28\xb5\x2f\xfd");
  if (packed) return 0;
  const std::optional<Records> expected = Expected(schemes[kind], content, kind);
  Law(records.ok() == expected.has_value(), "what is readable is defined");
  if (expected) Law(*records == *expected, "the records are those of the definition");
  return 0;
}
