#include "tools/record_flags.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/scheme.h"

namespace setlog {
namespace {

constexpr size_t kMaxColumnsFileBytes = 64 * 1024;

}  // namespace

const char kSchemeChoices[] =
    "  bytes/1   a record is a file, as it is: images, audio, PDFs\n"
    "            setlog init example.org/pets --scheme bytes/1\n"
    "  json/1    a record is a line of a JSONL file, in canonical form (RFC 8785)\n"
    "            setlog init example.org/qa --scheme json/1 --fields question,answer\n"
    "  row/1     a record is a row of a CSV file, with the columns named and typed\n"
    "            setlog init example.org/t --scheme row/1 --columns id:int,name:str\n"
    "  text/1    a record is one string: a line, or a field of a JSONL file\n"
    "            setlog init example.org/web --scheme text/1\n";

void AddSchemeFlags(CLI::App& app, SchemeFlags& flags) {
  app.add_option("--scheme", flags.scheme,
                 "what a record's bytes are: bytes/1, json/1, row/1 or text/1")
      ->type_name("NAME");
  CLI::Option* columns = app.add_option(
      "--columns", flags.columns,
      "row/1: NAME:TYPE,... of the types int, float, bool, str, bytes, timestamp; "
      "with ? nullable");
  app.add_option("--columns-file", flags.columns_file,
                 "row/1: the columns in a file, one NAME:TYPE a line")
      ->excludes(columns);
  app.add_option("--fields", flags.fields, "json/1: only these members, NAME,...")
      ->delimiter(',')
      ->allow_extra_args(false);
}

absl::StatusOr<Manifest> ManifestOf(const SchemeFlags& flags, std::string origin) {
  Manifest manifest{.origin = std::move(origin), .scheme = flags.scheme};
  if (!flags.fields.empty()) manifest.fields = flags.fields;
  std::optional<absl::StatusOr<std::vector<Column>>> columns;
  if (!flags.columns_file.empty()) {
    absl::StatusOr<std::string> content =
        ReadSmallFile(flags.columns_file, kMaxColumnsFileBytes);
    if (!content.ok()) return content.status();
    columns = ParseColumnsFile(*content);
  } else if (!flags.columns.empty()) {
    columns = ParseColumns(flags.columns);
  }
  if (columns) {
    if (!columns->ok()) return columns->status();
    manifest.columns = **std::move(columns);
  }
  // A parameter that its scheme does not have would mean nothing, for ever.
  const bool is_row = flags.scheme.starts_with("row/");
  if (manifest.columns && !is_row) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--columns is for row/1; the scheme is %s", flags.scheme));
  }
  if (manifest.fields && !flags.scheme.starts_with("json/")) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--fields is for json/1; the scheme is %s", flags.scheme));
  }
  if (is_row && !manifest.columns) {
    return absl::InvalidArgumentError(
        "row/1 needs its columns: --columns id:int,name:str or --columns-file FILE");
  }
  absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(manifest);
  if (!scheme.ok()) {
    // Unimplemented would mean "cannot verify"; here it is a name that was typed.
    return absl::InvalidArgumentError(std::string(scheme.status().message()));
  }
  return manifest;
}

void AddReadFlags(CLI::App& app, ReadFlags& flags) {
  CLI::Option* field =
      app.add_option("--field", flags.field,
                     "text/1: FILE is JSONL, the record is this string of each line")
          ->type_name("NAME");
  app.add_flag("--lines", flags.lines, "text/1: a record is a line of FILE")
      ->excludes(field);
  app.add_option("--header", flags.header, "row/1: does the CSV have a header row?")
      ->check(CLI::IsMember({"yes", "no"}))
      ->type_name("yes|no");
}

RecordReaderOptions ReaderOptions(const ReadFlags& flags) {
  return {.text_field = flags.field,
          .text_lines = flags.lines,
          .csv_header = flags.header == "yes",
          .skip_bad = flags.skip_bad};
}

std::string RecordName(const Record& record) {
  if (record.number == 0) return std::string(record.source);
  return absl::StrFormat("%s:%d", record.source, record.number);
}

void AddInputFlags(CLI::App& app, InputFlags& flags) {
  app.add_option("FILE", flags.files,
                 "files of records, by the log's scheme, or directories of them; - is "
                 "standard input")
      ->type_name("");
  app.add_option("--hashes", flags.hashes_file,
                 "FILE of record hashes instead, 64 hex digits a line; - is standard "
                 "input")
      ->type_name("FILE");
  app.add_option("--packed", flags.packed_file,
                 "FILE of record hashes instead, 32 bytes each; - is standard input")
      ->type_name("FILE");
  AddReadFlags(app, flags.read);
  app.add_flag("--skip-bad", flags.read.skip_bad,
               "pass over records that the scheme refuses, and count them");
}

absl::Status CheckOneInput(const InputFlags& flags) {
  const int kinds =
      !flags.files.empty() + !flags.hashes_file.empty() + !flags.packed_file.empty();
  if (kinds == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      kinds == 0 ? "no input: name FILEs, --hashes FILE or --packed FILE"
                 : "name FILEs or --hashes FILE or --packed FILE, only one of them");
}

}  // namespace setlog
