// tools/hook_command.h -- runs a command of the user's when something happened.
//
//   absl::Status ran = RunHook("mail -s $SETLOG_EVENT me", {{"SETLOG_EVENT", "left"}},
//                              [&] { return interrupt.requested(); }, [&] { Say(); });
//
// The command is what the user wrote, and nothing is put into it: what happened is in
// the environment, so no value can become a part of a command line. Thread-safe.
#ifndef SETLOG_TOOLS_HOOK_COMMAND_H_
#define SETLOG_TOOLS_HOOK_COMMAND_H_

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace setlog {

using HookVariables = std::vector<std::pair<std::string, std::string>>;

// Once it runs for so long that is said, for whoever waits for it hears nothing else.
inline constexpr std::chrono::seconds kSlowHook{60};

// Runs `sh -c command` with `variables` on top of this process's environment, and waits
// for its end. It reads nothing, and what it prints goes to standard error: standard
// output belongs to results. Unknown with its exit status or signal unless it ends
// with 0.
//
// It is in a process group of its own, so that a terminal's signal does not cut short
// what it is telling. Once `stop` says so, it and all that it started get SIGTERM, and
// SIGKILL a second later: Cancelled. Both are asked every 50 ms; `slow` is called once.
absl::Status RunHook(const std::string& command, const HookVariables& variables,
                     const std::function<bool()>& stop,
                     const std::function<void()>& slow);

}  // namespace setlog

#endif  // SETLOG_TOOLS_HOOK_COMMAND_H_
