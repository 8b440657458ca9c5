// tests/process.h -- runs a program, and keeps what it says.
//
//   ProcessResult r = RunProcess({SETLOG_BINARY, "hash", ...}, {.input = "text"});
//   EXPECT_EQ(r.exit_code, 0) << r.err;
#ifndef SETLOG_TESTS_PROCESS_H_
#define SETLOG_TESTS_PROCESS_H_

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace setlog {

struct ProcessResult {
  int exit_code = -1;  // -1: it could not be started, or was killed
  std::string out;
  std::string err;
};

struct ProcessOptions {
  std::string input;  // standard input
  // On top of this process's environment; "" removes a variable.
  std::map<std::string, std::string> environment;
  // Of a session of its own, so that it has no terminal, wherever the test has one.
  bool no_terminal = false;
};

inline std::string ReadFromStart(std::FILE* file) {
  std::rewind(file);
  std::string text;
  char buffer[65536];
  while (const size_t count = std::fread(buffer, 1, sizeof(buffer), file)) {
    text.append(buffer, count);
  }
  std::fclose(file);
  return text;
}

// Through files and not pipes, so that neither side can block the other.
inline ProcessResult RunProcess(std::vector<std::string> arguments,
                                const ProcessOptions& options = {}) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != text.npos) {
      variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  for (const auto& [name, value] : options.environment) variables[name] = value;
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) {
    if (!value.empty()) environment.push_back(name + "=" + value);
  }
  const auto pointers = [](std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (std::string& string : strings) result.push_back(string.data());
    result.push_back(nullptr);
    return result;
  };

  std::FILE* in = std::tmpfile();
  std::FILE* out = std::tmpfile();
  std::FILE* err = std::tmpfile();
  std::fwrite(options.input.data(), 1, options.input.size(), in);
  std::fflush(in);
  lseek(fileno(in), 0, SEEK_SET);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(err), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  if (options.no_terminal) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);

  ProcessResult result;
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, arguments[0].c_str(), &actions, &attributes,
                  pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  EXPECT_EQ(failed, 0) << arguments[0];
  int status = 0;
  if (failed == 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status)) {
    result.exit_code = WEXITSTATUS(status);
  }
  std::fclose(in);
  result.out = ReadFromStart(out);
  result.err = ReadFromStart(err);
  return result;
}

}  // namespace setlog

#endif  // SETLOG_TESTS_PROCESS_H_
