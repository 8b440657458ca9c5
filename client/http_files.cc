#include "client/http_files.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/retry.h"
#include "http/http_client.h"
#include "log/show_bytes.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

constexpr size_t kAhead = 32;
// With HTTP/2 one would do. Without it, browsers' number: 32 at once are more than
// small servers let wait (Python's: five), and what is dropped comes a second later.
constexpr long kConnections = 6;
// Of one request: as long as is tried at all, between these.
constexpr milliseconds kLeastTimeout{3000};
constexpr milliseconds kLongestTimeout{30000};
// How soon it is noticed that nobody waits any more.
constexpr milliseconds kTick{100};
constexpr uint64_t kLongestPause = 24 * 3600;

absl::Status Unavailable(const std::string& url, const HttpResponse& response) {
  absl::Status status = absl::UnavailableError(
      absl::StrFormat("%s: HTTP status %d", url, response.status));
  if (response.retry_after_s) {
    SetPushback(status,
                std::chrono::seconds(std::min(*response.retry_after_s, kLongestPause)));
  }
  return status;
}

absl::StatusOr<std::string> BodyOf(HttpResponse response, const std::string& url,
                                   size_t max_bytes) {
  switch (response.outcome) {
    case HttpResponse::Outcome::kAnswered:
      break;
    case HttpResponse::Outcome::kTooLong:
      return absl::ResourceExhaustedError(
          absl::StrFormat("%s is over %d bytes long", url, max_bytes));
    case HttpResponse::Outcome::kUnreachable:
    case HttpResponse::Outcome::kTimedOut:
    case HttpResponse::Outcome::kNotSent:
      return absl::UnavailableError(
          absl::StrFormat("%s: %s", url, ShowForeign(response.error)));
  }
  const long status = response.status;
  if (status == 200) return std::move(response.body);
  if (status == 404 || status == 410) {
    return absl::NotFoundError(absl::StrFormat("%s: HTTP status %d", url, status));
  }
  if (status == 401 || status == 403) {
    return absl::PermissionDeniedError(
        absl::StrFormat("%s: HTTP status %d", url, status));
  }
  if (status == 408 || status == 429 || status >= 500) {
    return Unavailable(url, response);
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s: HTTP status %d%s", url, status,
      status >= 300 && status < 400 ? ", a redirect: name the address it leads to"
                                    : ""));
}

class HttpFetcher final : public FileFetcher {
 public:
  HttpFetcher(std::unique_ptr<HttpClient> client, std::string prefix, size_t max_bytes)
      : client_(std::move(client)), prefix_(std::move(prefix)), max_bytes_(max_bytes) {}

  void Want(const std::string& name) override {
    client_->Send(wanted_++, {.url = prefix_ + name});
    names_.emplace(wanted_ - 1, name);
  }

  absl::StatusOr<std::string> Next(const Stopped& stopped) override {
    const uint64_t id = given_++;
    const std::string url = prefix_ + names_.extract(id).mapped();
    while (true) {
      if (auto found = ended_.extract(id)) {
        return BodyOf(std::move(found.mapped()), url, max_bytes_);
      }
      if (stopped()) return absl::CancelledError("nobody waits for it any more");
      for (auto& [ended, response] : client_->Wait(kTick)) {
        if (ended >= id) ended_.emplace(ended, std::move(response));
      }
    }
  }

 private:
  const std::unique_ptr<HttpClient> client_;
  const std::string prefix_;
  const size_t max_bytes_;
  uint64_t wanted_ = 0;
  uint64_t given_ = 0;
  std::map<uint64_t, std::string> names_;
  std::map<uint64_t, HttpResponse> ended_;
};

class HttpFiles final : public StaticFiles {
 public:
  HttpFiles(std::string url, const StaticFilesOptions& options)
      : url_(std::move(url)),
        ca_file_(options.ca_file),
        timeout_(std::clamp(options.retry_for, kLeastTimeout, kLongestTimeout)) {}

  const std::string& place() const override { return url_; }
  size_t ahead() const override { return kAhead; }
  bool local() const override { return false; }
  absl::StatusOr<std::unique_ptr<FileFetcher>> NewFetcher(
      size_t max_bytes) const override {
    absl::StatusOr<std::unique_ptr<HttpClient>> client =
        HttpClient::Make({.ca_file = ca_file_,
                          .timeout = timeout_,
                          .max_answer = max_bytes,
                          .max_connections = kConnections,
                          .gzip = true});
    if (!client.ok()) return client.status();
    return std::make_unique<HttpFetcher>(*std::move(client), url_ + "/", max_bytes);
  }

 private:
  const std::string url_;
  const std::string ca_file_;
  const milliseconds timeout_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StaticFiles>> OpenHttpFiles(
    std::string url, const StaticFilesOptions& options) {
  if (const auto joined = JoinUrl(url, ""); !joined.ok()) return joined.status();
  auto files = std::make_unique<HttpFiles>(std::move(url), options);
  // Says at once that the CA file cannot be read.
  if (const auto fetcher = files->NewFetcher(0); !fetcher.ok()) return fetcher.status();
  return files;
}

}  // namespace setlog
