// tools/show_bytes.h -- record bytes for people, safe on a terminal.
//
//   ShowBytes("{\"a\":1}\r\n", 80, true);   // {"a":1}\r\n
//   ShowBytes(png, 8, false);               // \x89PNG\r\n\x1a\n...
//
// Printable ASCII and well-formed UTF-8 as they are; control characters and everything
// else escaped, so that no record can steer a terminal. Thread-safe: a pure function.
#ifndef SETLOG_TOOLS_SHOW_BYTES_H_
#define SETLOG_TOOLS_SHOW_BYTES_H_

#include <string>
#include <string_view>

namespace setlog {

// At most the first `max_bytes`, with "..." behind if that, or `complete`, says that
// there are more.
std::string ShowBytes(std::string_view bytes, size_t max_bytes, bool complete);

}  // namespace setlog

#endif  // SETLOG_TOOLS_SHOW_BYTES_H_
