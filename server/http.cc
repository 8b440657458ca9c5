#include "server/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace setlog {

struct HttpCallbacks {
  static MHD_Result Reply(MHD_Connection* connection, unsigned status,
                          const std::string& body) {
    MHD_Response* response = MHD_create_response_from_buffer(
        body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    const MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
  }

  static MHD_Result Handle(void* self, MHD_Connection* connection, const char* url,
                           const char* method, const char*, const char*,
                           size_t* upload_size, void** state) {
    static char first_call;
    if (*state == nullptr) {  // headers only; answer when the request is whole
      *state = &first_call;
      return MHD_YES;
    }
    if (*upload_size != 0) {
      *upload_size = 0;  // a body has no meaning here
      return MHD_YES;
    }
    if (std::strcmp(method, "GET") != 0 && std::strcmp(method, "HEAD") != 0) {
      return Reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    if (std::strcmp(url, "/healthz") != 0) {
      return Reply(connection, MHD_HTTP_NOT_FOUND, "there is only /healthz here\n");
    }
    const absl::Status health = static_cast<HttpServer*>(self)->health_();
    if (health.ok()) return Reply(connection, MHD_HTTP_OK, "ok\n");
    return Reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                 std::string(health.message()) + "\n");
  }
};

HttpServer::HttpServer(std::function<absl::Status()> health)
    : health_(std::move(health)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const std::string& address, uint16_t port, std::function<absl::Status()> health) {
  auto server = std::unique_ptr<HttpServer>(new HttpServer(std::move(health)));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const std::string host = address == "localhost" ? "127.0.0.1" : address;
  const bool is_v4 = inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--http %s: give an IP address, as in 127.0.0.1:7071", address));
  }
  const sockaddr* bound = is_v4 ? reinterpret_cast<const sockaddr*>(&v4)
                                : reinterpret_cast<const sockaddr*>(&v6);
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD;
  if (!is_v4) flags |= MHD_USE_IPv6;
  server->daemon_ = MHD_start_daemon(
      flags, port, nullptr, nullptr, &HttpCallbacks::Handle, server.get(),
      MHD_OPTION_SOCK_ADDR, bound, MHD_OPTION_CONNECTION_LIMIT, 4096u,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, 0u, MHD_OPTION_CONNECTION_TIMEOUT, 60u,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, size_t{32} << 10, MHD_OPTION_END);
  if (server->daemon_ == nullptr) {
    return absl::UnavailableError(absl::StrFormat("cannot listen on %s:%d for HTTP: %s",
                                                  address, port, std::strerror(errno)));
  }
  server->port_ = port;
  if (const MHD_DaemonInfo* info =
          MHD_get_daemon_info(server->daemon_, MHD_DAEMON_INFO_BIND_PORT)) {
    server->port_ = info->port;
  }
  return server;
}

HttpServer::~HttpServer() {
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace setlog
