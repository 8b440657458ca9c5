// tools/bench_runs.h -- what `setlog bench` does, once its flags are parsed.
//
//   BenchFlags flags{.records = 100'000};
//   return BenchIngest(flags, session);       // measures, verifies a sample, prints
//
// Each prints one result for each thing that it measured. kUnverified if a call failed
// or a proof of the sample does not hold; kUsage for a log that is not the benchmark's.
#ifndef SETLOG_TOOLS_BENCH_RUNS_H_
#define SETLOG_TOOLS_BENCH_RUNS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "client/log_client.h"
#include "tools/command.h"
#include "tools/trust_flags.h"

namespace setlog {

struct BenchFlags {
  std::string origin;  // empty: new logs
  uint64_t records = 1'000'000;
  uint64_t clients = 1;  // append streams
  uint64_t logs = 1;
  uint64_t at_a_time = 0;  // 0: a window under way
  uint64_t concurrency = 64;
  uint64_t batch = LogClient::kBatchRecords;
  std::optional<int64_t> duration_us;
  std::string packed;
  bool any_log = false;
  TrustFlags trust;
};

// Appends to a log of its own, or several, until they are indexed.
ExitCode BenchIngest(const BenchFlags& flags, Session& session);
// Inclusion, lookup and batch lookup, each in turn: of flags.origin, or of a new log.
ExitCode BenchProofs(const BenchFlags& flags, Session& session);
// Lookups while records are appended.
ExitCode BenchMixed(const BenchFlags& flags, Session& session);

}  // namespace setlog

#endif  // SETLOG_TOOLS_BENCH_RUNS_H_
