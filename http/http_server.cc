#include "http/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "http/gzip.h"
#include "http/work_queue.h"
#include "port/mutex.h"

namespace setlog {
namespace {

constexpr unsigned kIdleSeconds = 30;
constexpr rlim_t kMinConnections = 64;
constexpr rlim_t kMaxConnections = 4096;
constexpr size_t kMaxHeaderBytes = size_t{32} << 10;
constexpr unsigned kMinThreads = 2;
constexpr unsigned kMaxThreads = 8;
constexpr std::chrono::milliseconds kMaxLookEvery(1000);
// Below that gzip's frame and the time cost more than the bytes.
constexpr size_t kMinPackedBytes = 512;
constexpr char kMethods[] = "GET, HEAD, OPTIONS";
constexpr char kPostMethods[] = "POST, OPTIONS";

using Clock = std::chrono::steady_clock;

HttpReply Unavailable(std::string_view why) {
  return {MHD_HTTP_SERVICE_UNAVAILABLE,
          absl::StrFormat("%s: try again in a second\n", why)};
}

// A request target (RFC 9112, section 3.2): as proxies may send it, with the host too.
HttpRequest ParseTarget(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(std::min(target.find('/', scheme.size()), target.size()));
  }
  const size_t end = std::min(target.find('?'), target.size());
  return {.path = std::string(target.substr(0, end)),
          .query = std::string(target.substr(std::min(end + 1, target.size())))};
}

}  // namespace

// One request on its way. Made when its first line is there, deleted when its answer
// is sent or its connection lost.
struct HttpServer::Exchange {
  HttpRequest request;
  const Post* post = nullptr;  // if its path is one
  bool too_long = false;       // its body
  std::optional<Clock::time_point> begun;
  std::optional<HttpReply> late;  // set before its connection is woken
};

// The queue goes before libmicrohttpd stops, which must not be with connections that
// sleep: whoever is in it is woken by that.
struct HttpServer::LateReplies {
  LateReplies(unsigned threads, uint64_t waiting)
      : queue(std::make_unique<WorkQueue>(threads, waiting)) {}
  bool open() {
    MutexLock lock(mutex);
    return queue != nullptr;
  }
  Mutex mutex;
  std::unique_ptr<WorkQueue> queue ABSL_GUARDED_BY(mutex);
};

