#include "http/http_client.h"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

void InitCurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

bool HasPart(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  const bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
  curl_free(text);
  return has;
}

}  // namespace

struct HttpClient::Call {
  uint64_t id = 0;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  Request request;
  size_t max_answer = 0;
  HttpResponse answer;
  char error[CURL_ERROR_SIZE] = "";

  ~Call() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
};

namespace {

// Taking less than it was given makes curl end the call.
template <typename Call>
size_t Receive(char* data, size_t, size_t size, void* call_of) {
  Call& call = *static_cast<Call*>(call_of);
  if (call.answer.body.size() + size > call.max_answer) {
    call.answer.outcome = HttpResponse::Outcome::kTooLong;
    return 0;
  }
  call.answer.body.append(data, size);
  return size;
}

}  // namespace

absl::StatusOr<std::string> JoinUrl(const std::string& prefix, std::string_view path) {
  InitCurl();
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  const bool http = prefix.starts_with("http://") || prefix.starts_with("https://");
  if (!http || curl_url_set(url.get(), CURLUPART_URL, prefix.c_str(), 0) != CURLUE_OK ||
      HasPart(url.get(), CURLUPART_QUERY) || HasPart(url.get(), CURLUPART_FRAGMENT)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is no URL of a server: https://HOST[/PATH], or http://", prefix));
  }
  return absl::StrFormat("%s%s%s", prefix, prefix.ends_with('/') ? "" : "/", path);
}

HttpClient::HttpClient(Options options) : options_(std::move(options)) {
  InitCurl();
  multi_ = curl_multi_init();
  if (multi_ == nullptr || options_.max_connections == 0) return;
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, options_.max_connections);
}

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Make(Options options) {
  // curl would say so at each call, and in other words.
  if (!options.ca_file.empty() && access(options.ca_file.c_str(), R_OK) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the CA file %s cannot be read", options.ca_file));
  }
  std::unique_ptr<HttpClient> transport(new HttpClient(std::move(options)));
  if (transport->multi_ == nullptr) {
    return absl::ResourceExhaustedError("libcurl has no memory");
  }
  return transport;
}

HttpClient::~HttpClient() {
  for (auto& [id, call] : calls_) curl_multi_remove_handle(multi_, call->easy);
  calls_.clear();
  curl_multi_cleanup(multi_);
}

void HttpClient::Send(uint64_t id, Request request) {
  auto call = std::make_unique<Call>();
  call->id = id;
  call->request = std::move(request);
  call->max_answer = options_.max_answer;
  CURL* const easy = call->easy = curl_easy_init();
  if (easy == nullptr) {
    failed_.push_back({id, {.outcome = HttpResponse::Outcome::kNotSent}});
    return;
  }
  curl_easy_setopt(easy, CURLOPT_PRIVATE, call.get());
  curl_easy_setopt(easy, CURLOPT_URL, call->request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  if (const std::optional<std::string>& post = call->request.post) {
    call->headers =
        curl_slist_append(nullptr, "Content-Type: text/plain; charset=utf-8");
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(post->size()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
  }
  if (options_.gzip) curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Receive<Call>);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, call.get());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(options_.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A name server that hangs must not hold up the end of the process.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (curl_multi_add_handle(multi_, easy) != CURLM_OK) {
    failed_.push_back({id, {.outcome = HttpResponse::Outcome::kNotSent}});
    return;
  }
  calls_.emplace(id, std::move(call));
}

void HttpClient::Collect(Ended* ended) {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode result = message->data.result;  // gone with the handle
    Call* call = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
    HttpResponse& answer = call->answer;
    if (result == CURLE_OK) {
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
      const char* type = nullptr;
      curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
      if (type != nullptr) answer.content_type = type;
      curl_off_t seconds = 0;
      curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
      if (seconds > 0) answer.retry_after_s = static_cast<uint64_t>(seconds);
    } else {
      answer.body.clear();
      if (answer.outcome == HttpResponse::Outcome::kTooLong) {
        answer.error =
            absl::StrFormat("its answer is over %d bytes", options_.max_answer);
      } else {
        answer.outcome = result == CURLE_OPERATION_TIMEDOUT
                             ? HttpResponse::Outcome::kTimedOut
                             : HttpResponse::Outcome::kUnreachable;
        answer.error =
            call->error[0] != '\0' ? call->error : curl_easy_strerror(result);
      }
    }
    curl_multi_remove_handle(multi_, easy);
    const uint64_t id = call->id;
    ended->push_back({id, std::move(answer)});
    calls_.erase(id);
  }
}

HttpClient::Ended HttpClient::Wait(std::chrono::milliseconds longest) {
  Ended ended = std::exchange(failed_, {});
  int running = 0;
  curl_multi_perform(multi_, &running);
  Collect(&ended);
  if (!ended.empty()) return ended;
  const auto wait_ms = std::min<int64_t>(longest.count(), int64_t{60'000});
  // Once: it may have been woken, even if there is something to read as well.
  curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait_ms), nullptr);
  curl_multi_perform(multi_, &running);
  Collect(&ended);
  return ended;
}

void HttpClient::Wake() { curl_multi_wakeup(multi_); }

}  // namespace setlog
