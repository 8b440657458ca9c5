// client/staged_file.h -- a large file that is replaced whole or not at all.
//
//   absl::StatusOr<StagedFile> file = StagedFile::Create("a.audit", 0600);
//   while (...) absl::Status written = file->Write(piece);
//   absl::Status replaced = file->Commit();   // else nothing happened
//
// Written as PATH.new, synced, renamed. What a killed process leaves there is written
// over by the next one, so only one may write a path at a time: hold a FileLock.
// (client/atomic_file.h is for small ones, and needs no lock.) Not thread-safe.
#ifndef SETLOG_CLIENT_STAGED_FILE_H_
#define SETLOG_CLIENT_STAGED_FILE_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

class StagedFile {
 public:
  // InvalidArgument if PATH is a directory, a device, a pipe or a link.
  static absl::StatusOr<StagedFile> Create(std::string path, unsigned mode);
  StagedFile(StagedFile&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  StagedFile& operator=(StagedFile&&) = delete;
  // Drops what was not committed.
  ~StagedFile();

  // Errors carry the path and the code that errno stands for.
  absl::Status Write(std::string_view bytes);
  // On OK the file is at its path and survives power loss. Once, and nothing after it.
  absl::Status Commit();

 private:
  StagedFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string Staged() const { return path_ + ".new"; }
  absl::Status Failed() const;
  absl::Status Flush();

  std::string path_;
  std::string buffer_;
  int fd_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_STAGED_FILE_H_
