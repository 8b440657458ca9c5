#include "index/index_manifest.h"

#include "absl/strings/str_format.h"
#include "index/mapped_file.h"
#include "index/top_file.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

constexpr size_t kHeaderBytes = kFileTagBytes + 3 * 8 + Hash::kSize;
constexpr size_t kPartitionBytes = 3 * 8;

bool DepthFits(uint64_t depth, const IndexIdentity& identity) {
  return depth >= identity.partition_bits && depth <= kMaxTopDepth;
}

}  // namespace

absl::Status WriteIndexManifest(const std::string& path,
                                const IndexManifest& manifest) {
  if (manifest.identity.partition_bits > kMaxPartitionBits ||
      manifest.partitions.size() != manifest.identity.partitions() ||
      !DepthFits(manifest.depth, manifest.identity)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: %d partitions of %d bits at depth %d", path, manifest.partitions.size(),
        manifest.identity.partition_bits, manifest.depth));
  }
  std::string bytes = EncodeFileTag(FileKind::kManifest, manifest.identity, 0);
  AppendU64(&bytes, manifest.depth);
  AppendU64(&bytes, manifest.m);
  AppendU64(&bytes, manifest.n);
  bytes += AsText(manifest.root);
  for (const PartitionFiles& files : manifest.partitions) {
    AppendU64(&bytes, files.run);
    AppendU64(&bytes, files.top);
    AppendU64(&bytes, files.journal);
  }
  AppendU64(&bytes, ChecksumAt(0, AsBytes(bytes)));
  return ReplaceFile(path, bytes);
}

absl::StatusOr<IndexManifest> ReadIndexManifest(const std::string& path,
                                                const StoreId& store, LogNumber log) {
  const absl::StatusOr<MappedFile> file =
      MappedFile::Open(path, MappedFile::Use::kWhole);
  if (!file.ok()) return file.status();
  const Bytes bytes = file->bytes();
  if (bytes.size() < kHeaderBytes) return DamagedFile(path, "it is too short");
  IndexManifest manifest;
  // The tag itself says how many partitions there are; the rest must be as expected.
  const uint8_t bits = FileTagPartitionBits(bytes);
  if (bits > kMaxPartitionBits) return DamagedFile(path, "its number of partitions");
  manifest.identity = {store, log, bits};
  absl::Status ours = CheckFileTag(bytes.first(kFileTagBytes), FileKind::kManifest,
                                   manifest.identity, 0, path);
  if (!ours.ok()) return ours;
  const size_t end = kHeaderBytes + manifest.identity.partitions() * kPartitionBytes;
  if (bytes.size() != end + 8) return DamagedFile(path, "its size");
  if (ChecksumAt(0, bytes.first(end)) != ReadU64(bytes.subspan(end))) {
    return DamagedFile(path, "its checksum");
  }
  const uint64_t depth = ReadU64(bytes.subspan(kFileTagBytes));
  if (!DepthFits(depth, manifest.identity)) return DamagedFile(path, "its depth");
  manifest.depth = static_cast<unsigned>(depth);
  manifest.m = ReadU64(bytes.subspan(kFileTagBytes + 8));
  manifest.n = ReadU64(bytes.subspan(kFileTagBytes + 16));
  manifest.root = HashFromBytes(bytes.subspan(kFileTagBytes + 24));
  for (size_t at = kHeaderBytes; at < end; at += kPartitionBytes) {
    manifest.partitions.push_back({.run = ReadU64(bytes.subspan(at)),
                                   .top = ReadU64(bytes.subspan(at + 8)),
                                   .journal = ReadU64(bytes.subspan(at + 16))});
  }
  return manifest;
}

}  // namespace setlog
