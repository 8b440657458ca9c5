// http/http_server.h -- the HTTP side: requests come in, somebody else knows the
// answers.
//
//   auto server = HttpServer::Start("127.0.0.1", 7071,
//       {.fixed = {{"/healthz", [&] { return HealthReply(Health()); }}},
//        .pages = [&](const HttpRequest& request) { return pages.Answer(request); }});
//
// libmicrohttpd with a few epoll threads: idle connections cost a descriptor, no
// thread. Answers are made on those threads and so must be quick; what may take long
// comes as a LateReply, which has threads and a short queue of its own while its
// connection sleeps. GET, HEAD and OPTIONS, but for the paths in `posts`, which take
// POST and OPTIONS (405 otherwise).
//
// Limits: a connection without traffic is closed after 30 s, and one whose request or
// reader drips after the times in Options; requests of over 32 KiB of headers are
// refused; bodies that are too long are 413; at most MaxHttpConnections() at a time,
// further ones wait until one ends. None for each address, because behind a proxy all
// come from one.
#ifndef SETLOG_HTTP_HTTP_SERVER_H_
#define SETLOG_HTTP_HTTP_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "http/connection_deadlines.h"

struct MHD_Daemon;

namespace setlog {

struct HttpRequest {
  std::string path;   // as it was sent: nothing is decoded
  std::string query;  // what follows the '?', likewise
  std::optional<std::string> authorization;
  std::string body;  // of a POST
};

struct HttpReply {
  unsigned status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::string cache_control = "no-store";
  std::string vary;             // names of request headers, besides Accept-Encoding
  bool compressible = false;    // worth gzip, for those who accept it
  bool shared = false;          // pages of other origins may read it (CORS)
  const char* route = "other";  // for metrics: one of a few
  unsigned retry_after_s = 1;   // said with 429 and 503
};

// An answer that takes long; called once.
using LateReply = std::function<HttpReply()>;
using HttpAnswer = std::variant<HttpReply, LateReply>;

class HttpServer {
 public:
  // A path that is posted to.
  struct Post {
    size_t max_body_bytes;
    std::function<HttpAnswer(const HttpRequest&)> answer;  // called as `pages` is
  };
  struct Options {
    std::map<std::string, std::function<HttpReply()>, std::less<>> fixed;
    std::map<std::string, Post, std::less<>> posts;
    // For all other paths; called on any thread, several at a time.
    std::function<HttpAnswer(const HttpRequest&)> pages;
    // After each answer, with how long it took to make. Those that libmicrohttpd gives
    // itself (to what is no HTTP) are not among them.
    std::function<void(const HttpRequest&, const HttpReply&, double seconds)> answered =
        [](const HttpRequest&, const HttpReply&, double) {};
    // In which the headers must be whole, counted from the connection's beginning or
    // the answer before, so longer than a connection may be idle; then the body. The
    // answer must be taken in answer_time, and what its bytes take at the rate: less
    // than any line has that is worth serving.
    std::chrono::milliseconds header_time{60000};
    std::chrono::milliseconds body_time{30000};
    std::chrono::milliseconds answer_time{60000};
    size_t answer_bytes_per_second = size_t{16} << 10;
    unsigned late_threads = 2;
    uint64_t waiting = 64;  // late replies that may wait for a thread
  };

  // Listens on `address` (an IP address or localhost) and `port`, 0 = any free one.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                           uint16_t port,
                                                           Options options);
  // Late replies that run are waited for; those that wait become 503.
  ~HttpServer();

  uint16_t port() const { return port_; }

 private:
  struct Exchange;
  struct Callbacks;
  struct LateReplies;
  explicit HttpServer(Options options);

  const Options options_;
  std::unique_ptr<ConnectionDeadlines> deadlines_;
  std::unique_ptr<LateReplies> late_;
  MHD_Daemon* daemon_ = nullptr;
  uint16_t port_ = 0;
};

// A quarter of the descriptors that this process may have, so that gRPC, which does not
// survive running out of them, keeps enough; at most 4,096.
unsigned MaxHttpConnections();

// OK is 200 "ok"; anything else 503 with the message.
HttpReply HealthReply(const absl::Status& health);

}  // namespace setlog

#endif  // SETLOG_HTTP_HTTP_SERVER_H_
