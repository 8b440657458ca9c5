// daemon/listen_address.h -- where a server listens, as its flags say it.
//
//   absl::StatusOr<ListenAddress> address = ParseListenAddress("--http", "[::]:7071");
//   if (!address->local() && !insecure_plaintext) ...   // others can reach it
//
// Thread-safe: pure functions.
#ifndef SETLOG_DAEMON_LISTEN_ADDRESS_H_
#define SETLOG_DAEMON_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace setlog {

struct ListenAddress {
  std::string host;  // without brackets; empty for a unix socket
  uint16_t port = 0;
  std::string unix_path;
  bool local() const;
  std::string Text() const;  // as the flag takes it
};

// InvalidArgument, naming the flag, unless `text` is HOST:PORT, [IPV6]:PORT or
// unix:PATH.
absl::StatusOr<ListenAddress> ParseListenAddress(const char* flag,
                                                 const std::string& text);

}  // namespace setlog

#endif  // SETLOG_DAEMON_LISTEN_ADDRESS_H_
