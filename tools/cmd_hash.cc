// `setlog hash`: the record hashes of files, without a server.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/record_reader.h"
#include "tools/commands.h"
#include "tools/record_flags.h"

namespace setlog {
namespace {

struct HashFlags {
  SchemeFlags scheme;
  ReadFlags read;
  std::vector<std::string> files;
};

ExitCode HashFiles(const HashFlags& flags, Output& out) {
  absl::StatusOr<Manifest> manifest = ManifestOf(flags.scheme, /*origin=*/"");
  if (!manifest.ok()) return out.Fail(manifest.status());
  absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(*manifest);
  if (!scheme.ok()) return out.Fail(scheme.status());
  absl::StatusOr<RecordReader> reader =
      RecordReader::Open(*std::move(scheme), flags.files, ReaderOptions(flags.read));
  if (!reader.ok()) return out.Fail(reader.status());
  while (true) {
    absl::StatusOr<std::optional<Record>> record = reader->Next();
    if (!record.ok()) return out.Fail(record.status());
    if (!*record) return ExitCode::kHolds;
    const std::string hash = ToHex((*record)->hash);
    const std::string name = RecordName(**record);
    out.Result({{"hash", hash}, {"record", name}}, hash + "  " + name);
  }
}

}  // namespace

Runner DeclareHash(CLI::App& app) {
  auto flags = std::make_unique<HashFlags>();
  AddSchemeFlags(app, flags->scheme);
  app.get_option("--scheme")->required();
  AddReadFlags(app, flags->read);
  app.add_option("FILE", flags->files,
                 "files of records, or directories of them; - is standard input")
      ->required()
      ->type_name("");
  app.footer(
      "  setlog hash --scheme json/1 train.jsonl\n"
      "  <64 hex digits>  train.jsonl:1\n"
      "  ...");
  return [flags = std::move(flags)](Session& session) {
    return HashFiles(*flags, session.out);
  };
}

}  // namespace setlog
