// `setlog add`: appends records.

#include <memory>
#include <utility>

#include "tools/append_records.h"
#include "tools/commands.h"

namespace setlog {

Runner DeclareAdd(CLI::App& app) {
  auto flags = std::make_unique<AppendFlags>();
  DeclareAppend(app, *flags);
  app.footer(
      "  setlog add example.org/qa train-*.jsonl.zst\n"
      "  sha256sum *.png | cut -c1-64 | setlog add example.org/pets --hashes -\n\n"
      "All inputs are read and checked before the first record is sent. What FILE is\n"
      "depends on the log's scheme: bytes/1 a file or a directory, json/1 JSON lines,\n"
      "row/1 CSV, text/1 lines or a JSON field; .gz and .zst are read through. "
      "Returns\n"
      "when all records are indexed. Run it again after a crash: it goes on where it\n"
      "stopped, and appends nothing twice.");
  return [flags = std::move(flags)](Session& session) {
    return AppendRecords(*flags, Operation::kAdd, session);
  };
}

}  // namespace setlog
