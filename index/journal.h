// index/journal.h -- what the batches changed in one partition since its run was made.
//
//   auto journal = JournalWriter::Create(path, identity, partition);
//   absl::Status written = journal->Append({m0, m1, depth}, rows, hashes);
//   auto end = ReadJournal(path, identity, partition,
//                          [&](const JournalRecord& record) { return ...; });
//   auto again = JournalWriter::Continue(path, end->good_bytes);  // cuts what is
//   beyond
//
//   tag 32 | u64 checksum, then records:
//   u32 length of what follows | u64 checksum of what follows, at this offset |
//   u64 m0 | u64 m1 | u8 depth | u32 rows | u32 hashes |
//   rows: key 32, word 5 | hashes: u32 bucket within the partition, hash 32
//
// Written without a sync: a killed process loses nothing, a power cut loses the tail.
// Reading stops at the first record that is not whole and good.
#ifndef SETLOG_INDEX_JOURNAL_H_
#define SETLOG_INDEX_JOURNAL_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/event_row.h"
#include "index/file_tag.h"
#include "index/output_file.h"
#include "index/top_file.h"
#include "log/bytes.h"

namespace setlog {

struct JournalFrame {
  uint64_t m0 = 0;  // the batch leads from the set at m0
  uint64_t m1 = 0;  // to the set at m1 > m0
  uint8_t depth = 0;
  friend bool operator==(const JournalFrame&, const JournalFrame&) = default;
};

// The new hash of a bucket of the partition: of the 2^(depth - partition bits) that the
// partition has, number `bucket`.
struct BucketHash {
  uint32_t bucket = 0;
  Hash hash;
  friend bool operator==(const BucketHash&, const BucketHash&) = default;
};

// As stored; alignment 1, read in place.
struct PackedBucketHash {
  std::array<uint8_t, 4> bucket_bytes;
  Hash hash;

  uint32_t bucket() const {
    uint32_t value;
    std::memcpy(&value, bucket_bytes.data(), 4);
    return __builtin_bswap32(value);
  }
};
static_assert(sizeof(PackedBucketHash) == 36 && alignof(PackedBucketHash) == 1);

// Points into the file, for as long as it is being visited. In order and in range:
// rows by (key, word), of this partition, with positions in [m0, m1); hashes by bucket,
// each once; m0 at least the record before's m1.
struct JournalRecord {
  JournalFrame frame;
  std::span<const PackedRow> rows;
  std::span<const PackedBucketHash> hashes;
  uint64_t end = 0;  // of the record, in the file: where to cut behind it
};

// Not thread-safe.
class JournalWriter {
 public:
  // AlreadyExists if there is such a file.
  static absl::StatusOr<JournalWriter> Create(const std::string& path,
                                              const IndexIdentity& identity,
                                              unsigned partition);
  // To go on after `size` bytes that ReadJournal found good; cuts the file there.
  static absl::StatusOr<JournalWriter> Continue(const std::string& path, uint64_t size);

  // One record, with one write(). The order and ranges of JournalRecord are the
  // caller's to keep: reading refuses anything else. After an error (disk full,
  // Unavailable) the file ends where it did before, or no Append succeeds any more.
  absl::Status Append(const JournalFrame& frame, std::span<const EventRow> rows,
                      std::span<const BucketHash> hashes);
  // Closes the descriptor until the next Append: for logs that are seldom written.
  void Rest() { file_.Rest(); }
  // On the disk, against power cuts. Not needed for anything; for a clean stop.
  absl::Status Sync() { return file_.Sync(); }

  const std::string& path() const { return file_.path(); }
  uint64_t file_bytes() const { return file_.size(); }

 private:
  explicit JournalWriter(OutputFile file) : file_(std::move(file)) {}

  OutputFile file_;
};

struct JournalEnd {
  uint64_t good_bytes = 0;  // up to the end of the last good record
  uint64_t file_bytes = 0;
  uint64_t m = 0;  // m1 of the last good record; 0 if there is none
  // OK if all of the file is good; otherwise DataLoss, what is wrong at good_bytes.
  absl::Status beyond;
};

// Calls visit for each record up to the first that is not good. Its error ends the walk
// and is returned. NotFound; DataLoss if not even the header is good or it is of
// another index or partition; Unavailable.
absl::StatusOr<JournalEnd> ReadJournal(
    const std::string& path, const IndexIdentity& identity, unsigned partition,
    absl::FunctionRef<absl::Status(const JournalRecord&)> visit);

}  // namespace setlog

#endif  // SETLOG_INDEX_JOURNAL_H_
