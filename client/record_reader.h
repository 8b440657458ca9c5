// client/record_reader.h -- the records of input files, by the log's scheme.
//
//   RecordReader reader = *RecordReader::Open(scheme, {"train.jsonl.zst"}, {});
//   while (true) {
//     absl::StatusOr<std::optional<Record>> record = reader.Next();
//     if (!record.ok()) return record.status();  // "train.jsonl.zst:70001:12: ..."
//     if (!*record) break;
//     session.Append((*record)->hash);
//   }
//
//   scheme   a FILE is
//   bytes/1  one record, as it is (never decompressed: what sha256sum prints)
//   json/1   JSON lines, one object a line; a blank line is an error
//   text/1   with `text_field`: JSON lines, that string of each; with `text_lines`: one
//            record a line, without its LF (blank lines and CRs are data)
//   row/1    CSV (client/csv_rows.h). With a header row the manifest's columns are
//            found by name, in any order; others are ignored. Without, the cells are
//            the manifest's columns, in its order
// A directory is the files below it (client/file_list.h).
// gzip and zstd are read through, by name or content, except under bytes/1; "-" is
// standard input. Errors begin "FILE:LINE:COLUMN: " (column: bytes from 1), for CSV
// "FILE:ROW: field ..." (row 1 is the file's first). Memory is bounded by one record
// and the buffers; a record over max_record_bytes is refused, except files under
// bytes/1, which are hashed in pieces. Thread-compatible.
#ifndef SETLOG_CLIENT_RECORD_READER_H_
#define SETLOG_CLIENT_RECORD_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/scheme.h"

namespace setlog {

struct RecordReaderOptions {
  std::string text_field;   // text/1 needs either this
  bool text_lines = false;  // or this
  bool csv_header = true;
  // Passes over records that are refused, and keeps count and the first messages. What
  // makes the rest of a file unreadable (I/O, compression, CSV quoting) stays an error.
  bool skip_bad = false;
  size_t max_record_bytes = size_t{64} << 20;
  // bytes/1: as much of a file is kept in Record::canonical.
  size_t max_kept_bytes = size_t{1} << 20;
};

struct Record {
  std::string_view source;  // the file; valid until the next call of the reader
  uint64_t number = 0;      // its line or row, from 1; 0: the whole file
  std::string canonical;
  uint64_t canonical_bytes = 0;  // more than canonical.size(): only its beginning
  Hash hash;                     // the record hash
};

class RecordReader {
 public:
  // InvalidArgument for options that the scheme needs or excludes, and FileList's
  // errors.
  static absl::StatusOr<RecordReader> Open(RecordScheme scheme,
                                           std::vector<std::string> files,
                                           RecordReaderOptions options);

  RecordReader(RecordReader&&) noexcept;
  RecordReader& operator=(RecordReader&&) noexcept;
  ~RecordReader();

  // The next record; nullopt at the end. After an error always the same error.
  absl::StatusOr<std::optional<Record>> Next();

  // Records passed over (skip_bad), and what was wrong with the first ten.
  uint64_t skipped() const;
  const std::vector<std::string>& skipped_messages() const;

 private:
  struct State;
  explicit RecordReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_RECORD_READER_H_
