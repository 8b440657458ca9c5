#include "model/piece_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "model/file_kind.h"

namespace setlog {
namespace {

// Files that are longer are read in more pieces than one, so that the system should
// read ahead.
constexpr uint64_t kLongBytes = uint64_t{1} << 18;

}  // namespace

std::optional<OddFile> PieceReader::Open(const ModelSource& source,
                                         const ModelPiece& piece) {
  file_ = &source.tree.files[piece.file];
  next_ = piece.begin;
  end_ = piece.end;
  descriptor_ =
      OpenBelow(source.root, file_->name, {.follow_last = source.follow_symlinks});
  if (!descriptor_.ok()) return OddByError(file_->name, errno);
  if (std::optional<OddFile> odd = Check()) return odd;
  // The disk begins while other pieces are opened.
  ::posix_fadvise(descriptor_.value(), static_cast<off_t>(next_),
                  static_cast<off_t>(std::min(left(), kLongBytes)),
                  POSIX_FADV_WILLNEED);
  if (piece.bytes() > kLongBytes) {
    ::posix_fadvise(descriptor_.value(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  return std::nullopt;
}

std::optional<OddFile> PieceReader::Read(uint8_t* to, size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ReadSome(to, bytes);
    if (got < 0) return OddByError(file_->name, errno);
    if (got == 0) return Changed();
    to += got;
    bytes -= static_cast<size_t>(got);
    next_ += static_cast<uint64_t>(got);
  }
  return std::nullopt;
}

ssize_t PieceReader::ReadSome(uint8_t* to, size_t bytes) const {
  ssize_t got;
  do {
    got = ::pread(descriptor_.value(), to, bytes, static_cast<off_t>(next_));
  } while (got < 0 && errno == EINTR);
  return got;
}

std::optional<OddFile> PieceReader::Close() {
  uint8_t beyond;
  const ssize_t more = end_ == file_->bytes ? ReadSome(&beyond, 1) : 0;
  std::optional<OddFile> odd;
  if (more < 0) odd = OddByError(file_->name, errno);
  if (!odd) odd = Check();
  // The files of procfs say that they are empty.
  if (!odd && more > 0) {
    odd = OddFile{file_->name, OddKind::kSpecial, "a file without a size"};
  }
  descriptor_ = Descriptor();
  return odd;
}

std::optional<OddFile> PieceReader::Check() const {
  struct stat found;
  if (::fstat(descriptor_.value(), &found) != 0) {
    return OddByError(file_->name, errno);
  }
  if (!S_ISREG(found.st_mode)) {
    return OddFile{file_->name, OddKind::kSpecial, FileKindName(found.st_mode)};
  }
  if (static_cast<uint64_t>(found.st_size) != file_->bytes ||
      FileTimeNs(found.st_mtim) != file_->mtime_ns ||
      FileTimeNs(found.st_ctim) != file_->ctime_ns) {
    return Changed();
  }
  return std::nullopt;
}

OddFile PieceReader::Changed() const {
  return {file_->name, OddKind::kUnreadable, "it changed while it was read"};
}

}  // namespace setlog
