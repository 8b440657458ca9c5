// tools/terminal_secret.h -- asks a person for a secret, and does not show it.
//
//   absl::StatusOr<LockedBytes> typed = AskSecret("passphrase of pets.vrf: ", 1024);
//
// On the terminal that the process belongs to (/dev/tty), so that standard input and
// output can be files. Echo is off only while it waits, and back on before anything
// else happens to the process: at SIGINT, SIGTERM, SIGHUP and SIGQUIT, which then do
// what they did before, and at Ctrl-Z, after which it asks again. One at a time in a
// process.
#ifndef SETLOG_TOOLS_TERMINAL_SECRET_H_
#define SETLOG_TOOLS_TERMINAL_SECRET_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "log/locked_bytes.h"

namespace setlog {

// The line, without its end. NotFound if there is no terminal; FailedPrecondition if
// it is closed instead, or a signal came that the process lives on after;
// InvalidArgument if the line is longer than `max_bytes`.
absl::StatusOr<LockedBytes> AskSecret(const std::string& prompt, size_t max_bytes);

}  // namespace setlog

#endif  // SETLOG_TOOLS_TERMINAL_SECRET_H_
