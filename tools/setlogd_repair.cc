// setlogd repair: makes anew what the log tells.
#include <CLI/CLI.hpp>

#include "server/repair.h"
#include "tools/daemon_flags.h"
#include "tools/daemon_output.h"
#include "tools/setlogd_commands.h"

namespace setlog {

int DaemonRepair(int argc, char** argv) {
  DataDirectory where;
  bool json = false;
  CLI::App app(
      "Makes anew what can be computed from the log: tiles, index and tag rows, a "
      "torn\n"
      "anchor. Never changes an entry, a head or a key, and refuses where one of them "
      "is\ndamaged. No server may run.\n\n"
      "  setlogd repair --data /var/lib/setlog\n\n"
      "Exit code: 0 repaired or nothing to do, 2 usage (or a server runs), 3 refused.");
  AddDirectoryFlags(app, where);
  app.add_flag("--json", json, "one JSON object a line");
  if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) {
    return *exit_code;
  }
  DaemonOutput out(json);
  absl::StatusOr<Repair> repair = RepairDataDirectory(where, out.progress());
  out.EndProgress();
  if (!repair.ok()) return FailDaemon(repair.status());
  out.Findings(repair->before.findings, where.data_dir);
  const std::string word = repair->refused        ? "REFUSED"
                           : repair->done.empty() ? "CLEAN"
                                                  : "REPAIRED";
  std::string rest;
  if (repair->refused) {
    rest =
        ": what is named damage cannot be made from the log; nothing was changed. "
        "Restore the newest backup: setlogd restore BACKUP --data NEWDIR";
  } else if (repair->done.empty()) {
    rest = ": there is nothing to repair";
  }
  out.out().Verdict({{"verdict", word}, {"done", repair->done}}, word, rest);
  for (const std::string& done : repair->done) out.out().Detail("made anew: " + done);
  if (!out.out().Flush()) return 3;
  return repair->refused ? 3 : 0;
}

}  // namespace setlog
