// server/prover_metrics.h -- how many records were proven and labelled, for /metrics.
//
//   ProverMetrics metrics(&registry);
//   metrics.proved.Increment(100);
//
// Thread-safe; an update is an atomic operation.
#ifndef SETLOG_SERVER_PROVER_METRICS_H_
#define SETLOG_SERVER_PROVER_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/detail/builder.h>
#include <prometheus/registry.h>

namespace setlog {

class ProverMetrics {
  prometheus::Family<prometheus::Counter>& records_;

 public:
  // What it adds to `registry` lives as long as that.
  explicit ProverMetrics(prometheus::Registry* registry)
      : records_(prometheus::BuildCounter()
                     .Name("setlog_prover_records_total")
                     .Help("Records that the VRF was computed for, in answers that "
                           "were sent")
                     .Register(*registry)),
        proved(records_.Add({{"kind", "proved"}})),
        labelled(records_.Add({{"kind", "labelled"}})),
        pads(records_.Add({{"kind", "pads"}})),
        over_budget(prometheus::BuildCounter()
                        .Name("setlog_prover_over_budget_total")
                        .Help("Queries that were refused because a budget was spent")
                        .Register(*registry)
                        .Add({})) {}

  prometheus::Counter& proved;
  prometheus::Counter& labelled;  // with the pads among them
  prometheus::Counter& pads;      // proven
  prometheus::Counter& over_budget;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_PROVER_METRICS_H_
