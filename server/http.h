// server/http.h -- the HTTP side: fixed paths, each answered by a function.
//
//   HttpServer::Start("127.0.0.1", 7071, {{"/healthz", [&] { return Health(); }}});
//
// libmicrohttpd with one epoll thread: idle connections cost a descriptor, no thread.
// Answers are made on that thread, one after the other, and so must be quick. GET and
// HEAD only (405 otherwise); 404 for every other path.
//
// Limits: a connection without traffic is closed after 30 s; requests of over 32 KiB of
// headers are refused; at most MaxHttpConnections() at a time, further ones wait until
// one ends. None for each address, because behind a proxy all come from one.
#ifndef SETLOG_SERVER_HTTP_H_
#define SETLOG_SERVER_HTTP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

struct MHD_Daemon;

namespace setlog {

struct HttpReply {
  unsigned status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

class HttpServer {
 public:
  using Paths = std::map<std::string, std::function<HttpReply()>, std::less<>>;

  // Listens on `address` (an IP address or localhost) and `port`, 0 = any free one.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                           uint16_t port, Paths paths);
  ~HttpServer();

  uint16_t port() const { return port_; }

 private:
  explicit HttpServer(Paths paths);

  friend struct HttpCallbacks;
  const Paths paths_;
  MHD_Daemon* daemon_ = nullptr;
  uint16_t port_ = 0;
};

// A quarter of the descriptors that this process may have, so that gRPC, which does not
// survive running out of them, keeps enough; at most 4,096.
unsigned MaxHttpConnections();

// OK is 200 "ok"; anything else 503 with the message.
HttpReply HealthReply(const absl::Status& health);

}  // namespace setlog

#endif  // SETLOG_SERVER_HTTP_H_
