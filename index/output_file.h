// index/output_file.h -- a file that grows at its end and does not hide errors.
//
//   absl::StatusOr<OutputFile> file = OutputFile::Create(path);
//   absl::Status written = file->Append(bytes);   // all of them, or none
//   absl::Status durable = file->Sync();
//   file->Keep();                                 // else it is removed with the object
//
// Errors as storage/durable_file.h has them. Not thread-safe.
#ifndef SETLOG_INDEX_OUTPUT_FILE_H_
#define SETLOG_INDEX_OUTPUT_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

class OutputFile {
 public:
  // A new file; AlreadyExists if there is one.
  static absl::StatusOr<OutputFile> Create(const std::string& path);
  // A file that exists, cut to `size` bytes; DataLoss if it has fewer. Kept.
  static absl::StatusOr<OutputFile> Continue(const std::string& path, uint64_t size);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }

  // After an error the file is cut back to where it ended. If that fails too, so does
  // every later Append.
  absl::Status Append(Bytes bytes);
  // Lets the disk begin with what was appended, without waiting.
  void StartWriting();
  // The content is on the disk if OK; after an error it never will be.
  absl::Status Sync();
  void Keep() { keep_ = true; }
  // Closes the descriptor until the next Append or Sync.
  void Rest();

 private:
  OutputFile(std::string path, int descriptor, uint64_t size, bool keep)
      : path_(std::move(path)), descriptor_(descriptor), size_(size), keep_(keep) {}
  absl::Status Wake();

  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
  uint64_t started_ = 0;  // bytes that StartWriting has seen
  bool keep_ = false;
  bool broken_ = false;
};

}  // namespace setlog

#endif  // SETLOG_INDEX_OUTPUT_FILE_H_
