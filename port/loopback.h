// port/loopback.h -- which host names can only mean this machine.
//
//   IsLoopback("127.0.0.1");        // true
//   IsLoopback("127.example.org");  // false: a name that somebody else may answer
//
// Server and client ask the same question (may this be plaintext?), so they ask it
// here. Thread-safe: a pure function.
#ifndef SETLOG_PORT_LOOPBACK_H_
#define SETLOG_PORT_LOOPBACK_H_

#include <string_view>

namespace setlog {

// `localhost`, `::1` with or without brackets, and 127.0.0.0/8 in digits.
inline bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "::1" || host == "[::1]") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

}  // namespace setlog

#endif  // SETLOG_PORT_LOOPBACK_H_
