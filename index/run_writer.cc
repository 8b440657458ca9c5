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

bool RunWriter::Follows(const Hash& key, uint64_t word) const {
  const int order = rows_ == 0 ? 1 : std::memcmp(key.data(), last_key_.data(), 32);
  return order >= 0 && (order > 0 || word >> 1 > last_word_ >> 1) && word >> 1 < m_ &&
         PartitionOf(key, identity_.partition_bits) == partition_;
}

absl::Status RunWriter::Add(const Hash& key, uint64_t word) {
  const PackedWord packed = PackedWord::From(word);
  return AddFirst({std::span(&key, 1), &packed}, 1);
}

absl::Status RunWriter::AddFirst(const RunRows& rows, size_t count) {
  for (size_t begin = 0; begin < count;) {
    const Hash* const keys = rows.keys.data() + begin;
    const PackedWord* const words = rows.words + begin;
    if (!Follows(*keys, words->value())) return Refused(*keys, words->value());
    const size_t some = std::min<size_t>(count - begin, kRunPageRows - slot_);
    for (size_t i = 1; i < some; ++i) {
      if (words[i].value() >> 1 >= m_) return Refused(keys[i], words[i].value());
    }
    uint8_t* page =
        reinterpret_cast<uint8_t*>(buffer_.data()) + buffered_ * kRunPageBytes;
    if (slot_ == 0) fence_.push_back(ReadU64(*keys));
    std::memcpy(page + slot_ * Hash::kSize, keys, some * Hash::kSize);
    std::memcpy(page + kRunPageWords + slot_ * sizeof(PackedWord), words,
                some * sizeof(PackedWord));
    last_key_ = keys[some - 1];
    last_word_ = words[some - 1].value();
    rows_ += some;
    slot_ += static_cast<unsigned>(some);
    begin += some;
    if (slot_ == kRunPageRows) {
      if (absl::Status s = FinishPage(); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
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
