#include "server/rpc_observer.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace setlog {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;
using Clock = std::chrono::steady_clock;

constexpr double kSlowSeconds = 1;
constexpr size_t kMaxRequestId = 64;

// Unique within a run of the server, and with 64 random bits nearly so across runs: the
// finalizer of splitmix64 maps different counts to different ids.
class RequestIds {
 public:
  std::string Next() {
    uint64_t id = start_ + count_.fetch_add(1, std::memory_order_relaxed);
    id = (id ^ (id >> 30)) * 0xbf58476d1ce4e5b9;
    id = (id ^ (id >> 27)) * 0x94d049bb133111eb;
    id ^= id >> 31;
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text(16, '0');
    for (size_t i = 0; i < text.size(); ++i)
      text[i] = kDigits[(id >> (60 - 4 * i)) & 15];
    return text;
  }

 private:
  const uint64_t start_ =
      (uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  std::atomic<uint64_t> count_ = 0;
};

LogLevel LevelOf(const grpc::Status& status, ServerRpcInfo::Type type, bool slow) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return slow ? LogLevel::kWarn : LogLevel::kDebug;
    case grpc::StatusCode::CANCELLED:
      // How a client ends a stream when it has what it wanted.
      return type == ServerRpcInfo::Type::UNARY ? LogLevel::kInfo : LogLevel::kDebug;
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS:
      return LogLevel::kWarn;
    default:
      return LogLevel::kInfo;
  }
}

// One call. Hooks of one call may run at once on two threads (reads and writes of a
// stream), but those that are acted on here never do.
class RpcObserver final : public grpc::experimental::Interceptor {
 public:
  RpcObserver(RpcMetrics* metrics, EventLog* log, RequestIds* ids, ServerRpcInfo* info)
      : metrics_(metrics),
        log_(log),
        ids_(ids),
        info_(info),
        method_(metrics->MethodOf(info->method())) {
    metrics_->Begin(method_);
  }
  ~RpcObserver() override {
    if (!ended_) metrics_->Drop(method_);
  }

  void Intercept(InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      End(batch);
    }
    batch->Proceed();
  }

 private:
  // The client's own id, if it sent one that is well formed; empty otherwise.
  std::string_view SentId() const {
    const auto& metadata = info_->server_context()->client_metadata();
    const auto sent = metadata.find(kRequestIdHeader);
    if (sent == metadata.end()) return {};
    const std::string_view text(sent->second.data(), sent->second.size());
    return IsRequestId(text) ? text : std::string_view();
  }

  void End(InterceptorBatchMethods* batch) {
    if (ended_) return;
    ended_ = true;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const grpc::Status status = batch->GetSendStatus();
    metrics_->End(method_, status.error_code(), seconds);
    const bool slow =
        info_->type() == ServerRpcInfo::Type::UNARY && seconds > kSlowSeconds;
    const LogLevel level = LevelOf(status, info_->type(), slow);
    // An id that leads to no line is of no use, and looking for it in the metadata is
    // not free.
    if (status.ok() && !log_->Wants(level)) return;
    std::string id(SentId());
    if (id.empty()) id = ids_->Next();
    if (log_->Wants(level)) {
      log_->Write(level, "rpc",
                  {{"request", id},
                   {"method", metrics_->NameOf(method_)},
                   {"peer", info_->server_context()->peer()},
                   {"code", CodeName(status.error_code())},
                   {"ms", seconds * 1e3},
                   {"message", status.error_message()}});
    }
    if (auto* trailing = batch->GetSendTrailingMetadata()) {
      trailing->emplace(kRequestIdHeader, std::move(id));
    }
  }

  RpcMetrics* const metrics_;
  EventLog* const log_;
  RequestIds* const ids_;
  ServerRpcInfo* const info_;
  const size_t method_;
  const Clock::time_point start_ = Clock::now();
  bool ended_ = false;
};

class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  Factory(RpcMetrics* metrics, EventLog* log) : metrics_(metrics), log_(log) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(
      ServerRpcInfo* info) override {
    return new RpcObserver(metrics_, log_, &ids_, info);
  }

 private:
  RpcMetrics* const metrics_;
  EventLog* const log_;
  RequestIds ids_;
};

}  // namespace

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestId &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
NewRpcObserver(RpcMetrics* metrics, EventLog* log) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
      factories;
  factories.push_back(std::make_unique<Factory>(metrics, log));
  return factories;
}

}  // namespace setlog
