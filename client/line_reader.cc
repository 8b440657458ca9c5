#include "client/line_reader.h"

namespace setlog {

absl::StatusOr<std::optional<Line>> LineReader::Next() {
  partial_.clear();
  bool begun = false, too_long = false;
  while (true) {
    if (chunk_.empty()) {
      absl::StatusOr<std::string_view> read = file_.Read();
      if (!read.ok()) return read.status();
      if (read->empty()) {
        if (!begun) return std::nullopt;
        return Line{partial_, too_long};
      }
      chunk_ = *read;
    }
    const size_t newline = chunk_.find('\n');
    const std::string_view piece = chunk_.substr(0, newline);
    too_long = too_long || piece.size() > max_line_bytes_ - partial_.size();
    if (newline != chunk_.npos) {
      chunk_.remove_prefix(newline + 1);
      if (!begun && !too_long) return Line{piece};  // the usual case: no copy
      if (too_long) return Line{"", true};
      partial_.append(piece);
      return Line{partial_};
    }
    chunk_ = {};
    begun = true;
    if (too_long) {
      partial_.clear();
    } else {
      partial_.append(piece);
    }
  }
}

}  // namespace setlog
