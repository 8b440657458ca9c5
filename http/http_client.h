// http/http_client.h -- HTTP calls, many at a time on one thread.
//
//   absl::StatusOr<std::unique_ptr<HttpClient>> client = HttpClient::Make({});
//   (*client)->Send(7, {.url = *JoinUrl("https://w.example", "add-checkpoint"),
//                       .post = body});
//   for (auto& [id, response] : (*client)->Wait(wait_for)) ...
//
// Whatever a server does, a call ends: after `timeout` as a whole, and when its answer
// gets longer than `max_answer`. Certificates are verified, redirects are not followed,
// connections are kept. libcurl's multi interface; the environment's proxy variables
// count as everywhere. Send, Wait and the destructor are for one thread; Wake is for
// any.
#ifndef SETLOG_HTTP_HTTP_CLIENT_H_
#define SETLOG_HTTP_HTTP_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace setlog {

struct HttpResponse {
  enum class Outcome { kAnswered, kUnreachable, kTimedOut, kTooLong, kNotSent };
  Outcome outcome = Outcome::kAnswered;
  long status = 0;  // HTTP's; the rest is empty unless it was answered
  std::string content_type;
  std::string body;
  std::optional<uint64_t> retry_after_s;
  std::string error;  // for people
};

class HttpClient {
 public:
  struct Options {
    std::string ca_file;  // PEM; empty: the system's authorities
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds timeout{10000};
    size_t max_answer = 64 << 10;  // bytes, after unpacking
    long max_connections = 0;      // to one server; more calls wait. 0: any number
    bool gzip = false;             // asks for it, and unpacks it
    std::string user_agent = "setlog";
  };
  struct Request {
    std::string url;                  // as JoinUrl made it
    std::optional<std::string> post;  // text; GET without it
  };
  // InvalidArgument if the CA file cannot be read.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Make(Options options);
  // Gives up what is under way.
  ~HttpClient();

  // `id` is not under way.
  void Send(uint64_t id, Request request);
  // What has ended: at once if something has, else after something came, Wake was
  // called, or the time is over; it may be nothing.
  using Ended = std::vector<std::pair<uint64_t, HttpResponse>>;
  Ended Wait(std::chrono::milliseconds longest);
  // Makes the Wait that runs, or the next one, return.
  void Wake();

 private:
  struct Call;
  explicit HttpClient(Options options);
  void Collect(Ended* ended);

  const Options options_;
  void* multi_;  // CURLM
  std::map<uint64_t, std::unique_ptr<Call>> calls_;
  Ended failed_;  // that could not even begin
};

// `path` below `prefix`. InvalidArgument unless the prefix is an http or https URL
// without query and fragment.
absl::StatusOr<std::string> JoinUrl(const std::string& prefix, std::string_view path);

}  // namespace setlog

#endif  // SETLOG_HTTP_HTTP_CLIENT_H_
