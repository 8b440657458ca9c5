// index/commit_journal.h -- which batches are whole in all the partitions' journals.
//
//   auto read = ReadCommits(path, identity);
//   auto commits = CommitJournal::Start(path, identity, those_that_count);
//   absl::Status written = commits->Append({m0, m1, n, root, touched});
//
//   tag 32 | u64 checksum, then records of 72 bytes:
//   u64 m0 | u64 m1 | u64 n | set root 32 | u64 partitions touched, bit p for partition
//   p | u64 checksum, at this offset
//
// Written, without a sync, after the batch's records in the partitions' journals. Each
// record's m0 is the m1 of the one before. Not thread-safe.
#ifndef SETLOG_INDEX_COMMIT_JOURNAL_H_
#define SETLOG_INDEX_COMMIT_JOURNAL_H_

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/file_tag.h"
#include "index/output_file.h"
#include "log/bytes.h"

namespace setlog {

struct IndexCommit {
  uint64_t m0 = 0;
  uint64_t m1 = 0;
  uint64_t n = 0;        // members at m1
  Hash root;             // the set root at m1
  uint64_t touched = 0;  // bit p: partition p has a record of this batch
  friend bool operator==(const IndexCommit&, const IndexCommit&) = default;
};

struct CommitsRead {
  std::vector<IndexCommit> commits;
  uint64_t good_bytes = 0;
  uint64_t file_bytes = 0;
  absl::Status beyond;  // OK, or DataLoss: what is wrong at good_bytes
};

// Changes nothing. NotFound; DataLoss if not even the header is good or it is of
// another index; Unavailable.
absl::StatusOr<CommitsRead> ReadCommits(const std::string& path,
                                        const IndexIdentity& identity);

class CommitJournal {
 public:
  // Replaces the file by one with just these commits, durably, and goes on after them.
  // That is how a journal is made, cut after a crash (to the commits that the
  // partitions' journals have) and kept short. Costs two syncs and 72 bytes a commit.
  static absl::StatusOr<CommitJournal> Start(const std::string& path,
                                             const IndexIdentity& identity,
                                             std::span<const IndexCommit> commits);

  // FailedPrecondition unless commit.m0 is the last one's m1 (if there is one) and
  // m1 > m0. After a failed write the file ends where it did before, or no Append
  // succeeds any more.
  absl::Status Append(const IndexCommit& commit);
  // Closes the descriptor until the next Append.
  void Rest() { file_.Rest(); }
  uint64_t file_bytes() const { return file_.size(); }

 private:
  CommitJournal(OutputFile file, uint64_t m, bool empty)
      : file_(std::move(file)), m_(m), empty_(empty) {}

  OutputFile file_;
  uint64_t m_;  // of the last commit
  bool empty_;
};

}  // namespace setlog

#endif  // SETLOG_INDEX_COMMIT_JOURNAL_H_
