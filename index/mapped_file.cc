#include "index/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "storage/durable_file.h"

namespace setlog {

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path, Use use) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError(errno, "open", path);
  struct stat status;
  int error = fstat(descriptor, &status) == 0 ? 0 : errno;
  if (error == 0 && !S_ISREG(status.st_mode)) error = EISDIR;
  const size_t size = error == 0 ? static_cast<size_t>(status.st_size) : 0;
  void* start = nullptr;
  if (size > 0) {
    start = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (start == MAP_FAILED) error = errno;
  }
  close(descriptor);
  if (error != 0) return FileError(error, "read", path);
  MappedFile file(path, Bytes(static_cast<const uint8_t*>(start), size));
  // Advice only.
  if (size > 0 && use == Use::kRandom) madvise(start, size, MADV_RANDOM);
  if (size > 0 && use == Use::kWhole) madvise(start, size, MADV_WILLNEED);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

void MappedFile::WillNeed(uint64_t begin, uint64_t end) const {
  constexpr uint64_t kSystemPage = 4096;
  begin -= begin % kSystemPage;
  end = std::min<uint64_t>(end, bytes_.size());
  if (begin >= end) return;
  madvise(const_cast<uint8_t*>(bytes_.data()) + begin, end - begin, MADV_WILLNEED);
}

}  // namespace setlog
