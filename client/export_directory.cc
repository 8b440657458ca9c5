#include "client/export_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

// Few enough for a file system that searches a directory from its beginning, many
// enough for one sync.
constexpr size_t kMaxWaiting = 512;
constexpr char kStaging[] = "/.export/";
constexpr char kLockName[] = "lock";

absl::Status Failed(const char* what, const std::string& path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrFormat("cannot %s %s", what, path));
}

absl::Status WriteFile(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("create", path);
  absl::Status status;
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      status = Failed("write", path);
      break;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (::close(fd) != 0 && status.ok()) status = Failed("write", path);
  return status;
}

absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), "cannot make the directory " + path);
}

}  // namespace

absl::StatusOr<ExportDirectory> ExportDirectory::Open(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string staging = path + kStaging;
  if (absl::Status s = MakeDirectory(staging); !s.ok()) return s;
  absl::StatusOr<FileLock> lock = FileLock::Acquire(staging + kLockName);
  if (!lock.ok()) return lock.status();
  std::error_code error;
  for (std::filesystem::directory_iterator file(staging, error), end;
       !error && file != end; file.increment(error)) {
    const std::string name = file->path().filename();
    if (name == kLockName || staging + name == path + "/" + kMemory) continue;
    std::filesystem::remove(file->path(), error);
  }
  if (error) return absl::ErrnoToStatus(error.value(), "cannot empty " + staging);
  return ExportDirectory(std::move(path), *std::move(lock));
}

std::string ExportDirectory::Staged(size_t place) const {
  return path_ + kStaging + std::to_string(place);
}

absl::StatusOr<std::string> ExportDirectory::Read(const std::string& name,
                                                  size_t max_bytes) const {
  return ReadSmallFile(path_ + "/" + name, max_bytes);
}

absl::Status ExportDirectory::Put(const std::string& name, std::string_view bytes) {
  if (names_.size() == kMaxWaiting) {
    if (absl::Status s = Publish(); !s.ok()) return s;
  }
  if (absl::Status s = WriteFile(Staged(names_.size()), bytes); !s.ok()) return s;
  names_.push_back(name);
  if (name != kMemory) ++files_;
  return absl::OkStatus();
}

absl::Status ExportDirectory::Sync() const {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", path_);
  const absl::Status status =
      ::syncfs(fd) == 0 ? absl::OkStatus() : Failed("sync", path_);
  ::close(fd);
  return status;
}

absl::Status ExportDirectory::Flush() {
  if (names_.empty()) return absl::OkStatus();
  if (absl::Status s = Publish(); !s.ok()) return s;
  return Sync();  // the names too
}

absl::Status ExportDirectory::Prune(const std::string& directory,
                                    const std::string& keep) {
  const std::filesystem::path path = path_ + "/" + directory;
  std::error_code error;
  std::filesystem::directory_iterator file(path, error);
  if (error == std::errc::no_such_file_or_directory) return absl::OkStatus();
  bool empty = true;
  for (const std::filesystem::directory_iterator end; !error && file != end;
       file.increment(error)) {
    if (!keep.empty() && file->path().filename() == keep) {
      empty = false;
    } else {
      std::filesystem::remove(file->path(), error);
    }
  }
  if (!error && empty) std::filesystem::remove(path, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), "cannot empty " + path.string());
}

absl::Status ExportDirectory::Publish() {
  // Their content before their names.
  if (absl::Status s = Sync(); !s.ok()) return s;
  std::string made;  // the last directory that was looked after
  for (size_t place = 0; place < names_.size(); ++place) {
    const std::string path = path_ + "/" + names_[place];
    const std::string directory = path.substr(0, path.find_last_of('/'));
    if (directory != made) {
      if (absl::Status s = MakeDirectory(directory); !s.ok()) return s;
      made = directory;
    }
    if (::rename(Staged(place).c_str(), path.c_str()) != 0) {
      return Failed("write", path);
    }
  }
  names_.clear();
  return absl::OkStatus();
}

}  // namespace setlog
