#include "tools/terminal_secret.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/show_bytes.h"

namespace setlog {
namespace {

// The others that stop a process come to one in the background, which cannot turn the
// echo off in the first place.
constexpr std::array kSignals = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

// All that a signal handler may touch: where it says that it was called. The handler
// may run on any thread.
volatile sig_atomic_t wake_descriptor = -1;

void OnSignal(int signal) {
  const int error = errno;
  const auto byte = static_cast<uint8_t>(signal);
  (void)!write(wake_descriptor, &byte, 1);
  errno = error;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Signals go to a pipe while it lives, but for those that were ignored.
class CaughtSignals {
 public:
  explicit CaughtSignals(int wake) {
    wake_descriptor = wake;
    struct sigaction action = {};
    action.sa_handler = OnSignal;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], nullptr, &old_[i]);
      if (old_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
    }
  }
  CaughtSignals(const CaughtSignals&) = delete;
  ~CaughtSignals() {
    for (size_t i = 0; i < kSignals.size(); ++i) {
      sigaction(kSignals[i], &old_[i], nullptr);
    }
    wake_descriptor = -1;
  }

 private:
  std::array<struct sigaction, kSignals.size()> old_;
};

// The terminal shows nothing of what is typed while it lives, but for the line's end.
class EchoOff {
 public:
  explicit EchoOff(int terminal) : terminal_(terminal) {
    off_ = tcgetattr(terminal, &old_) == 0;
    termios silent = old_;
    silent.c_lflag = (silent.c_lflag & ~static_cast<tcflag_t>(ECHO)) | ECHONL | ICANON;
    off_ = off_ && Set(silent);
  }
  EchoOff(const EchoOff&) = delete;
  ~EchoOff() {
    if (off_) Set(old_);
  }
  bool off() const { return off_; }

 private:
  // What was typed and not yet read, before or behind the line, is thrown away: it is
  // no secret that was asked for, or one that the shell must not get.
  bool Set(const termios& settings) const {
    int result;
    do {
      result = tcsetattr(terminal_, TCSAFLUSH, &settings);
    } while (result != 0 && errno == EINTR);
    return result == 0;
  }

  const int terminal_;
  termios old_;
  bool off_;
};

struct Signal {
  int number;
};

// The line, or the signal that came first.
std::variant<Signal, absl::StatusOr<LockedBytes>> ReadLine(int terminal, int woken,
                                                           size_t max_bytes) {
  absl::StatusOr<LockedBytes> line = LockedBytes::Allocate(max_bytes);
  if (!line.ok()) return line;
  std::array<pollfd, 2> events = {{{terminal, POLLIN, 0}, {woken, POLLIN, 0}}};
  while (true) {
    if (poll(events.data(), events.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return absl::ErrnoToStatus(errno, "cannot wait for the terminal");
    }
    uint8_t byte = 0;
    if ((events[1].revents & POLLIN) != 0 && read(woken, &byte, 1) == 1) {
      return Signal{byte};
    }
    if (events[0].revents == 0) continue;
    const ssize_t got = read(terminal, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return absl::FailedPreconditionError("the terminal was closed: nothing is done");
    }
    if (byte == '\n') return line;
    if (!line->Append(byte)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("what was typed is longer than %d bytes", max_bytes));
    }
  }
}

}  // namespace

absl::StatusOr<LockedBytes> AskSecret(const std::string& prompt, size_t max_bytes) {
  const Descriptor terminal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (terminal.get() < 0) return absl::NotFoundError("there is no terminal");
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a pipe");
  }
  const Descriptor woken(ends[0]), wake(ends[1]);
  const std::string shown = ShowLine(prompt);
  while (true) {
    std::variant<Signal, absl::StatusOr<LockedBytes>> answer;
    {
      const CaughtSignals caught(wake.get());  // longer than there is no echo
      const EchoOff echo(terminal.get());
      if (!echo.off()) return absl::ErrnoToStatus(errno, "cannot hide what is typed");
      (void)!write(terminal.get(), shown.data(), shown.size());
      answer = ReadLine(terminal.get(), woken.get(), max_bytes);
    }
    const auto* signal = std::get_if<Signal>(&answer);
    if (signal == nullptr) return std::get<1>(std::move(answer));
    (void)!write(terminal.get(), "\n", 1);
    raise(signal->number);  // as if it had come now
    if (signal->number != SIGTSTP) {
      return absl::FailedPreconditionError("interrupted: nothing is done");
    }
  }
}

}  // namespace setlog
