// server/rpc_metrics.h -- how many calls of which method ended how, and how long each
// took.
//
//   RpcMetrics rpcs(&registry);
//   const size_t method = rpcs.MethodOf("/setlog.v1.Reader/Lookup");
//   rpcs.Begin(method);
//   rpcs.End(method, grpc::StatusCode::OK, 0.000030);
//
// One histogram a method and status code, made when first needed: a call costs one
// search of its path and two updates of a counter each. Methods are those of our own
// three services; all else is counted as "other", as a client may call what it likes.
// Thread-safe.
#ifndef SETLOG_SERVER_RPC_METRICS_H_
#define SETLOG_SERVER_RPC_METRICS_H_

#include <grpcpp/support/status.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace setlog {

class RpcMetrics {
 public:
  // What it adds to `registry` lives as long as that.
  explicit RpcMetrics(prometheus::Registry* registry);

  // The number of the method with this path.
  size_t MethodOf(const char* path) const;
  const std::string& NameOf(size_t method) const { return methods_[method]->name; }

  void Begin(size_t method);
  // The call has ended, with this status after so many seconds.
  void End(size_t method, grpc::StatusCode code, double seconds);
  // The call was lost before it had a status.
  void Drop(size_t method);

 private:
  static constexpr size_t kCodes = 17;  // 0 to 16

  struct Method {
    std::string name;
    prometheus::Gauge* in_flight;
    std::array<std::atomic<prometheus::Histogram*>, kCodes> ended{};
  };

  prometheus::Family<prometheus::Histogram>* const durations_;
  std::vector<std::unique_ptr<Method>> methods_;  // "other" is the first
  absl::flat_hash_map<std::string, size_t> by_path_;
};

// As gRPC's documents write it: "OK", "NOT_FOUND".
const char* CodeName(grpc::StatusCode code);

}  // namespace setlog

#endif  // SETLOG_SERVER_RPC_METRICS_H_
