#include "tools/hash_spool.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tools/spool_file.h"

namespace setlog {
namespace {

constexpr size_t kPieceHashes = size_t{1} << 15;  // 1 MiB

absl::Status WriteAll(int file, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SpoolError(errno);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status ReadAll(int file, uint64_t offset, std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return SpoolError(count < 0 ? errno : EIO);
    offset += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

Bytes AsBytes(std::span<const Hash> hashes) {
  return {reinterpret_cast<const uint8_t*>(hashes.data()), hashes.size() * Hash::kSize};
}

}  // namespace

HashSpool::HashSpool(size_t memory_hashes)
    : memory_hashes_(std::max<size_t>(1, memory_hashes)) {}

HashSpool::~HashSpool() {
  if (file_ >= 0) close(file_);
}

absl::Status HashSpool::Append(const Hash& hash) {
  if (buffer_.size() == memory_hashes_) {
    if (absl::Status status = Spill(); !status.ok()) return status;
  }
  buffer_.push_back(hash);
  return absl::OkStatus();
}

absl::Status HashSpool::Spill() {
  if (file_ < 0) {
    const absl::StatusOr<int> file = OpenSpoolFile();
    if (!file.ok()) return file.status();
    file_ = *file;
  }
  const Bytes bytes = AsBytes(buffer_);
  if (absl::Status status = WriteAll(file_, bytes); !status.ok()) return status;
  digest_.Update(bytes);
  written_ += buffer_.size();
  buffer_.clear();
  return absl::OkStatus();
}

Hash HashSpool::Finish() {
  digest_.Update(AsBytes(buffer_));
  return digest_.Finish();
}

absl::Status HashSpool::Read(uint64_t begin, const PieceCallback& callback) const {
  std::vector<Hash> piece;
  while (begin < written_) {
    piece.resize(std::min<uint64_t>(kPieceHashes, written_ - begin));
    const std::span<uint8_t> bytes(reinterpret_cast<uint8_t*>(piece.data()),
                                   piece.size() * Hash::kSize);
    absl::Status status = ReadAll(file_, begin * Hash::kSize, bytes);
    if (status.ok()) status = callback(piece);
    if (!status.ok()) return status;
    begin += piece.size();
  }
  for (size_t at = begin - written_; at < buffer_.size(); at += kPieceHashes) {
    const size_t count = std::min(kPieceHashes, buffer_.size() - at);
    absl::Status status = callback(std::span(buffer_).subspan(at, count));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Hash>> HashSpool::All(uint64_t room) const {
  std::vector<Hash> all;
  all.reserve(size() + room);
  const absl::Status read = Read(0, [&all](std::span<const Hash> piece) {
    all.insert(all.end(), piece.begin(), piece.end());
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return all;
}

}  // namespace setlog
