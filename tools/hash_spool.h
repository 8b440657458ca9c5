// tools/hash_spool.h -- all the hashes of a command, before the first one is sent.
//
//   HashSpool spool(HashSpool::kMemoryHashes);
//   absl::Status ok = spool.Append(hash);            // any number
//   Hash digest = spool.Finish();                    // once: of all of them
//   absl::Status sent = spool.Read(begin, [&](std::span<const Hash> piece) {
//     return appender.Write(piece);
//   });
//
// So a mistake on the last line of the last input is found before anything was added.
// The first ones stay in memory until there are too many; then all go to an unlinked
// file in TMPDIR (else /tmp), which nobody else can open and no crash leaves behind.
// Not thread-safe.
#ifndef SETLOG_TOOLS_HASH_SPOOL_H_
#define SETLOG_TOOLS_HASH_SPOOL_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/sha256_stream.h"

namespace setlog {

class HashSpool {
 public:
  static constexpr size_t kMemoryHashes = size_t{1} << 20;  // 32 MiB

  explicit HashSpool(size_t memory_hashes);
  ~HashSpool();
  HashSpool(const HashSpool&) = delete;
  HashSpool& operator=(const HashSpool&) = delete;

  // ResourceExhausted, naming TMPDIR, if the disk is full.
  absl::Status Append(const Hash& hash);
  uint64_t size() const { return written_ + buffer_.size(); }

  // The SHA-256 of all hashes, one behind the other. To be called once, after the last
  // Append.
  Hash Finish();

  // Calls back with the hashes from number `begin` on, in order, in pieces; an error of
  // the callback ends it and is returned. May be called again. O(hashes).
  using PieceCallback = std::function<absl::Status(std::span<const Hash>)>;
  absl::Status Read(uint64_t begin, const PieceCallback& callback) const;
  // All of them, in 32 bytes each, with room for so many more.
  absl::StatusOr<std::vector<Hash>> All(uint64_t room) const;

 private:
  absl::Status Spill();

  const size_t memory_hashes_;
  Sha256Stream digest_;
  std::vector<Hash> buffer_;  // the last ones
  int file_ = -1;
  uint64_t written_ = 0;  // hashes in the file
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_HASH_SPOOL_H_
