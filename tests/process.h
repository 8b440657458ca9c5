// tests/process.h -- runs a program, and keeps what it says.
//
//   ProcessResult r = RunProcess({SETLOG_BINARY, "hash", ...}, {.input = "text"});
//   EXPECT_EQ(r.exit_code, 0) << r.err;
#ifndef SETLOG_TESTS_PROCESS_H_
#define SETLOG_TESTS_PROCESS_H_

#include <map>
#include <string>
#include <vector>

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

// Waits for its end. Through files and not pipes, so that neither side can block the
// other.
ProcessResult RunProcess(std::vector<std::string> arguments,
                         const ProcessOptions& options = {});

}  // namespace setlog

#endif  // SETLOG_TESTS_PROCESS_H_
