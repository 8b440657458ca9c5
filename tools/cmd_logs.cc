// `setlog logs`: the logs of a server.

#include <CLI/CLI.hpp>
#include <string>

#include "absl/strings/str_format.h"
#include "tools/commands.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

ExitCode ListAll(Session& session) {
  Output& out = session.out;
  const absl::StatusOr<Connection> connection = Connect(session.server);
  if (!connection.ok()) return out.Fail(connection.status());
  const absl::StatusOr<std::vector<LogSummary>> logs = ListLogs(*connection);
  if (!logs.ok()) {
    out.Error(WithRemedy(logs.status(), session.server));
    return ForStatus(logs.status());
  }
  for (const LogSummary& log : *logs) {
    out.Result({{"origin", log.origin}, {"vkey", log.vkey}, {"size", log.size}},
               absl::StrFormat("%s  %d entries  %s", log.origin, log.size, log.vkey));
  }
  if (logs->empty()) out.Detail("no logs: `setlog init ORIGIN` creates one");
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareLogs(CLI::App& app) {
  app.footer(
      "  setlog logs --server log.example.org:7070\n\n"
      "What a server says of its logs: nothing is verified here, keys are claims.");
  return [](Session& session) { return ListAll(session); };
}

}  // namespace setlog
