#include "server/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr unsigned kIdleSeconds = 30;
constexpr rlim_t kMinConnections = 64;
constexpr rlim_t kMaxConnections = 4096;

}  // namespace

struct HttpCallbacks {
  static MHD_Result Send(MHD_Connection* connection, const HttpReply& reply) {
    MHD_Response* response = MHD_create_response_from_buffer(
        reply.body.size(), const_cast<char*>(reply.body.data()), MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", reply.content_type.c_str());
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (reply.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
      MHD_add_response_header(response, "Allow", "GET, HEAD");
    }
    const MHD_Result queued = MHD_queue_response(connection, reply.status, response);
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
      return Send(connection, {MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n"});
    }
    const HttpServer::Paths& paths = static_cast<HttpServer*>(self)->paths_;
    const auto found = paths.find(url);
    if (found != paths.end()) return Send(connection, found->second());
    std::string known;
    for (const auto& [path, answer] : paths) known += " " + path;
    return Send(connection, {MHD_HTTP_NOT_FOUND, "there is only" + known + " here\n"});
  }
};

unsigned MaxHttpConnections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMinConnections;
  return static_cast<unsigned>(
      std::clamp<rlim_t>(limit.rlim_cur / 4, kMinConnections, kMaxConnections));
}

HttpReply HealthReply(const absl::Status& health) {
  if (health.ok()) return {MHD_HTTP_OK, "ok\n"};
  return {MHD_HTTP_SERVICE_UNAVAILABLE, std::string(health.message()) + "\n"};
}

HttpServer::HttpServer(Paths paths) : paths_(std::move(paths)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const std::string& address, uint16_t port, Paths paths) {
  auto server = std::unique_ptr<HttpServer>(new HttpServer(std::move(paths)));
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
      MHD_OPTION_SOCK_ADDR, bound, MHD_OPTION_CONNECTION_LIMIT, MaxHttpConnections(),
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, 0u, MHD_OPTION_CONNECTION_TIMEOUT,
      kIdleSeconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, size_t{32} << 10,
      MHD_OPTION_END);
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
