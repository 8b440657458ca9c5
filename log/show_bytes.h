// log/show_bytes.h -- bytes of others for people, safe on a terminal.
//
//   ShowBytes("{\"a\":1}\r\n", 80, true);   // {"a":1}\r\n
//   ShowBytes(png, 8, false);               // \x89PNG\r\n\x1a\n...
//   ShowForeign(status.error_message());    // what a server says of itself
//
// Printable ASCII and well-formed UTF-8 as they are; control characters (below 0x20,
// 0x7F, U+0080 to U+009F) and all other bytes escaped: the result is one line, and
// steers no terminal. Shown again, it stays as it is. Thread-safe: pure functions.
#ifndef SETLOG_LOG_SHOW_BYTES_H_
#define SETLOG_LOG_SHOW_BYTES_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace setlog {

// Of a text that a server, a witness or a file host sent; whole messages are shorter.
inline constexpr size_t kMaxForeignBytes = 512;

// At most the first `max_bytes`, with "..." behind if that, or `complete`, says that
// there are more. O(max_bytes).
std::string ShowBytes(std::string_view bytes, size_t max_bytes, bool complete);

// Each text of a stranger goes through this where it enters.
std::string ShowForeign(std::string_view text);

// All of it: for a line that is about to be printed.
std::string ShowLine(std::string_view text);

}  // namespace setlog

#endif  // SETLOG_LOG_SHOW_BYTES_H_
