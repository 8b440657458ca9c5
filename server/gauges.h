// server/gauges.h -- what is true of the server now, read when /metrics is asked for.
//
//   const Gauges gauges({.logs = &logs, .sequencer = &sequencer, .data_dir = dir});
//   std::string text = metrics.Text(gauges.Read());
//
// Sums and extremes over all logs are always there. Series with a log's origin are
// limited to the kLogSeries logs that were created first: each costs the scraper 5
// series, and a server may have 10,000 logs. `setlog_logs_without_series` says how many
// are left out; alerts are to be made from the sums, which leave out none.
// Read costs about a microsecond a log. Thread-safe.
#ifndef SETLOG_SERVER_GAUGES_H_
#define SETLOG_SERVER_GAUGES_H_

#include <prometheus/metric_family.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/event_log.h"
#include "server/log_directory.h"
#include "server/sequencer.h"
#include "server/witness_client.h"

namespace setlog {

class Gauges {
 public:
  static constexpr size_t kLogSeries = 200;

  struct Sources {
    const LogDirectory* logs;
    const Sequencer* sequencer;
    const EventLog* events;
    const WitnessClient* witnesses = nullptr;  // nullptr without --policy
    std::string data_dir;
    // What /healthz says, and the free space below which writes are refused.
    std::function<absl::Status()> health = [] { return absl::OkStatus(); };
    uint64_t reserve_bytes = 0;
  };
  explicit Gauges(Sources sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Read() const;

 private:
  const Sources sources_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_GAUGES_H_
