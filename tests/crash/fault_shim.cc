// tests/crash/fault_shim.cc -- an LD_PRELOAD library: what a disk or a kill can do.
//
//   SETLOG_FAULT_DIR      only files below it count
//   SETLOG_FAULT_COUNTER  a file of 8 bytes: how many operations there were so far. It
//   is
//                         shared memory, so it is right whatever becomes of the process
//   SETLOG_FAULT_AT       the operation at which it happens, from 1; 0 = never
//   SETLOG_FAULT_KIND     kill    the process dies before the operation
//                         tear    a write is done by half, then the process dies
//                         after   the process dies when the operation is done
//                         ENOSPC, EIO   the operation fails, and so does each one after
//                                 it that writes (ENOSPC) or syncs (EIO) ...
//   SETLOG_FAULT_CURE     ... while there is no such file
//   SETLOG_FAULT_ONLY     write | sync: only those are counted
//
// Operations: write, pwrite, writev, pwritev, ftruncate, fallocate (write); fsync,
// fdatasync, rename, unlink (sync).
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace {

enum class Kind { kNone, kKill, kTear, kAfter, kNoSpace, kInputOutput };
enum class Class { kWrite, kSync };
enum class Outcome { kGoOn, kTear, kAfter, kFail };

struct Plan {
  const char* directory = getenv("SETLOG_FAULT_DIR");
  const char* cure = getenv("SETLOG_FAULT_CURE");
  uint64_t at = 0;
  Kind kind = Kind::kNone;
  bool writes = true;
  bool syncs = true;
  std::atomic<uint64_t>* counter = nullptr;

  Plan() {
    if (const char* text = getenv("SETLOG_FAULT_AT")) at = strtoull(text, nullptr, 10);
    if (const char* only = getenv("SETLOG_FAULT_ONLY")) {
      writes = strcmp(only, "write") == 0;
      syncs = !writes;
    }
    if (const char* text = getenv("SETLOG_FAULT_KIND")) {
      const struct {
        const char* name;
        Kind kind;
      } kinds[] = {{"kill", Kind::kKill},
                   {"tear", Kind::kTear},
                   {"after", Kind::kAfter},
                   {"ENOSPC", Kind::kNoSpace},
                   {"EIO", Kind::kInputOutput}};
      for (const auto& named : kinds) {
        if (strcmp(text, named.name) == 0) kind = named.kind;
      }
    }
    const char* path = getenv("SETLOG_FAULT_COUNTER");
    if (path == nullptr) return;
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    // Not by its name, which is this file's own.
    if (file < 0 || syscall(SYS_ftruncate, file, 8L) != 0) return;
    void* shared = mmap(nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared != MAP_FAILED) counter = static_cast<std::atomic<uint64_t>*>(shared);
  }
};

const Plan& ThePlan() {
  static const Plan* plan = new Plan;
  return *plan;
}

[[noreturn]] void Die() {
  kill(getpid(), SIGKILL);
  while (true) pause();
}

bool Below(const char* path) {
  const char* directory = ThePlan().directory;
  if (directory == nullptr) return false;
  const size_t length = strlen(directory);
  return strncmp(path, directory, length) == 0 &&
         (path[length] == '/' || path[length] == '\0');
}

bool Below(int file) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  char path[PATH_MAX + 1];
  const ssize_t length = readlink(link, path, PATH_MAX);
  if (length <= 0) return false;
  path[length] = '\0';
  return Below(path);
}

Outcome Decide(Class what) {
  const Plan& plan = ThePlan();
  if (plan.counter == nullptr || !(what == Class::kWrite ? plan.writes : plan.syncs)) {
    return Outcome::kGoOn;
  }
  const uint64_t number = ++*plan.counter;
  if (plan.at == 0 || number < plan.at) return Outcome::kGoOn;
  if (plan.kind == Kind::kNoSpace || plan.kind == Kind::kInputOutput) {
    if (plan.cure != nullptr && access(plan.cure, F_OK) == 0) return Outcome::kGoOn;
    errno = plan.kind == Kind::kNoSpace ? ENOSPC : EIO;
    return Outcome::kFail;
  }
  if (number > plan.at) return Outcome::kGoOn;
  if (plan.kind == Kind::kKill) Die();
  if (plan.kind == Kind::kTear) return Outcome::kTear;
  return plan.kind == Kind::kAfter ? Outcome::kAfter : Outcome::kGoOn;
}

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// `half` does a part of the operation.
template <typename Operation, typename Half>
auto Run(bool counted, Class what, Operation operation, Half half)
    -> decltype(operation()) {
  if (!counted) return operation();
  const Outcome outcome = Decide(what);
  if (outcome == Outcome::kFail) return -1;
  if (outcome == Outcome::kTear) {
    half();
    Die();
  }
  const auto result = operation();
  if (outcome == Outcome::kAfter) Die();
  return result;
}

constexpr auto kNothing = [] {};

}  // namespace

extern "C" {

ssize_t write(int file, const void* bytes, size_t count) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t)>("write");
  return Run(
      file > 2 && Below(file), Class::kWrite, [&] { return real(file, bytes, count); },
      [&] { (void)real(file, bytes, count / 2); });
}

ssize_t pwrite(int file, const void* bytes, size_t count, off_t offset) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return Run(
      Below(file), Class::kWrite, [&] { return real(file, bytes, count, offset); },
      [&] { (void)real(file, bytes, count / 2, offset); });
}

ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t offset) {
  return pwrite(file, bytes, count, offset);
}

ssize_t writev(int file, const iovec* parts, int count) {
  static const auto real = Real<ssize_t (*)(int, const iovec*, int)>("writev");
  return Run(
      Below(file), Class::kWrite, [&] { return real(file, parts, count); },
      [&] { (void)real(file, parts, 1); });
}

int ftruncate(int file, off_t length) {
  static const auto real = Real<int (*)(int, off_t)>("ftruncate");
  return Run(
      Below(file), Class::kWrite, [&] { return real(file, length); }, kNothing);
}

int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

int fallocate(int file, int mode, off_t offset, off_t length) {
  static const auto real = Real<int (*)(int, int, off_t, off_t)>("fallocate");
  return Run(
      Below(file), Class::kWrite, [&] { return real(file, mode, offset, length); },
      kNothing);
}

int fallocate64(int file, int mode, off64_t offset, off64_t length) {
  return fallocate(file, mode, offset, length);
}

int fsync(int file) {
  static const auto real = Real<int (*)(int)>("fsync");
  return Run(
      Below(file), Class::kSync, [&] { return real(file); }, kNothing);
}

int fdatasync(int file) {
  static const auto real = Real<int (*)(int)>("fdatasync");
  return Run(
      Below(file), Class::kSync, [&] { return real(file); }, kNothing);
}

int rename(const char* from, const char* to) {
  static const auto real = Real<int (*)(const char*, const char*)>("rename");
  return Run(
      Below(to), Class::kSync, [&] { return real(from, to); }, kNothing);
}

int unlink(const char* path) {
  static const auto real = Real<int (*)(const char*)>("unlink");
  return Run(
      Below(path), Class::kSync, [&] { return real(path); }, kNothing);
}

}  // extern "C"
