#include "index/journal.h"

#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "index/mapped_file.h"

namespace setlog {
namespace {

constexpr size_t kHeaderBytes = kFileTagBytes + 8;
constexpr size_t kLeadBytes = 4 + 8;
constexpr size_t kFrameBytes = 8 + 8 + 1 + 4 + 4;

void PutU32(uint8_t* out, uint32_t value) {
  const uint32_t bytes = __builtin_bswap32(value);
  std::memcpy(out, &bytes, 4);
}

void PutU64(uint8_t* out, uint64_t value) {
  const uint64_t bytes = __builtin_bswap64(value);
  std::memcpy(out, &bytes, 8);
}

uint32_t ReadU32(Bytes bytes) {
  uint32_t value;
  std::memcpy(&value, bytes.data(), 4);
  return __builtin_bswap32(value);
}

// What is wrong with a record whose checksum is right; empty if nothing is.
std::string_view Fault(const JournalRecord& record, const IndexIdentity& identity,
                       unsigned partition, uint64_t m_before) {
  const auto& [m0, m1, depth] = record.frame;
  if (m0 >= m1 || m0 < m_before || m1 > kMaxPositions) return "its m";
  if (depth < identity.partition_bits || depth > kMaxTopDepth) return "its depth";
  const PackedRow* before = nullptr;
  for (const PackedRow& row : record.rows) {
    const uint64_t position = row.word() >> 1;
    if (position < m0 || position >= m1 ||
        PartitionOf(row.key, identity.partition_bits) != partition) {
      return "a row";
    }
    if (before != nullptr &&
        (before->key > row.key ||
         (before->key == row.key && before->word() >> 1 >= position))) {
      return "the order of its rows";
    }
    before = &row;
  }
  uint64_t next = 0;
  const uint64_t end = uint64_t{1} << (depth - identity.partition_bits);
  for (const PackedBucketHash& hash : record.hashes) {
    if (hash.bucket() < next || hash.bucket() >= end) return "a bucket's number";
    next = uint64_t{hash.bucket()} + 1;
  }
  return "";
}

}  // namespace

absl::StatusOr<JournalWriter> JournalWriter::Create(const std::string& path,
                                                    const IndexIdentity& identity,
                                                    unsigned partition) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  std::string header = EncodeFileTag(FileKind::kJournal, identity, partition);
  AppendU64(&header, ChecksumAt(0, AsBytes(header)));
  absl::Status written = file->Append(AsBytes(header));
  if (!written.ok()) return written;
  file->Keep();
  return JournalWriter(*std::move(file));
}

absl::StatusOr<JournalWriter> JournalWriter::Continue(const std::string& path,
                                                      uint64_t size) {
  if (size < kHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: no journal ends after %d bytes", path, size));
  }
  absl::StatusOr<OutputFile> file = OutputFile::Continue(path, size);
  if (!file.ok()) return file.status();
  return JournalWriter(*std::move(file));
}

absl::Status JournalWriter::Append(const JournalFrame& frame,
                                   std::span<const EventRow> rows,
                                   std::span<const BucketHash> hashes) {
  const uint64_t length = kFrameBytes + rows.size() * sizeof(PackedRow) +
                          hashes.size() * sizeof(PackedBucketHash);
  if (length > std::numeric_limits<uint32_t>::max()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: a batch of %d rows is too large for a record", file_.path(), rows.size()));
  }
  std::string record(kLeadBytes + length, '\0');
  uint8_t* const start = reinterpret_cast<uint8_t*>(record.data());
  uint8_t* out = start + kLeadBytes;
  PutU64(out, frame.m0);
  PutU64(out + 8, frame.m1);
  out[16] = frame.depth;
  PutU32(out + 17, static_cast<uint32_t>(rows.size()));
  PutU32(out + 21, static_cast<uint32_t>(hashes.size()));
  out += kFrameBytes;
  for (const EventRow& row : rows) {
    const PackedRow packed = {row.key, PackedWord::From(row.word)};
    std::memcpy(out, &packed, sizeof packed);
    out += sizeof packed;
  }
  for (const BucketHash& hash : hashes) {
    PutU32(out, hash.bucket);
    std::memcpy(out + 4, hash.hash.data(), Hash::kSize);
    out += sizeof(PackedBucketHash);
  }
  PutU32(start, static_cast<uint32_t>(length));
  PutU64(start + 4, ChecksumAt(file_.size(), Bytes(start + kLeadBytes, length)));
  return file_.Append(AsBytes(record));
}

absl::StatusOr<JournalEnd> ReadJournal(
    const std::string& path, const IndexIdentity& identity, unsigned partition,
    absl::FunctionRef<absl::Status(const JournalRecord&)> visit) {
  const absl::StatusOr<MappedFile> file =
      MappedFile::Open(path, MappedFile::Use::kWhole);
  if (!file.ok()) return file.status();
  const Bytes bytes = file->bytes();
  if (bytes.size() < kHeaderBytes) return DamagedFile(path, "it is too short");
  absl::Status ours = CheckFileTag(bytes.first(kFileTagBytes), FileKind::kJournal,
                                   identity, partition, path);
  if (!ours.ok()) return ours;
  if (ChecksumAt(0, bytes.first(kFileTagBytes)) !=
      ReadU64(bytes.subspan(kFileTagBytes))) {
    return DamagedFile(path, "its header's checksum");
  }
  JournalEnd end;
  end.good_bytes = kHeaderBytes;
  end.file_bytes = bytes.size();
  const auto stop = [&](std::string_view what) {
    end.beyond = DamagedFile(
        path, absl::StrFormat("%s of the record at byte %d", what, end.good_bytes));
    return end;
  };
  while (end.good_bytes < bytes.size()) {
    const Bytes rest = bytes.subspan(end.good_bytes);
    if (rest.size() < kLeadBytes + kFrameBytes) return stop("the end");
    const uint64_t length = ReadU32(rest);
    if (length < kFrameBytes || length > rest.size() - kLeadBytes) {
      return stop("the length");
    }
    const Bytes body = rest.subspan(kLeadBytes, length);
    if (ChecksumAt(end.good_bytes, body) != ReadU64(rest.subspan(4))) {
      return stop("the checksum");
    }
    const uint64_t rows = ReadU32(body.subspan(17));
    const uint64_t hashes = ReadU32(body.subspan(21));
    if (kFrameBytes + rows * sizeof(PackedRow) + hashes * sizeof(PackedBucketHash) !=
        length) {
      return stop("the length");
    }
    const uint8_t* const first = body.data() + kFrameBytes;
    const JournalRecord record = {
        .frame = {ReadU64(body), ReadU64(body.subspan(8)), body[16]},
        .rows = {reinterpret_cast<const PackedRow*>(first), rows},
        .hashes = {reinterpret_cast<const PackedBucketHash*>(first +
                                                             rows * sizeof(PackedRow)),
                   hashes},
        .end = end.good_bytes + kLeadBytes + length};
    const std::string_view fault = Fault(record, identity, partition, end.m);
    if (!fault.empty()) return stop(fault);
    if (absl::Status visited = visit(record); !visited.ok()) return visited;
    end.m = record.frame.m1;
    end.good_bytes = record.end;
  }
  return end;
}

}  // namespace setlog
