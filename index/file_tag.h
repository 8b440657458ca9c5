// index/file_tag.h -- how every file of an index directory begins or ends: whose it is.
//
//   IndexIdentity identity{store.id(), log_number, .partition_bits = 6};
//   std::string bytes = EncodeFileTag(FileKind::kRun, identity, partition);
//   absl::Status ours = CheckFileTag(bytes, FileKind::kRun, identity, partition, path);
//
// 32 bytes: "setlog" | kind | format version | store id 16 | u32 log number |
//           u8 partition bits | u8 partition | 2 zero bytes
//
// Integers are big endian. Checksums are XXH3 of 64 bits: faster than memory, and in
// Debian 12, which Google's crc32c is not. They find accidents; that nobody tampered
// is found by the hashes, which must lead to the set root that the log committed to.
#ifndef SETLOG_INDEX_FILE_TAG_H_
#define SETLOG_INDEX_FILE_TAG_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "log/bytes.h"
#include "storage/store.h"

namespace setlog {

inline constexpr unsigned kMaxPartitionBits = 6;

// Files of another store or log, or cut into other partitions, are refused: DataLoss.
struct IndexIdentity {
  StoreId store{};
  LogNumber log = 0;
  uint8_t partition_bits = 0;

  unsigned partitions() const { return 1u << partition_bits; }
  friend bool operator==(const IndexIdentity&, const IndexIdentity&) = default;
};

// The partition of a key: its first bits.
inline unsigned PartitionOf(const Hash& key, unsigned partition_bits) {
  return static_cast<unsigned>(key.bytes[0]) >> (8 - partition_bits);
}

enum class FileKind : char {
  kRun = 'R',
  kTop = 'T',
  kJournal = 'J',
  kCommits = 'C',
  kManifest = 'M',
  kVersionTop = 'V',
};

inline constexpr size_t kFileTagBytes = 32;
std::string EncodeFileTag(FileKind kind, const IndexIdentity& identity,
                          unsigned partition);
// DataLoss, naming `path` and what differs, unless `bytes` is exactly that tag.
absl::Status CheckFileTag(Bytes bytes, FileKind kind, const IndexIdentity& identity,
                          unsigned partition, const std::string& path);

// The partition bits that a tag, or a file that begins with one, says.
inline uint8_t FileTagPartitionBits(Bytes tag) { return tag[28]; }

// "PATH is damaged: WHAT", DataLoss.
absl::Status DamagedFile(const std::string& path, std::string_view what);

// A checksum that also tells where the bytes belong.
uint64_t ChecksumAt(uint64_t place, Bytes bytes);

}  // namespace setlog

#endif  // SETLOG_INDEX_FILE_TAG_H_
