#include "client/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

absl::Status Failed(const char* what, const std::string& path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrFormat("%s %s", what, path));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t max_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return Failed("cannot open", path);
  std::string bytes;
  char buffer[16384];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("cannot read", path);
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(got));
    if (bytes.size() > max_bytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s is larger than %d bytes", path, max_bytes));
    }
  }
}

absl::Status ReplaceFile(const std::string& given, std::string_view bytes,
                         unsigned mode) {
  std::string path = given;
  struct stat there;
  if (::lstat(path.c_str(), &there) == 0 && S_ISLNK(there.st_mode)) {
    std::error_code error;
    path = std::filesystem::canonical(given, error).string();
    if (error) {
      errno = error.value();
      return Failed("cannot follow the link", given);
    }
  }
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.get() < 0) return Failed("cannot open", given);
    return WriteAll(file.get(), bytes) ? absl::OkStatus()
                                       : Failed("cannot write", given);
  }
  std::string temporary = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return Failed("cannot create a file beside", path);
  if (!WriteAll(file.get(), bytes) || ::fchmod(file.get(), mode) != 0 ||
      ::fsync(file.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const absl::Status failed = Failed("cannot write", path);
    ::unlink(temporary.c_str());
    return failed;
  }
  return SyncDirectoryOf(path);
}

absl::Status SyncDirectoryOf(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory.push_back('.');
  const FileDescriptor parent(
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() < 0 || ::fsync(parent.get()) != 0) {
    return Failed("cannot sync", directory);
  }
  return absl::OkStatus();
}

absl::Status MakePrivateDirectory(const std::string& path) {
  // Every prefix that ends before a '/', then the whole.
  for (size_t end = 1; end <= path.size(); ++end) {
    if (end != path.size() && path[end] != '/') continue;
    const std::string prefix = path.substr(0, end);
    if (::mkdir(prefix.c_str(), 0700) != 0) {
      if (errno != EEXIST) return Failed("cannot create", prefix);
      continue;
    }
    // What is synced in it would be lost with it.
    if (absl::Status s = SyncDirectoryOf(prefix); !s.ok()) return s;
  }
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is not a directory", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<FileLock> FileLock::Acquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("cannot open", path);
  FileLock lock(fd);
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) return Failed("cannot lock", path);
  }
  return lock;
}

absl::StatusOr<FileLock> FileLock::TryAcquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("cannot open", path);
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return Failed("cannot lock", path);
  return absl::FailedPreconditionError(
      absl::StrFormat("%s is held by another process", path));
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace setlog
