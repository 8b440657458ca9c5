// server/metrics.h -- what the server has counted since it started, for /metrics.
//
//   Metrics metrics;
//   metrics.Committed(report);             // the sequencer, after each group commit
//   std::string text = metrics.Text(now);  // counters here, and what is true now
//
// Only what happens is counted here. What is true at a moment (sizes, lags, memory) is
// read when somebody asks (server/gauges.h) and costs nothing until then.
// Thread-safe; every update is a handful of atomic operations or a short lock.
#ifndef SETLOG_SERVER_METRICS_H_
#define SETLOG_SERVER_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "server/commit_report.h"
#include "server/prover_metrics.h"
#include "server/rpc_metrics.h"

namespace setlog {

class Metrics {
 public:
  Metrics();

  RpcMetrics& rpcs() { return rpcs_; }
  const ProverMetrics& prover() const { return prover_; }
  void Committed(const CommitReport& report);
  // One commit's way through the store: the synced write, then the head anchor.
  void Stored(std::chrono::nanoseconds write, std::chrono::nanoseconds anchor);
  void StoreFailed(std::string_view operation);
  // `route` is one of a few words.
  void HttpAnswered(std::string_view route, unsigned status, double seconds);
  // "loaded", "rebuild".
  void IndexEvent(std::string_view event);

  // Everything, with `now` after it, in Prometheus' text format 0.0.4.
  std::string Text(std::vector<prometheus::MetricFamily> now) const;
  static constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";

 private:
  prometheus::Registry registry_;
  RpcMetrics rpcs_;
  ProverMetrics prover_;
  prometheus::Family<prometheus::Counter>& entries_;
  prometheus::Counter& manifests_;
  prometheus::Counter& adds_;
  prometheus::Counter& removes_;
  prometheus::Counter& indexes_;
  prometheus::Counter& tags_;
  prometheus::Histogram& commit_entries_;
  prometheus::Family<prometheus::Histogram>& stages_;
  prometheus::Histogram& prepare_;
  prometheus::Histogram& write_;
  prometheus::Histogram& anchor_;
  prometheus::Histogram& sign_;
  prometheus::Histogram& publish_;
  prometheus::Family<prometheus::Counter>& store_errors_;
  prometheus::Family<prometheus::Counter>& index_events_;
  prometheus::Family<prometheus::Histogram>& http_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_METRICS_H_
