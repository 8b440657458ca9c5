// setlogd fsck: reads a data directory and accounts for every row of it.
#include <CLI/CLI.hpp>

#include "absl/strings/str_format.h"
#include "server/store_check.h"
#include "tools/daemon_flags.h"
#include "tools/daemon_output.h"
#include "tools/setlogd_commands.h"

namespace setlog {

int DaemonFsck(int argc, char** argv) {
  DataDirectory where;
  bool json = false;
  CLI::App app(
      "Reads all of a data directory while no server runs on it, and says what is "
      "wrong.\nNothing is changed.\n\n"
      "  setlogd fsck --data /var/lib/setlog\n\n"
      "Exit code: 0 clean, 2 usage (or a server runs), 3 damage, one line each.");
  AddDirectoryFlags(app, where);
  app.add_flag("--json", json, "one JSON object a line");
  if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) {
    return *exit_code;
  }
  DaemonOutput out(json);
  absl::StatusOr<StoreCheck> check = CheckDataDirectory(where, out.progress());
  out.EndProgress();
  if (!check.ok()) return FailDaemon(check.status());
  out.Findings(check->findings, where.data_dir);
  uint64_t entries = 0;
  for (const CheckedLog& log : check->logs) entries += log.record.head.size;
  const bool clean = check->worst() == Finding::Kind::kNote;
  out.out().Verdict(
      {{"verdict", clean ? "CLEAN" : "DAMAGED"},
       {"commit", check->state.commit.number},
       {"logs", check->logs.size()},
       {"entries", entries}},
      clean ? "CLEAN" : "DAMAGED",
      absl::StrFormat(" at commit %u: %u logs, %u entries", check->state.commit.number,
                      check->logs.size(), entries));
  if (!out.out().Flush()) return 3;
  return clean ? 0 : 3;
}

}  // namespace setlog
