// index/mapped_file.h -- a whole file, read-only, in memory.
//
//   absl::StatusOr<MappedFile> file = MappedFile::Open(path, MappedFile::Use::kRandom);
//   Bytes content = file->bytes();
//
// Keeps no descriptor. The file must not be cut while it is mapped; it may be removed.
// A disk error on a page that was not read yet raises SIGBUS. Thread-safe.
#ifndef SETLOG_INDEX_MAPPED_FILE_H_
#define SETLOG_INDEX_MAPPED_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

class MappedFile {
 public:
  // kRandom: only pages that are read, or asked for, are loaded.
  enum class Use { kRandom, kWhole };
  // NotFound; Unavailable, for a directory too.
  static absl::StatusOr<MappedFile> Open(const std::string& path, Use use);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::string& path() const { return path_; }
  Bytes bytes() const { return bytes_; }
  // Asks for this range to be loaded, without waiting.
  void WillNeed(uint64_t begin, uint64_t end) const;

 private:
  MappedFile(std::string path, Bytes bytes) : path_(std::move(path)), bytes_(bytes) {}

  std::string path_;
  Bytes bytes_;
};

}  // namespace setlog

#endif  // SETLOG_INDEX_MAPPED_FILE_H_
