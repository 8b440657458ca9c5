// client/line_reader.h -- the lines of an input, with bounded memory.
//
//   LineReader lines(*InputFile::Open(name, Decompress::kByContent), 64 << 20);
//   absl::StatusOr<std::optional<Line>> line = lines.Next();  // nullopt: the end
//
// A line ends at LF, or at the end of the input if that is not right behind an LF; the
// LF is no part of it, a CR before it is. Thread-compatible.
#ifndef SETLOG_CLIENT_LINE_READER_H_
#define SETLOG_CLIENT_LINE_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/input_file.h"

namespace setlog {

struct Line {
  std::string_view text;  // valid until the next call
  bool too_long = false;  // then `text` is empty; the next line is the one behind it
};

class LineReader {
 public:
  LineReader(InputFile file, size_t max_line_bytes)
      : file_(std::move(file)), max_line_bytes_(max_line_bytes) {}

  // The errors of InputFile::Read.
  absl::StatusOr<std::optional<Line>> Next();

 private:
  InputFile file_;
  size_t max_line_bytes_;
  std::string_view chunk_;  // not yet given out
  std::string partial_;     // the beginning of a line that spans chunks
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_LINE_READER_H_
