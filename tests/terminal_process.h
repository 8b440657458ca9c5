// tests/terminal_process.h -- a program on a terminal of its own, and who types there.
//
//   TerminalProcess setlog({SETLOG_BINARY, "key", "vrf", "--out", file});
//   ASSERT_TRUE(setlog.Shows("passphrase"));
//   EXPECT_FALSE(setlog.Echoes());
//   setlog.Type("open sesame\n");
//   EXPECT_EQ(setlog.Wait(), 0) << setlog.screen();
#ifndef SETLOG_TESTS_TERMINAL_PROCESS_H_
#define SETLOG_TESTS_TERMINAL_PROCESS_H_

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace setlog {

class TerminalProcess {
 public:
  // On top of this process's environment; "" removes a variable.
  explicit TerminalProcess(std::vector<std::string> arguments,
                           const std::map<std::string, std::string>& variables = {}) {
    EXPECT_EQ(openpty(&master_, &slave_, nullptr, nullptr, nullptr), 0);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    close(master_);
    for (const auto& [name, value] : variables) {
      value.empty() ? unsetenv(name.c_str()) : setenv(name.c_str(), value.c_str(), 1);
    }
    if (login_tty(slave_) == 0) execv(pointers[0], pointers.data());
    _exit(127);
  }
  TerminalProcess(const TerminalProcess&) = delete;
  ~TerminalProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(slave_);
    close(master_);
  }

  // Whether `text` appears behind what was waited for before, within 30 seconds.
  bool Shows(const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < end) {
      if (const size_t at = screen_.find(text, seen_); at != screen_.npos) {
        seen_ = at + text.size();
        return true;
      }
      ReadScreen(100);
    }
    return false;
  }
  void Type(const std::string& keys) {
    EXPECT_EQ(write(master_, keys.data(), keys.size()),
              static_cast<ssize_t>(keys.size()));
  }
  void Signal(int signal) { EXPECT_EQ(kill(pid_, signal), 0); }

  // Whether the terminal shows what is typed; also when the program has ended.
  bool Echoes() const {
    termios settings = {};
    EXPECT_EQ(tcgetattr(slave_, &settings), 0);
    return (settings.c_lflag & ECHO) != 0;
  }

  // The exit code, or minus the signal that killed it.
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    while (ReadScreen(0)) {
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

  // All that was on it so far.
  const std::string& screen() const { return screen_; }

 private:
  bool ReadScreen(int timeout_ms) {
    pollfd event = {master_, POLLIN, 0};
    char buffer[4096];
    if (poll(&event, 1, timeout_ms) != 1) return false;
    const ssize_t got = read(master_, buffer, sizeof buffer);
    if (got > 0) screen_.append(buffer, static_cast<size_t>(got));
    return got > 0;
  }

  int master_ = -1;
  int slave_ = -1;
  pid_t pid_ = -1;
  std::string screen_;
  size_t seen_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_TERMINAL_PROCESS_H_
