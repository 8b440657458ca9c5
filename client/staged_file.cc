#include "client/staged_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"

namespace setlog {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

}  // namespace

absl::Status StagedFile::Failed() const {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrFormat("cannot write %s", Staged()));
}

absl::StatusOr<StagedFile> StagedFile::Create(std::string path, unsigned mode) {
  struct stat there;
  if (::lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    return absl::InvalidArgumentError(
        path + ": is no regular file, so that it cannot be replaced");
  }
  const int fd = ::open((path + ".new").c_str(),
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
  StagedFile file(std::move(path), fd);
  if (fd < 0 || ::fchmod(fd, mode) != 0) return file.Failed();
  return file;
}

StagedFile::~StagedFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(Staged().c_str());
}

absl::Status StagedFile::Write(std::string_view bytes) {
  buffer_.append(bytes);
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status StagedFile::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed();
    rest.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status StagedFile::Commit() {
  if (absl::Status s = Flush(); !s.ok()) return s;
  if (::fsync(fd_) != 0 || ::rename(Staged().c_str(), path_.c_str()) != 0) {
    return Failed();
  }
  ::close(std::exchange(fd_, -1));
  return SyncDirectoryOf(path_);
}

}  // namespace setlog
