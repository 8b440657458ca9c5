// tools/record_flags.h -- the flags that say what records are and where they come from.
//
//   SchemeFlags scheme;   // --scheme row/1 --columns id:int,name:str
//   AddSchemeFlags(app, scheme);
//   InputFlags input;     // FILE..., or --hashes FILE, or --packed FILE
//   AddInputFlags(app, input);
//   ...
//   absl::StatusOr<Manifest> manifest = ManifestOf(scheme, origin);
//
// What FILE is depends on the scheme: client/record_reader.h.
#ifndef SETLOG_TOOLS_RECORD_FLAGS_H_
#define SETLOG_TOOLS_RECORD_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/record_reader.h"
#include "log/manifest.h"
#include "tools/cli_types.h"

namespace setlog {

// What `--scheme` can be, with an example of each, for help and errors.
extern const char kSchemeChoices[];

struct SchemeFlags {
  std::string scheme;
  std::string columns;
  std::string columns_file;
  std::vector<std::string> fields;
};
void AddSchemeFlags(CLI::App& app, SchemeFlags& flags);
// A manifest with what the flags say, checked by RecordScheme::FromManifest. Reads the
// file of columns. `flags.scheme` must not be empty.
absl::StatusOr<Manifest> ManifestOf(const SchemeFlags& flags, std::string origin);

// How the records of a FILE are found in it.
struct ReadFlags {
  std::string field;
  bool lines = false;
  std::string header = "yes";
  bool skip_bad = false;
};
void AddReadFlags(CLI::App& app, ReadFlags& flags);
RecordReaderOptions ReaderOptions(const ReadFlags& flags);
// "FILE:LINE", or "FILE" where the record is the whole file.
std::string RecordName(const Record& record);

struct InputFlags {
  std::vector<std::string> files;
  std::string hashes_file;
  std::string packed_file;
  ReadFlags read;
};
void AddInputFlags(CLI::App& app, InputFlags& flags);
// InvalidArgument unless there is exactly one kind of input.
absl::Status CheckOneInput(const InputFlags& flags);

}  // namespace setlog

#endif  // SETLOG_TOOLS_RECORD_FLAGS_H_
