#include "index/version_top_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "index/output_file.h"
#include "index/top_file.h"
#include "log/set_tree.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

constexpr size_t kHeaderBytes = kFileTagBytes + 3 * 8 + Hash::kSize + 2 * 8;

IndexIdentity WholeIndex(IndexIdentity identity) {
  identity.partition_bits = 0;
  return identity;
}

Bytes BytesOf(std::span<const Hash> hashes) {
  return {reinterpret_cast<const uint8_t*>(hashes.data()), hashes.size_bytes()};
}

}  // namespace

absl::Status WriteVersionTop(const std::string& path, const IndexIdentity& identity,
                             const VersionTopFrame& frame,
                             std::span<const Hash> nodes) {
  if (frame.depth > kMaxTopDepth || nodes.size() != uint64_t{2} << frame.depth ||
      SetRoot(frame.n, nodes[1]) != frame.root) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: these nodes are not of the set at %d", path, frame.m));
  }
  std::string header = EncodeFileTag(FileKind::kVersionTop, WholeIndex(identity), 0);
  AppendU64(&header, frame.m);
  AppendU64(&header, frame.n);
  AppendU64(&header, frame.depth);
  header += AsText(frame.root);
  // From node 1 on: number 0 is not read, and is stored as zeros.
  const Bytes body = BytesOf(nodes.subspan(1));
  AppendU64(&header, ChecksumAt(0, body));
  AppendU64(&header, ChecksumAt(0, AsBytes(header)));
  header.resize(header.size() + Hash::kSize, '\0');

  const std::string fresh = path + ".new";
  unlink(fresh.c_str());  // of an attempt that a crash cut short
  absl::StatusOr<OutputFile> file = OutputFile::Create(fresh);
  if (!file.ok()) return file.status();
  absl::Status written = file->Append(AsBytes(header));
  if (written.ok()) written = file->Append(body);
  if (written.ok()) written = file->Sync();
  if (!written.ok()) return written;
  if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    return FileError(errno, "create", path);
  }
  file->Keep();
  return SyncParentDirectory(path);
}

absl::StatusOr<std::unique_ptr<VersionTopFile>> VersionTopFile::Open(
    const std::string& path, const IndexIdentity& identity, uint64_t m) {
  absl::StatusOr<MappedFile> file = MappedFile::Open(path, MappedFile::Use::kRandom);
  if (!file.ok()) return file.status();
  const Bytes bytes = file->bytes();
  if (bytes.size() < kHeaderBytes) return DamagedFile(path, "it is too short");
  absl::Status ours = CheckFileTag(bytes.first(kFileTagBytes), FileKind::kVersionTop,
                                   WholeIndex(identity), 0, path);
  if (!ours.ok()) return ours;
  if (ChecksumAt(0, bytes.first(kHeaderBytes - 8)) !=
      ReadU64(bytes.subspan(kHeaderBytes - 8))) {
    return DamagedFile(path, "its header's checksum");
  }
  const uint64_t depth = ReadU64(bytes.subspan(kFileTagBytes + 16));
  const VersionTopFrame frame = {
      .m = ReadU64(bytes.subspan(kFileTagBytes)),
      .n = ReadU64(bytes.subspan(kFileTagBytes + 8)),
      .depth = static_cast<unsigned>(depth),
      .root = HashFromBytes(bytes.subspan(kFileTagBytes + 24))};
  if (depth > kMaxTopDepth || frame.m != m) {
    return DamagedFile(path, "what its header says");
  }
  const Bytes body = bytes.subspan(kHeaderBytes);
  if (body.size() != (uint64_t{2} << depth) * Hash::kSize) {
    return DamagedFile(path, "its size");
  }
  const std::span<const Hash> nodes(reinterpret_cast<const Hash*>(body.data()),
                                    uint64_t{2} << depth);
  if (nodes[0] != Hash{} || SetRoot(frame.n, nodes[1]) != frame.root) {
    return DamagedFile(path, "its first nodes do not lead to its set root");
  }
  return std::unique_ptr<VersionTopFile>(new VersionTopFile(
      *std::move(file), frame, ReadU64(bytes.subspan(kHeaderBytes - 16)), nodes));
}

absl::Status VersionTopFile::CheckAll() const {
  file_.WillNeed(0, file_.bytes().size());
  if (ChecksumAt(0, BytesOf(nodes_.subspan(1))) != checksum_) {
    return DamagedFile(file_.path(), "the checksum of its nodes");
  }
  return absl::OkStatus();
}

}  // namespace setlog