struct HttpServer::Callbacks {
  static void Connect(void* self, MHD_Connection* connection, void** state,
                      MHD_ConnectionNotificationCode code) {
    const auto* const server = static_cast<HttpServer*>(self);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
      const int fd =
          MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
              ->connect_fd;
      *state = server->deadlines_->Add(fd, server->options_.header_time);
    } else {  // its socket is closed after this
      server->deadlines_->Remove(static_cast<ConnectionDeadlines::Connection*>(*state));
    }
  }
  static ConnectionDeadlines::Connection& DeadlineOf(MHD_Connection* connection) {
    return *static_cast<ConnectionDeadlines::Connection*>(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            ->socket_context);
  }

  static void* Begin(void*, const char* uri, MHD_Connection*) {
    return new Exchange{.request = ParseTarget(uri)};
  }
  static void End(void* self, MHD_Connection* connection, void** state,
                  MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*state);
    *state = nullptr;
    DeadlineOf(connection).EndIn(static_cast<HttpServer*>(self)->options_.header_time);
  }

  static MHD_Result Send(MHD_Connection* connection, const Exchange& exchange,
                         HttpReply reply) {
    const char* const methods = exchange.post == nullptr ? kMethods : kPostMethods;
    const auto header = [&](const char* name) -> std::string_view {
      const char* value =
          MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
      return value == nullptr ? "" : value;
    };
    bool packed = false;
    if (reply.compressible) {
      reply.vary += reply.vary.empty() ? "Accept-Encoding" : ", Accept-Encoding";
      if (reply.body.size() >= kMinPackedBytes &&
          AcceptsGzip(header("Accept-Encoding"))) {
        reply.body = Gzip(reply.body);
        packed = true;
      }
    }
    MHD_Response* response = MHD_create_response_from_buffer(
        reply.body.size(), reply.body.data(), MHD_RESPMEM_MUST_COPY);
    const auto add = [&](const char* name, const char* value) {
      MHD_add_response_header(response, name, value);
    };
    if (reply.status != MHD_HTTP_NO_CONTENT) {
      add("Content-Type", reply.content_type.c_str());
      add("X-Content-Type-Options", "nosniff");
    }
    add("Cache-Control", reply.cache_control.c_str());
    if (packed) add("Content-Encoding", "gzip");
    if (!reply.vary.empty()) add("Vary", reply.vary.c_str());
    if (reply.shared) add("Access-Control-Allow-Origin", "*");
    switch (reply.status) {
      case MHD_HTTP_NO_CONTENT:  // to OPTIONS
        add("Access-Control-Allow-Methods", methods);
        add("Access-Control-Allow-Headers", "Authorization");
        add("Access-Control-Max-Age", "86400");
        [[fallthrough]];
      case MHD_HTTP_METHOD_NOT_ALLOWED:
        add("Allow", methods);
        break;
      case MHD_HTTP_UNAUTHORIZED:
        add("WWW-Authenticate", "Bearer");
        break;
      case MHD_HTTP_TOO_MANY_REQUESTS:
      case MHD_HTTP_SERVICE_UNAVAILABLE:
        add("Retry-After", std::to_string(reply.retry_after_s).c_str());
        break;
      default:
        break;
    }
    const MHD_Result queued = MHD_queue_response(connection, reply.status, response);
    MHD_destroy_response(response);
    return queued;
  }

  static HttpReply TooLong(const Exchange& exchange) {
    return {MHD_HTTP_CONTENT_TOO_LARGE,
            absl::StrFormat("a body has at most %d bytes here\n",
                            exchange.post->max_body_bytes)};
  }

  static HttpAnswer Answer(const HttpServer& server, MHD_Connection* connection,
                           Exchange* exchange, std::string_view method) {
    HttpRequest& request = exchange->request;
    if (method == "OPTIONS") {
      return HttpReply{.status = MHD_HTTP_NO_CONTENT, .shared = true};
    }
    if (exchange->post != nullptr) {
      if (method != "POST") {
        return HttpReply{MHD_HTTP_METHOD_NOT_ALLOWED, "only POST and OPTIONS\n"};
      }
      if (exchange->too_long) return TooLong(*exchange);
      return exchange->post->answer(request);
    }
    if (method != "GET" && method != "HEAD") {
      return HttpReply{MHD_HTTP_METHOD_NOT_ALLOWED, "only GET, HEAD and OPTIONS\n"};
    }
    const auto fixed = server.options_.fixed.find(request.path);
    if (fixed != server.options_.fixed.end()) return fixed->second();
    if (const char* value =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization")) {
      request.authorization = value;
    }
    return server.options_.pages(request);
  }

  // Answers on another thread, or says that too many wait already.
  static void AnswerLate(HttpServer* server, MHD_Connection* connection,
                         Exchange* exchange, LateReply reply) {
    DeadlineOf(connection).Forever();
    MHD_suspend_connection(connection);
    LateReplies* const late = server->late_.get();
    const auto wake = [connection, exchange](HttpReply ready) {
      exchange->late = std::move(ready);
      MHD_resume_connection(connection);
    };
    MutexLock lock(late->mutex);
    const bool taken =
        late->queue != nullptr &&
        late->queue->TryRun([late, wake, reply = std::move(reply)] {
          wake(late->open() ? reply() : Unavailable("the server is stopping"));
        });
    if (!taken) wake(Unavailable("too many of these wait already"));
  }

  static MHD_Result Handle(void* self, MHD_Connection* connection, const char*,
                           const char* method, const char*, const char* upload,
                           size_t* upload_size, void** state) {
    auto* const server = static_cast<HttpServer*>(self);
    auto* const exchange = static_cast<Exchange*>(*state);
    if (!exchange->begun) {  // headers only; answer when the request is whole
      exchange->begun = Clock::now();
      DeadlineOf(connection).EndIn(server->options_.body_time);
      const auto post = server->options_.posts.find(exchange->request.path);
      if (post == server->options_.posts.end()) return MHD_YES;
      exchange->post = &post->second;
      if (!AnnouncesTooMuch(connection, post->second)) return MHD_YES;
      // None of it is read.
      return Finish(server, connection, exchange, TooLong(*exchange));
    }
    if (*upload_size != 0) {
      const bool goes_on = TakeBody(exchange, method, {upload, *upload_size});
      *upload_size = 0;
      return goes_on ? MHD_YES : MHD_NO;
    }
    HttpReply reply;
    if (exchange->late) {
      reply = *std::move(exchange->late);
    } else {
      HttpAnswer answer = Answer(*server, connection, exchange, method);
      if (auto* late = std::get_if<LateReply>(&answer)) {
        AnswerLate(server, connection, exchange, std::move(*late));
        return MHD_YES;
      }
      reply = std::get<HttpReply>(std::move(answer));
    }
    return Finish(server, connection, exchange, std::move(reply));
  }

  static bool AnnouncesTooMuch(MHD_Connection* connection, const Post& post) {
    const char* length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    // libmicrohttpd has refused what is no number.
    return length != nullptr &&
           std::strtoull(length, nullptr, 10) > post.max_body_bytes;
  }

  // The next bytes of the body; false if the connection is to be closed: for one
  // without a length that goes on although it is too long.
  static bool TakeBody(Exchange* exchange, std::string_view method,
                       std::string_view bytes) {
    if (exchange->post == nullptr || method != "POST") return true;  // no meaning here
    std::string& body = exchange->request.body;
    if (exchange->too_long) return false;
    exchange->too_long = body.size() + bytes.size() > exchange->post->max_body_bytes;
    if (!exchange->too_long) body.append(bytes);
    return true;
  }

  static MHD_Result Finish(HttpServer* server, MHD_Connection* connection,
                           Exchange* exchange, HttpReply reply) {
    const std::chrono::duration<double> taken = Clock::now() - *exchange->begun;
    server->options_.answered(exchange->request, reply, taken.count());
    DeadlineOf(connection)
        .EndIn(server->options_.answer_time +
               std::chrono::seconds(reply.body.size() /
                                    server->options_.answer_bytes_per_second));
    return Send(connection, *exchange, std::move(reply));
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

HttpServer::HttpServer(Options options)
    : options_(std::move(options)),
      deadlines_(std::make_unique<ConnectionDeadlines>(
          std::min({kMaxLookEvery, options_.header_time / 8, options_.body_time / 8,
                    options_.answer_time / 8}))),
      late_(std::make_unique<LateReplies>(options_.late_threads, options_.waiting)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const std::string& address, uint16_t port, Options options) {
  auto server = std::unique_ptr<HttpServer>(new HttpServer(std::move(options)));
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
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
  if (!is_v4) flags |= MHD_USE_IPv6;
  server->daemon_ = MHD_start_daemon(
      flags, port, nullptr, nullptr, &Callbacks::Handle, server.get(),
      MHD_OPTION_URI_LOG_CALLBACK, &Callbacks::Begin, nullptr,
      MHD_OPTION_NOTIFY_COMPLETED, &Callbacks::End, server.get(),
      MHD_OPTION_NOTIFY_CONNECTION, &Callbacks::Connect, server.get(),
      MHD_OPTION_THREAD_POOL_SIZE,
      std::clamp(std::thread::hardware_concurrency(), kMinThreads, kMaxThreads),
      MHD_OPTION_SOCK_ADDR, bound, MHD_OPTION_CONNECTION_LIMIT, MaxHttpConnections(),
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, 0u, MHD_OPTION_CONNECTION_TIMEOUT,
      kIdleSeconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxHeaderBytes,
      MHD_OPTION_END);
  if (server->daemon_ == nullptr) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "cannot listen on %s:%d for HTTP: %s", address, port, std::strerror(errno)));
  }
  server->port_ = port;
  if (const MHD_DaemonInfo* info =
          MHD_get_daemon_info(server->daemon_, MHD_DAEMON_INFO_BIND_PORT)) {
    server->port_ = info->port;
  }
  return server;
}

HttpServer::~HttpServer() {
  std::unique_ptr<WorkQueue> queue;
  {
    MutexLock lock(late_->mutex);
    queue = std::move(late_->queue);
  }
  queue.reset();
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace setlog
