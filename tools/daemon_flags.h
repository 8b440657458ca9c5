// tools/daemon_flags.h -- the flags that several commands of setlogd have.
//
//   AddDirectoryFlags(app, where);
//   if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) {
//     return *exit_code;
//   }
#ifndef SETLOG_TOOLS_DAEMON_FLAGS_H_
#define SETLOG_TOOLS_DAEMON_FLAGS_H_

#include <optional>

#include "server/store_check.h"
#include "tools/cli_types.h"

namespace setlog {

// --data and --anchor, of a directory that is there.
void AddDirectoryFlags(CLI::App& app, DataDirectory& where);

// Parses the command line. With an exit code the command is done: 0 after help, 2 after
// a mistake, which was printed.
std::optional<int> ParseFlags(CLI::App& app, int argc, char** argv);

}  // namespace setlog

#endif  // SETLOG_TOOLS_DAEMON_FLAGS_H_
