// server/http.h -- the HTTP side: so far /healthz.
//
// libmicrohttpd with one epoll thread: idle connections cost a descriptor, no thread.
#ifndef SETLOG_SERVER_HTTP_H_
#define SETLOG_SERVER_HTTP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

struct MHD_Daemon;

namespace setlog {

class HttpServer {
 public:
  // Listens on `address` (an IP address or localhost) and `port`, 0 = any free one.
  // `health` is asked by each GET /healthz: 200 "ok", or 503 with its message.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const std::string& address, uint16_t port, std::function<absl::Status()> health);
  ~HttpServer();

  uint16_t port() const { return port_; }

 private:
  explicit HttpServer(std::function<absl::Status()> health);

  friend struct HttpCallbacks;
  const std::function<absl::Status()> health_;
  MHD_Daemon* daemon_ = nullptr;
  uint16_t port_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_HTTP_H_
