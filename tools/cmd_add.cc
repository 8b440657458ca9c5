// `setlog add`: appends records.

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "tools/append_records.h"
#include "tools/commands.h"

namespace setlog {

Runner DeclareAdd(CLI::App& app) {
  auto flags = std::make_unique<AppendFlags>();
  DeclareAppend(app, Operation::kAdd, *flags);
  app.footer(
      "  setlog add example.org/qa train-*.jsonl.zst\n"
      "  sha256sum *.png | cut -c1-64 | setlog add example.org/pets --hashes -\n\n"
      "All inputs are read and checked before the first record is sent. What FILE is\n"
      "depends on the log's scheme: bytes/1 a file or a directory, json/1 JSON lines,\n"
      "row/1 CSV, text/1 lines or a JSON field; .gz and .zst are read through. "
      "Returns\n"
      "when all records are indexed. Run it again after a crash: it goes on where it\n"
      "stopped, and appends nothing twice.\n\n"
      "A private log gets labels, made with --vrf-key here, or by --prover or the "
      "server:\n"
      "each once, sorted, with pads up to four significant bits (an eighth at most), "
      "so "
      "that\n"
      "neither order nor number says anything. That takes 36 bytes of memory a record, "
      "and\n"
      "5 to 50 us. Who lets another make labels trusts it to make the right ones; "
      "`setlog\n"
      "in` shows it afterwards. Add from one machine at a time: it numbers the pads.");
  return [flags = std::move(flags)](Session& session) {
    return AppendRecords(*flags, Operation::kAdd, session);
  };
}

}  // namespace setlog
