#include "index/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_format.h"
#include "storage/durable_file.h"

namespace setlog {

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path) {
  const int descriptor =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0 && errno == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrFormat("cannot create %s: it is there already", path));
  }
  if (descriptor < 0) return FileError(errno, "create", path);
  return OutputFile(path, descriptor, 0, /*keep=*/false);
}

absl::StatusOr<OutputFile> OutputFile::Continue(const std::string& path,
                                                uint64_t size) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open", path);
  OutputFile file(path, descriptor, size, /*keep=*/true);
  struct stat status;
  if (fstat(descriptor, &status) != 0) return FileError(errno, "look at", path);
  if (static_cast<uint64_t>(status.st_size) < size) {
    return absl::DataLossError(absl::StrFormat("%s has %d bytes where there were %d",
                                               path, status.st_size, size));
  }
  if (ftruncate(descriptor, static_cast<off_t>(size)) != 0) {
    return FileError(errno, "cut", path);
  }
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      started_(other.started_),
      keep_(std::exchange(other.keep_, true)),
      broken_(other.broken_) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(started_, other.started_);
  std::swap(keep_, other.keep_);
  std::swap(broken_, other.broken_);
  return *this;
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!keep_) unlink(path_.c_str());
}

absl::Status OutputFile::Wake() {
  if (broken_) {
    return absl::UnavailableError(absl::StrFormat(
        "%s may end in part of a write that failed: nothing more goes there", path_));
  }
  if (descriptor_ >= 0) return absl::OkStatus();
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  return descriptor_ >= 0 ? absl::OkStatus() : FileError(errno, "open", path_);
}

absl::Status OutputFile::Append(Bytes bytes) {
  if (absl::Status awake = Wake(); !awake.ok()) return awake;
  uint64_t end = size_;
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(end));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = written < 0 ? errno : EIO;
      if (ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) broken_ = true;
      return FileError(error, "write", path_);
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
    end += static_cast<uint64_t>(written);
  }
  size_ = end;
  return absl::OkStatus();
}

void OutputFile::StartWriting() {
  // Advice only: whatever goes wrong, Sync says.
  sync_file_range(descriptor_, static_cast<off_t>(started_),
                  static_cast<off_t>(size_ - started_), SYNC_FILE_RANGE_WRITE);
  started_ = size_;
}

absl::Status OutputFile::Sync() {
  if (absl::Status awake = Wake(); !awake.ok()) return awake;
  if (fdatasync(descriptor_) == 0) return absl::OkStatus();
  // The kernel forgets what it could not write; a second sync would say OK.
  broken_ = true;
  return FileError(errno, "sync", path_);
}

void OutputFile::Rest() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
}

}  // namespace setlog
