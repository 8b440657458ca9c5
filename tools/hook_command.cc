#include "tools/hook_command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"

namespace setlog {
namespace {

// This process's environment with the variables in place of those of the same names.
std::vector<std::string> EnvironmentWith(const HookVariables& variables) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced =
        std::any_of(variables.begin(), variables.end(), [name](const auto& variable) {
          return std::string_view(variable.first) == name;
        });
    if (!replaced) environment.emplace_back(text);
  }
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

using Clock = std::chrono::steady_clock;

// How soon its end, or a reason to end it, is noticed.
constexpr std::chrono::milliseconds kTick{50};
// Between SIGTERM and SIGKILL.
constexpr std::chrono::seconds kGrace{1};

absl::StatusOr<pid_t> Spawn(const std::string& command,
                            const HookVariables& variables) {
  std::vector<std::string> arguments = {"/bin/sh", "-c", command};
  std::vector<std::string> environment = EnvironmentWith(variables);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, arguments[0].c_str(), &actions, &attributes,
                  Pointers(arguments).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return absl::ErrnoToStatus(failed, "cannot start /bin/sh");
  return pid;
}

// What the shell leaves behind when SIGTERM has ended it gets its grace, and no more.
void EndGroup(pid_t group, Clock::time_point deadline) {
  while (kill(-group, 0) == 0 && Clock::now() < deadline) {
    std::this_thread::sleep_for(kTick);
  }
  kill(-group, SIGKILL);
}

}  // namespace

absl::Status RunHook(const std::string& command, const HookVariables& variables,
                     const std::function<bool()>& stop,
                     const std::function<void()>& slow) {
  const absl::StatusOr<pid_t> spawned = Spawn(command, variables);
  if (!spawned.ok()) return spawned.status();
  const pid_t pid = *spawned;
  const Clock::time_point begin = Clock::now();
  std::optional<Clock::time_point> stopped;
  bool said = false;
  int status = 0;
  while (true) {
    const pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid) break;
    if (ended < 0 && errno != EINTR) {
      return absl::ErrnoToStatus(errno, "cannot wait for /bin/sh");
    }
    const Clock::time_point now = Clock::now();
    if (!stopped && stop()) {
      stopped = now;
      kill(-pid, SIGTERM);
    } else if (stopped && now - *stopped > kGrace) {
      kill(-pid, SIGKILL);
    } else if (!said && now - begin > kSlowHook) {
      said = true;
      slow();
    }
    // A quick one is not made to wait a tick.
    std::this_thread::sleep_for(now - begin < kTick ? kTick / 10 : kTick);
  }
  if (stopped) {
    EndGroup(pid, *stopped + kGrace);
    return absl::CancelledError("it was ended before it was done");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::UnknownError(
      WIFEXITED(status)
          ? absl::StrFormat("it ended with exit code %d", WEXITSTATUS(status))
          : absl::StrFormat("signal %d ended it", WTERMSIG(status)));
}

}  // namespace setlog
