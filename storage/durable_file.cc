#include "storage/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

std::string ParentOf(const std::string& path) {
  // A trailing slash belongs to the name before it.
  const size_t end = path.find_last_not_of('/');
  const size_t slash = end == std::string::npos ? 0 : path.rfind('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status WriteAll(int descriptor, const std::string& path, std::string_view bytes,
                      uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return FileError(written < 0 ? errno : EIO, "write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  // Not repeated on EINTR or anything else: see WriteAt.
  if (fdatasync(descriptor) != 0) return FileError(errno, "sync", path);
  return absl::OkStatus();
}

absl::Status Replace(const std::string& path, std::string_view content, mode_t mode) {
  const std::string fresh = path + ".new";
  unlink(fresh.c_str());  // of an attempt that a crash cut short, with any mode
  const int descriptor =
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) return FileError(errno, "create", fresh);
  absl::Status written = WriteAll(descriptor, fresh, content, 0);
  close(descriptor);
  if (!written.ok()) return written;
  if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    return FileError(errno, "create", path);
  }
  return SyncParentDirectory(path);
}

}  // namespace

absl::Status FileError(int error, std::string_view what, const std::string& path) {
  const std::string text =
      absl::StrFormat("cannot %s %s: %s", what, path, std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(text);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(text);
  return absl::UnavailableError(text);
}

absl::Status ReplaceFile(const std::string& path, std::string_view content) {
  return Replace(path, content, 0644);
}

absl::Status ReplaceSecretFile(const std::string& path, std::string_view content) {
  return Replace(path, content, 0600);
}

absl::Status SyncParentDirectory(const std::string& path) {
  return SyncPath(ParentOf(path));
}

absl::Status SyncPath(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open", path);
  const int error = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  return error == 0 ? absl::OkStatus() : FileError(error, "sync", path);
}

absl::Status ExchangeDirectories(const std::string& a, const std::string& b) {
  if (renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0) {
    if (errno == EINVAL || errno == ENOSYS) {
      return absl::UnimplementedError(absl::StrFormat(
          "the file system cannot exchange %s and %s: do it by hand, with mv", a, b));
    }
    return FileError(errno, "exchange", a);
  }
  return SyncParentDirectory(a);
}

absl::StatusOr<DurableFile> DurableFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open", path);
  return DurableFile(path, descriptor);
}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

DurableFile& DurableFile::operator=(DurableFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

DurableFile::~DurableFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<std::string> DurableFile::Read(size_t max_bytes) const {
  std::string content(max_bytes + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = pread(descriptor_, content.data() + size, content.size() - size,
                              static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(errno, "read", path_);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > max_bytes) {
    return absl::DataLossError(
        absl::StrFormat("%s is longer than %u bytes", path_, max_bytes));
  }
  content.resize(size);
  return content;
}

absl::Status DurableFile::WriteAt(uint64_t offset, std::string_view bytes) {
  return WriteAll(descriptor_, path_, bytes, offset);
}

}  // namespace setlog
