// index/run_writer.h -- makes a run file (run_file.h), front to back.
//
//   auto writer = RunWriter::Create(path, identity, partition, m);
//   for (const EventRow& row : rows) status = writer->Add(row.key, row.word);
//   absl::Status durable = writer->Finish();   // on the disk if OK
//
// Writes a megabyte at a time and starts the disk early, so that Finish has little to
// wait for. An unfinished file is removed with its writer. Not thread-safe.
#ifndef SETLOG_INDEX_RUN_WRITER_H_
#define SETLOG_INDEX_RUN_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/event_row.h"
#include "index/file_tag.h"
#include "index/output_file.h"
#include "index/run_page.h"

namespace setlog {

class RunWriter {
 public:
  // AlreadyExists if there is such a file: a name is never used twice, for readers may
  // still have the old file mapped. Otherwise as storage/durable_file.h says.
  static absl::StatusOr<RunWriter> Create(const std::string& path,
                                          const IndexIdentity& identity,
                                          unsigned partition, uint64_t m);

  // Rows in order of (key, word), none twice, of this partition, with positions below
  // m: InvalidArgument otherwise. After any error the file is lost.
  absl::Status Add(const Hash& key, uint64_t word);
  // The first `count` of `rows`, whose order among themselves and partition were
  // checked when their page was read. Otherwise as Add, at the cost of copying them.
  absl::Status AddFirst(const RunRows& rows, size_t count);
  // Lets the disk begin with what was written so far, without waiting: for callers that
  // have other things to do before Finish.
  void StartWriting() { file_.StartWriting(); }
  // The frame of the file, then a sync of its content. Its name is durable once the
  // directory is synced too, which replacing the manifest does.
  absl::Status Finish();

  uint64_t rows() const { return rows_; }
  // Of what was written so far; after Finish, of the file.
  uint64_t file_bytes() const { return file_.size(); }

 private:
  RunWriter(OutputFile file, const IndexIdentity& identity, unsigned partition,
            uint64_t m);
  // Whether this may be the next row.
  bool Follows(const Hash& key, uint64_t word) const;
  absl::Status Refused(const Hash& key, uint64_t word) const;
  absl::Status FinishPage();
  absl::Status Flush();

  OutputFile file_;
  IndexIdentity identity_;
  unsigned partition_;
  uint64_t m_;
  std::string buffer_;   // kBufferPages pages, the last of them being filled
  size_t buffered_ = 0;  // pages in it that are full
  unsigned slot_ = 0;    // rows in the page being filled
  uint64_t rows_ = 0;
  Hash last_key_;
  uint64_t last_word_ = 0;
  std::vector<uint64_t> fence_;
};

}  // namespace setlog

#endif  // SETLOG_INDEX_RUN_WRITER_H_
