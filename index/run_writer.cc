#include "index/run_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr size_t kBufferPages = 256;
// The disk is told to begin after so many bytes.
constexpr uint64_t kStartEvery = 8 << 20;

void PutU64(uint8_t* out, uint64_t value) {
  const uint64_t bytes = __builtin_bswap64(value);
  std::memcpy(out, &bytes, 8);
}

}  // namespace

absl::StatusOr<RunWriter> RunWriter::Create(const std::string& path,
                                            const IndexIdentity& identity,
                                            unsigned partition, uint64_t m) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  return RunWriter(*std::move(file), identity, partition, m);
}

RunWriter::RunWriter(OutputFile file, const IndexIdentity& identity, unsigned partition,
                     uint64_t m)
    : file_(std::move(file)),
      identity_(identity),
      partition_(partition),
      m_(m),
      buffer_(kBufferPages * kRunPageBytes, '\0') {}

absl::Status RunWriter::Refused(const Hash& key, uint64_t word) const {
  std::string_view why = "is not after the row before it";
  if (word >> 1 >= m_) why = "has a position that the run does not reach";
  if (PartitionOf(key, identity_.partition_bits) != partition_) {
    why = "is of another partition";
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s: the row of %s at %d %s", file_.path(), ToHex(key), word >> 1, why));
}

absl::Status RunWriter::Add(const Hash& key, uint64_t word) {
  const int order = rows_ == 0 ? 1 : std::memcmp(key.data(), last_key_.data(), 32);
  if (order < 0 || (order == 0 && word >> 1 <= last_word_ >> 1) || word >> 1 >= m_ ||
      PartitionOf(key, identity_.partition_bits) != partition_) {
    return Refused(key, word);
  }
  uint8_t* page =
      reinterpret_cast<uint8_t*>(buffer_.data()) + buffered_ * kRunPageBytes;
  if (slot_ == 0) fence_.push_back(ReadU64(key));
  std::memcpy(page + slot_ * Hash::kSize, key.data(), Hash::kSize);
  const PackedWord packed = PackedWord::From(word);
  std::memcpy(page + kRunPageWords + slot_ * sizeof packed, &packed, sizeof packed);
  last_key_ = key;
  last_word_ = word;
  ++rows_;
  return ++slot_ == kRunPageRows ? FinishPage() : absl::OkStatus();
}

absl::Status RunWriter::FinishPage() {
  uint8_t* page =
      reinterpret_cast<uint8_t*>(buffer_.data()) + buffered_ * kRunPageBytes;
  page[kRunPageCount] = static_cast<uint8_t>(slot_ >> 8);
  page[kRunPageCount + 1] = static_cast<uint8_t>(slot_);
  PutU64(page + kRunPageChecksum,
         ChecksumAt(fence_.size() - 1, Bytes(page, kRunPageChecksum)));
  slot_ = 0;
  return ++buffered_ == kBufferPages ? Flush() : absl::OkStatus();
}

absl::Status RunWriter::Flush() {
  const size_t size = std::exchange(buffered_, 0) * kRunPageBytes;
  absl::Status written = file_.Append(AsBytes(buffer_).first(size));
  if (!written.ok()) return written;
  if (file_.size() % kStartEvery < size) file_.StartWriting();
  return absl::OkStatus();
}

absl::Status RunWriter::Finish() {
  if (slot_ > 0) {
    // What an earlier page left in this part of the buffer.
    uint8_t* page =
        reinterpret_cast<uint8_t*>(buffer_.data()) + buffered_ * kRunPageBytes;
    std::fill(page + slot_ * Hash::kSize, page + kRunPageWords, 0);
    std::fill(page + kRunPageWords + slot_ * sizeof(PackedWord), page + kRunPageCount,
              0);
    if (absl::Status last = FinishPage(); !last.ok()) return last;
  }
  if (absl::Status flushed = Flush(); !flushed.ok()) return flushed;
  std::string frame;
  frame.reserve(fence_.size() * 8 + kRunFooterBytes);
  for (uint64_t prefix : fence_) AppendU64(&frame, prefix);
  const uint64_t fence_checksum = ChecksumAt(0, AsBytes(frame));
  std::string footer = EncodeFileTag(FileKind::kRun, identity_, partition_);
  AppendU64(&footer, m_);
  AppendU64(&footer, rows_);
  AppendU64(&footer, fence_.size());
  AppendU64(&footer, fence_checksum);
  AppendU64(&footer, ChecksumAt(0, AsBytes(footer)));
  absl::Status written = file_.Append(AsBytes(frame + footer));
  if (!written.ok()) return written;
  if (absl::Status synced = file_.Sync(); !synced.ok()) return synced;
  file_.Keep();
  file_.Rest();
  return absl::OkStatus();
}

}  // namespace setlog
