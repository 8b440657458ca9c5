#include "index/top_file.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "index/output_file.h"

namespace setlog {
namespace {

constexpr size_t kHeaderBytes = kFileTagBytes + 5 * 8;

Bytes BytesOf(std::span<const Hash> hashes) {
  return {reinterpret_cast<const uint8_t*>(hashes.data()), hashes.size_bytes()};
}

bool DepthFits(uint64_t depth, const IndexIdentity& identity) {
  return depth >= identity.partition_bits && depth <= kMaxTopDepth;
}

}  // namespace

absl::Status WriteTopFile(const std::string& path, const IndexIdentity& identity,
                          unsigned partition, const TopFrame& frame,
                          std::span<const Hash> hashes) {
  if (!DepthFits(frame.depth, identity) ||
      hashes.size() != uint64_t{1} << (frame.depth - identity.partition_bits)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: %d hashes cannot be those of depth %d", path, hashes.size(), frame.depth));
  }
  std::string header = EncodeFileTag(FileKind::kTop, identity, partition);
  AppendU64(&header, frame.depth);
  AppendU64(&header, frame.m);
  AppendU64(&header, frame.n);
  AppendU64(&header, ChecksumAt(0, BytesOf(hashes)));
  AppendU64(&header, ChecksumAt(0, AsBytes(header)));
  absl::StatusOr<OutputFile> file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  absl::Status written = file->Append(AsBytes(header));
  if (written.ok()) written = file->Append(BytesOf(hashes));
  if (written.ok()) written = file->Sync();
  if (written.ok()) file->Keep();
  return written;
}

absl::StatusOr<TopFile> TopFile::Open(const std::string& path,
                                      const IndexIdentity& identity,
                                      unsigned partition) {
  absl::StatusOr<MappedFile> file = MappedFile::Open(path, MappedFile::Use::kWhole);
  if (!file.ok()) return file.status();
  const Bytes bytes = file->bytes();
  if (bytes.size() < kHeaderBytes) return DamagedFile(path, "it is too short");
  absl::Status ours = CheckFileTag(bytes.first(kFileTagBytes), FileKind::kTop, identity,
                                   partition, path);
  if (!ours.ok()) return ours;
  if (ChecksumAt(0, bytes.first(kHeaderBytes - 8)) !=
      ReadU64(bytes.subspan(kHeaderBytes - 8))) {
    return DamagedFile(path, "its header's checksum");
  }
  const uint64_t depth = ReadU64(bytes.subspan(kFileTagBytes));
  const TopFrame frame = {.depth = static_cast<unsigned>(depth),
                          .m = ReadU64(bytes.subspan(kFileTagBytes + 8)),
                          .n = ReadU64(bytes.subspan(kFileTagBytes + 16))};
  if (!DepthFits(depth, identity)) return DamagedFile(path, "what its header says");
  const uint64_t count = uint64_t{1} << (depth - identity.partition_bits);
  const Bytes body = bytes.subspan(kHeaderBytes);
  if (body.size() != count * Hash::kSize) return DamagedFile(path, "its size");
  if (ChecksumAt(0, body) != ReadU64(bytes.subspan(kFileTagBytes + 24))) {
    return DamagedFile(path, "the checksum of its hashes");
  }
  const std::span<const Hash> hashes(reinterpret_cast<const Hash*>(body.data()), count);
  return TopFile(*std::move(file), frame, hashes);
}

}  // namespace setlog
