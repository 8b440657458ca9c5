// client/atomic_file.h -- small files that are replaced whole or not at all.
//
//   absl::Status written = ReplaceFile("a.setproof", bytes, 0644);
//   absl::StatusOr<std::string> bytes = ReadSmallFile("a.setproof", 4 << 20);
//   absl::StatusOr<FileLock> lock = FileLock::Acquire("state.lock");  // until it dies
//
// Thread-safe: functions of the file system alone. Errors carry the path and the code
// that errno stands for (NotFound, PermissionDenied, ResourceExhausted, ...).
#ifndef SETLOG_CLIENT_ATOMIC_FILE_H_
#define SETLOG_CLIENT_ATOMIC_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

// The file's content. NotFound if there is none, InvalidArgument if it is larger than
// `max_bytes`.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t max_bytes);

// Writes a new file beside `path`, syncs it, renames it to `path` and syncs the
// directory. After a crash there is the old content or the new one. A link stays: what
// it points to is replaced. A device or a pipe is written to, as /dev/stdout is meant.
absl::Status ReplaceFile(const std::string& path, std::string_view bytes,
                         unsigned mode);

// Makes the creation, renaming or removal of `path` itself survive a power cut.
absl::Status SyncDirectoryOf(const std::string& path);

// Creates the directory and those above it, with mode 0700, each synced in the one that
// holds it. OK if it is there.
absl::Status MakePrivateDirectory(const std::string& path);

// An exclusive lock between processes and between threads, on a file that is created
// if need be and never removed (removing it would let two hold it).
class FileLock {
 public:
  // Waits until nobody else holds it.
  static absl::StatusOr<FileLock> Acquire(const std::string& path);
  // FailedPrecondition if somebody holds it.
  static absl::StatusOr<FileLock> TryAcquire(const std::string& path);

  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_ATOMIC_FILE_H_
