#include "server/rpc_metrics.h"

#include <google/protobuf/descriptor.h>
#include <prometheus/detail/builder.h>

#include <memory>

#include "absl/strings/str_format.h"
#include "setlog/v1/prover.pb.h"
#include "setlog/v1/reader.pb.h"
#include "setlog/v1/writer.pb.h"

namespace setlog {
namespace {

// A lookup takes some ten microseconds, a commit milliseconds, an Append stream hours.
const prometheus::Histogram::BucketBoundaries& Seconds() {
  static const auto* const bounds = new prometheus::Histogram::BucketBoundaries{
      50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3,
      25e-3, 50e-3,  100e-3, 250e-3, 0.5,  1,      2.5,  10};
  return *bounds;
}

}  // namespace

const char* CodeName(grpc::StatusCode code) {
  static constexpr const char* kNames[] = {"OK",
                                           "CANCELLED",
                                           "UNKNOWN",
                                           "INVALID_ARGUMENT",
                                           "DEADLINE_EXCEEDED",
                                           "NOT_FOUND",
                                           "ALREADY_EXISTS",
                                           "PERMISSION_DENIED",
                                           "RESOURCE_EXHAUSTED",
                                           "FAILED_PRECONDITION",
                                           "ABORTED",
                                           "OUT_OF_RANGE",
                                           "UNIMPLEMENTED",
                                           "INTERNAL",
                                           "UNAVAILABLE",
                                           "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  const auto number = static_cast<size_t>(code);
  return number < std::size(kNames) ? kNames[number] : "UNKNOWN";
}

RpcMetrics::RpcMetrics(prometheus::Registry* registry)
    : durations_(&prometheus::BuildHistogram()
                      .Name("setlog_rpc_duration_seconds")
                      .Help("Calls that have ended, by method and gRPC status code; a "
                            "stream counts when it ends")
                      .Register(*registry)) {
  auto& in_flight = prometheus::BuildGauge()
                        .Name("setlog_rpcs_in_flight")
                        .Help("Calls and streams that are open now")
                        .Register(*registry);
  const auto add = [&](const std::string& name) {
    auto method = std::make_unique<Method>();
    method->name = name;
    method->in_flight = &in_flight.Add({{"method", name}});
    methods_.push_back(std::move(method));
  };
  add("other");
  for (const google::protobuf::FileDescriptor* file :
       {v1::GetHeadRequest::descriptor()->file(),
        v1::AppendRequest::descriptor()->file(),
        v1::ProveRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor& service = *file->service(s);
      for (int m = 0; m < service.method_count(); ++m) {
        by_path_.emplace(
            absl::StrFormat("/%s/%s", service.full_name(), service.method(m)->name()),
            methods_.size());
        add(service.method(m)->name());
      }
    }
  }
}

size_t RpcMetrics::MethodOf(const char* path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? 0 : found->second;
}

void RpcMetrics::Begin(size_t method) { methods_[method]->in_flight->Increment(); }

void RpcMetrics::Drop(size_t method) { methods_[method]->in_flight->Decrement(); }

void RpcMetrics::End(size_t method, grpc::StatusCode code, double seconds) {
  auto number = static_cast<size_t>(code);
  if (number >= kCodes) number = static_cast<size_t>(grpc::StatusCode::UNKNOWN);
  std::atomic<prometheus::Histogram*>& slot = methods_[method]->ended[number];
  prometheus::Histogram* histogram = slot.load(std::memory_order_acquire);
  if (histogram == nullptr) {
    // Adding the same labels twice gives the same histogram.
    histogram = &durations_->Add(
        {{"method", methods_[method]->name}, {"code", CodeName(code)}}, Seconds());
    slot.store(histogram, std::memory_order_release);
  }
  histogram->Observe(seconds);
  methods_[method]->in_flight->Decrement();
}

}  // namespace setlog
