// `setlog remove`: removes records from the set.

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "tools/append_records.h"
#include "tools/commands.h"

namespace setlog {

Runner DeclareRemove(CLI::App& app) {
  auto flags = std::make_unique<AppendFlags>();
  DeclareAppend(app, Operation::kRemove, *flags);
  app.footer(
      "  setlog remove example.org/pets cat.png\n"
      "  setlog remove example.org/pets --hashes takedowns.txt\n\n"
      "A removal is an entry: the record leaves the set, its hash stays in the log, "
      "and\n"
      "older versions stay provable. Removing what is not in the set changes nothing.\n"
      "Inputs are the same as for `setlog add`. Of a private log the labels are "
      "removed,\n"
      "each once, sorted, and without pads, since only members can be removed: "
      "everybody\n"
      "sees how many they are, and which entries they take back.");
  return [flags = std::move(flags)](Session& session) {
    return AppendRecords(*flags, Operation::kRemove, session);
  };
}

}  // namespace setlog
