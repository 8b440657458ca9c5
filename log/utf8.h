// log/utf8.h -- is this text well-formed UTF-8?
//
//   std::optional<size_t> bad = FirstIllFormedUtf8(text);
//   if (bad) return absl::InvalidArgumentError(...);  // at byte *bad
//
// Well-formed as in The Unicode Standard, table 3-7: no overlong forms, no surrogates,
// nothing above U+10FFFF. Unassigned code points and noncharacters are well-formed.
// Pure functions; thread-safe.
#ifndef SETLOG_LOG_UTF8_H_
#define SETLOG_LOG_UTF8_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace setlog {

// The offset of the first byte that does not begin a well-formed character; nothing if
// there is none. O(size).
std::optional<size_t> FirstIllFormedUtf8(std::string_view text);

}  // namespace setlog

#endif  // SETLOG_LOG_UTF8_H_
