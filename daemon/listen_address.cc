#include "daemon/listen_address.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "port/loopback.h"

namespace setlog {

bool ListenAddress::local() const { return host.empty() || IsLoopback(host); }

std::string ListenAddress::Text() const {
  if (host.empty()) return "unix:" + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return absl::StrFormat(v6 ? "[%s]:%d" : "%s:%d", host, port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(const char* flag,
                                                 const std::string& text) {
  ListenAddress address;
  if (text.starts_with("unix:") && text.size() > 5) {
    address.unix_path = text.substr(5);
    return address;
  }
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s %s: expected HOST:PORT, as in 127.0.0.1:7070", flag, text));
  }
  address.host = text.substr(0, colon);
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  address.port = static_cast<uint16_t>(port);
  return address;
}

}  // namespace setlog
