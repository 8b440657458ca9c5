// setlogd: dispatch only. Each command is one file, setlogd_<name>.cc.
#include <iostream>
#include <string_view>

#include "tools/setlogd_commands.h"

namespace setlog {

int FailDaemon(const absl::Status& status) {
  std::cerr << "setlogd: " << status.message() << "\n";
  const bool caller = absl::IsInvalidArgument(status) ||
                      absl::IsFailedPrecondition(status) || absl::IsNotFound(status);
  return caller ? 2 : 3;
}

namespace {

struct DaemonCommand {
  std::string_view name;
  int (*run)(int argc, char** argv);
};

constexpr DaemonCommand kDaemonCommands[] = {
    {"backup", DaemonBackup}, {"doctor", DaemonDoctor},   {"fsck", DaemonFsck},
    {"repair", DaemonRepair}, {"restore", DaemonRestore}, {"serve", DaemonServe},
};

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  for (const setlog::DaemonCommand& command : setlog::kDaemonCommands) {
    if (argc > 1 && command.name == argv[1]) return command.run(argc - 1, argv + 1);
  }
  return setlog::DaemonServe(argc, argv);
}
