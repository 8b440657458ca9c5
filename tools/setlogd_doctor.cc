// setlogd doctor: what a person looks at first, with the remedy for each.
#include <CLI/CLI.hpp>

#include "absl/strings/str_format.h"
#include "server/doctor.h"
#include "tools/daemon_flags.h"
#include "tools/daemon_output.h"
#include "tools/setlogd_commands.h"

namespace setlog {

int DaemonDoctor(int argc, char** argv) {
  DataDirectory where;
  std::string listen = "127.0.0.1:7070";
  std::string http = "127.0.0.1:7071";
  bool json = false;
  CLI::App app(
      "Quick checks of a data directory and its machine, with the remedy for each. "
      "Takes\nseconds; `setlogd fsck` reads everything.\n\n"
      "  setlogd doctor --data /var/lib/setlog\n\n"
      "Exit code: 0 all is well, 2 usage, 3 something is not.");
  AddDirectoryFlags(app, where);
  app.add_option("--listen", listen, "the port that is to be free")
      ->capture_default_str();
  app.add_option("--http", http, "the port that is to be free")->capture_default_str();
  app.add_flag("--json", json, "one JSON object a line");
  if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) {
    return *exit_code;
  }
  DaemonOutput out(json);
  bool well = true;
  for (const Symptom& symptom : Examine(where, {listen, http})) {
    well &= symptom.ok;
    out.out().Result(
        {{"ok", symptom.ok},
         {"what", symptom.what},
         {"result", symptom.result},
         {"remedy", symptom.remedy}},
        absl::StrFormat("%-4s %-12s %s%s%s", symptom.ok ? "ok" : "BAD", symptom.what,
                        symptom.result, symptom.ok ? "" : "; run: ", symptom.remedy));
  }
  if (!out.out().Flush()) return 3;
  return well ? 0 : 3;
}

}  // namespace setlog
