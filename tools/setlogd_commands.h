// tools/setlogd_commands.h -- what setlogd does: serve, or look after a data directory.
//
//   int exit_code = DaemonServe(argc, argv);   // argv[0] is the program's name
//
// One file each, setlogd_<name>.cc: flags and printing only; the work is in server/ and
// storage/. Exit codes: 0 done, 2 usage or a condition the caller can mend, 3 the rest.
#ifndef SETLOG_TOOLS_SETLOGD_COMMANDS_H_
#define SETLOG_TOOLS_SETLOGD_COMMANDS_H_

#include "absl/status/status.h"

namespace setlog {

// Runs the server until SIGTERM or SIGINT. The command when none is named.
int DaemonServe(int argc, char** argv);
// Says all that is wrong with a data directory; alters nothing. 3 if anything is.
int DaemonFsck(int argc, char** argv);
// Makes anew what the log tells.
int DaemonRepair(int argc, char** argv);
// A copy of a data directory, also of one that a server runs on; and the way back.
int DaemonBackup(int argc, char** argv);
int DaemonRestore(int argc, char** argv);
// What a person looks at first when a server does not start.
int DaemonDoctor(int argc, char** argv);

// Prints the message to stderr and returns the exit code that goes with it.
int FailDaemon(const absl::Status& status);

}  // namespace setlog

#endif  // SETLOG_TOOLS_SETLOGD_COMMANDS_H_
