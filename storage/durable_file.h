// storage/durable_file.h -- small files that must survive power loss.
//
//   absl::Status made = ReplaceFile("/srv/anchor", bytes);   // whole, or as before
//   absl::StatusOr<DurableFile> file = DurableFile::Open("/srv/anchor");
//   absl::Status written = file->WriteAt(4096, block);       // on the disk if OK
//
// Errors: NotFound, ResourceExhausted = disk full, Unavailable = any other I/O error,
// each naming the path. Not thread-safe.
#ifndef SETLOG_STORAGE_DURABLE_FILE_H_
#define SETLOG_STORAGE_DURABLE_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

// Writes `content` beside `path`, then renames it there: after a crash the file is the
// old one or the new one. Costs two syncs.
absl::Status ReplaceFile(const std::string& path, std::string_view content);
// The same; only the owner may read the new file.
absl::Status ReplaceSecretFile(const std::string& path, std::string_view content);

// What a failed system call on a file means, as above: "cannot WHAT PATH: REASON".
absl::Status FileError(int error, std::string_view what, const std::string& path);

// Makes the creation or renaming of `path` itself durable.
absl::Status SyncParentDirectory(const std::string& path);
// Makes durable what was written to the file, or which names are in the directory.
absl::Status SyncPath(const std::string& path);

// Each of two directories of one file system gets the other's name, in one step: after
// a crash both have or neither has. Unimplemented if the file system cannot do that.
absl::Status ExchangeDirectories(const std::string& a, const std::string& b);

class DurableFile {
 public:
  // For reading and writing an existing file.
  static absl::StatusOr<DurableFile> Open(const std::string& path);
  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&& other) noexcept;
  ~DurableFile();

  const std::string& path() const { return path_; }
  // The whole content; DataLoss if it is longer than `max_bytes`.
  absl::StatusOr<std::string> Read(size_t max_bytes) const;
  // Overwrites and syncs. After an error the bytes there are unknown, and a retry could
  // report a success that did not happen: open the file anew and look.
  absl::Status WriteAt(uint64_t offset, std::string_view bytes);

 private:
  DurableFile(std::string path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace setlog

#endif  // SETLOG_STORAGE_DURABLE_FILE_H_
