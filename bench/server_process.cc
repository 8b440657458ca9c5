#include "server_process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

namespace setlog {
namespace {

[[noreturn]] void Fail(const std::string& message) {
  std::cerr << "service_bench: " << message << "\n";
  std::exit(1);
}

}  // namespace

ServerProcess::ServerProcess(std::vector<std::string> arguments) {
  int ends[2];
  if (pipe(ends) != 0) Fail("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  if (posix_spawn(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ) !=
      0) {
    Fail("cannot start " + arguments[0] + ": build it, or name it with --setlogd");
  }
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  out_ = ends[0];
  std::string line;
  char c = 0;
  while (read(out_, &c, 1) == 1 && c != '\n') line.push_back(c);
  const std::string start = "ready grpc=";
  if (line.compare(0, start.size(), start) != 0) {
    Fail(arguments[0] + " did not get ready");
  }
  address_ = line.substr(start.size(), line.find(' ', start.size()) - start.size());
}

void ServerProcess::Stop() {
  if (pid_ == 0) return;
  kill(pid_, SIGTERM);
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_ || status != 0) Fail("the server ended badly");
  close(out_);
  pid_ = 0;
}

void ServerProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) Fail("the server cannot be killed");
  close(out_);
  pid_ = 0;
}

uint64_t ServerProcess::WrittenBytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/io");
  std::string word;
  uint64_t bytes = 0;
  while (file >> word) {
    if (word == "write_bytes:" && file >> bytes) return bytes;
  }
  Fail("no write_bytes in /proc");
}

double ServerProcess::CpuSeconds() const {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    Fail("the server's clock cannot be read");
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

uint64_t ServerProcess::StatusBytes(const char* field) const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
  std::string word;
  while (file >> word) {
    uint64_t kib = 0;
    if (word == field && file >> kib) return kib * 1024;
  }
  Fail(std::string("no ") + field);
}

}  // namespace setlog
