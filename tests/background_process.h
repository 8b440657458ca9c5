// tests/background_process.h -- a program that runs while a test goes on.
//
//   BackgroundProcess watch({SETLOG_BINARY, "watch", ...}, environment, Path("w"));
//   ASSERT_TRUE(watch.WaitFor("\"event\":\"entered\""));
//   EXPECT_EQ(watch.End(SIGTERM), 0) << watch.err();
#ifndef SETLOG_TESTS_BACKGROUND_PROCESS_H_
#define SETLOG_TESTS_BACKGROUND_PROCESS_H_

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace setlog {

class BackgroundProcess {
 public:
  // Its output goes to the files BASE.out and BASE.err.
  BackgroundProcess(std::vector<std::string> arguments,
                    const std::map<std::string, std::string>& variables,
                    std::string base)
      : base_(std::move(base)) {
    std::vector<std::string> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      if (!variables.contains(text.substr(0, text.find('=')))) {
        environment.push_back(text);
      }
    }
    for (const auto& [name, value] : variables) {
      if (!value.empty()) environment.push_back(name + "=" + value);
    }
    const auto pointers = [](std::vector<std::string>& strings) {
      std::vector<char*> result;
      for (std::string& string : strings) result.push_back(string.data());
      result.push_back(nullptr);
      return result;
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, (base_ + ".out").c_str(),
                                     flags, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (base_ + ".err").c_str(),
                                     flags, 0600);
    if (posix_spawn(&pid_, arguments[0].c_str(), &actions, nullptr,
                    pointers(arguments).data(), pointers(environment).data()) != 0) {
      pid_ = 0;
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  BackgroundProcess(const BackgroundProcess&) = delete;
  ~BackgroundProcess() { End(SIGKILL); }

  std::string out() const { return Read(".out"); }
  std::string err() const { return Read(".err"); }

  // Until its output, or with `in_err` its errors, hold `text`; false after 20 s.
  bool WaitFor(const std::string& text, bool in_err = false) const {
    for (int i = 0; i < 2000; ++i) {
      if ((in_err ? err() : out()).find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  // Its exit code; -1 if a signal killed it, or it did not end by itself in 20 s.
  // `signal` 0: waits only. Once.
  int End(int signal) {
    if (pid_ == 0) return -1;
    const pid_t pid = std::exchange(pid_, 0);
    if (signal != 0) kill(pid, signal);
    int status = 0;
    for (int i = 0; i < 2000; ++i) {
      const pid_t ended = waitpid(pid, &status, WNOHANG);
      if (ended == pid) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      if (ended < 0) return -1;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
  }

 private:
  std::string Read(const std::string& extension) const {
    std::ifstream file(base_ + extension, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string base_;
  pid_t pid_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_BACKGROUND_PROCESS_H_
