#include "server/gauges.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <utility>

#include "daemon/metric_families.h"
#include "daemon/process_stats.h"
#include "log/sha256.h"
#include "server/build_info.h"

namespace setlog {
namespace {

using prometheus::MetricFamily;

double Number(uint64_t value) { return static_cast<double>(value); }
double SecondsOf(int64_t time_us) { return static_cast<double>(time_us) / 1e6; }

struct LogReading {
  uint64_t entries = 0;
  uint64_t lag = 0;
  uint64_t members = 0;
  uint64_t index_bytes = 0;
  int64_t head_us = 0;
};

LogReading ReadLog(const HostedLog& log) {
  const LogState::Figures figures = log.state.figures();
  return {.entries = figures.size,
          .lag = figures.changes_end - std::min(figures.changes_end, figures.m),
          .members = figures.n,
          .index_bytes = log.index.memory_bytes(),
          .head_us = figures.published_us};
}

void AddLogs(const std::vector<HostedLog*>& logs, MetricFamilies* out) {
  LogReading all;
  uint64_t lag_max = 0, members_max = 0;
  int64_t oldest_us = 0;
  size_t series = 0;
  for (size_t i = 0; i < logs.size(); ++i) {
    const LogReading log = ReadLog(*logs[i]);
    all.entries += log.entries;
    all.lag += log.lag;
    all.members += log.members;
    all.index_bytes += log.index_bytes;
    lag_max = std::max(lag_max, log.lag);
    members_max = std::max(members_max, log.members);
    oldest_us = i == 0 ? log.head_us : std::min(oldest_us, log.head_us);
    all.head_us = std::max(all.head_us, log.head_us);
    // Whoever may read this page need not know that a private log exists.
    if (series >= Gauges::kLogSeries || logs[i]->private_reads) continue;
    ++series;
    const MetricFamilies::Labels origin = {{"origin", logs[i]->state.origin()}};
    out->Gauge("setlog_log_entries", "Entries in the log's newest signed head",
               Number(log.entries), origin);
    out->Gauge("setlog_log_index_lag_entries",
               "Entries that the log's newest index entry does not cover yet",
               Number(log.lag), origin);
    out->Gauge("setlog_log_set_members", "Members of the log's newest indexed set",
               Number(log.members), origin);
    out->Gauge("setlog_log_index_memory_bytes",
               "Estimated memory of the log's set index", Number(log.index_bytes),
               origin);
    out->Gauge("setlog_log_head_timestamp_seconds",
               "When the log's newest head was published (at the latest, the start)",
               SecondsOf(log.head_us), origin);
  }
  out->Gauge("setlog_logs", "Logs on this server", Number(logs.size()));
  out->Gauge("setlog_logs_without_series",
             "Logs that are only in the sums, to keep the number of series bounded",
             Number(logs.size() - series));
  out->Gauge("setlog_entries", "Entries of all logs", Number(all.entries));
  out->Gauge("setlog_index_lag_entries", "Index lag of all logs together",
             Number(all.lag));
  out->Gauge("setlog_index_lag_entries_max", "Index lag of the log that lags most",
             Number(lag_max));
  out->Gauge("setlog_set_members", "Members of all sets", Number(all.members));
  out->Gauge("setlog_set_members_max", "Members of the greatest set",
             Number(members_max));
  out->Gauge("setlog_index_memory_bytes", "Estimated memory of all set indexes",
             Number(all.index_bytes));
  out->Gauge("setlog_newest_head_timestamp_seconds",
             "When any log last got a new head; 0 without logs",
             SecondsOf(all.head_us));
  out->Gauge("setlog_oldest_head_timestamp_seconds",
             "The same for the log whose newest head is the oldest",
             SecondsOf(oldest_us));
}

void AddWitnesses(const WitnessClient& client, MetricFamilies* out) {
  const WitnessClient::Figures figures = client.figures();
  for (const auto& [name, witness] : figures.witnesses) {
    if (!witness.asked) continue;
    const MetricFamilies::Labels label = {{"witness", name}};
    out->Gauge("setlog_witness_success_timestamp_seconds",
               "When the witness last cosigned a head since the start; 0 = never",
               SecondsOf(witness.last_success_us), label);
    out->Gauge("setlog_witness_lag_entries",
               "Entries that the witness has not cosigned, of the log where they are "
               "most",
               Number(witness.lag), label);
    for (size_t i = 0; i < kWitnessFailures; ++i) {
      out->Counter(
          "setlog_witness_failures_total",
          "Requests to the witness that gave no cosignature, by kind",
          Number(witness.failures[i]),
          {{"witness", name}, {"kind", NameOf(static_cast<WitnessFailure>(i))}});
    }
  }
  uint64_t lag_max = 0;
  size_t series = 0;
  for (const auto& [log, lag] : figures.quorum_lag) {
    lag_max = std::max(lag_max, lag);
    if (series >= Gauges::kLogSeries || log->private_reads) continue;
    ++series;
    out->Gauge("setlog_log_quorum_lag_entries",
               "Entries beyond the log's newest head that met the policy's quorum",
               Number(lag), {{"origin", log->state.origin()}});
  }
  out->Gauge("setlog_quorum_lag_entries_max",
             "The same of the log where they are most; 0 without a quorum",
             Number(lag_max));
}

void AddProcess(MetricFamilies* out) {
  const ProcessStats process = ReadProcessStats();
  out->Gauge("process_resident_memory_bytes", "Resident memory",
             Number(process.resident_bytes));
  out->Gauge("process_open_fds", "Open file descriptors", Number(process.open_fds));
  out->Gauge("process_max_fds", "Allowed file descriptors", Number(process.max_fds));
  out->Counter("process_cpu_seconds_total", "User and system time",
               process.cpu_seconds);
  out->Gauge("process_start_time_seconds", "Start of the process, since 1970",
             process.start_time_seconds);
  const BuildInfo build = GetBuildInfo();
  out->Gauge("setlog_build_info", "What runs; always 1", 1,
             {{"version", build.version},
              {"commit", build.commit},
              {"compiler", build.compiler},
              {"hashing", Sha256Kernels()[0].name}});
}

}  // namespace

std::vector<MetricFamily> Gauges::Read() const {
  MetricFamilies families;
  AddLogs(sources_.logs->All(), &families);
  if (sources_.witnesses != nullptr) AddWitnesses(*sources_.witnesses, &families);
  families.Gauge("setlog_queue_bytes", "Bytes of writes that wait for a commit",
                 Number(sources_.sequencer->queued_bytes()));
  families.Gauge("setlog_queue_limit_bytes",
                 "Beyond this, writes are answered RESOURCE_EXHAUSTED",
                 Number(sources_.sequencer->max_queue_bytes()));
  families.Gauge("setlog_writes_stopped",
                 "1 after a failed write: nothing is acknowledged until a restart",
                 sources_.sequencer->health().ok() ? 0 : 1);
  families.Gauge("setlog_healthy", "1 if /healthz answers 200, 0 if 503",
                 sources_.health().ok() ? 1 : 0);
  families.Gauge("setlog_store_reserve_bytes",
                 "With less free space than this, writes are refused",
                 Number(sources_.reserve_bytes));
  struct statvfs disk;
  if (statvfs(sources_.data_dir.c_str(), &disk) == 0) {
    families.Gauge("setlog_store_free_bytes", "Free space where the data directory is",
                   Number(uint64_t{disk.f_bavail} * disk.f_frsize));
    families.Gauge("setlog_store_size_bytes", "Size of that file system",
                   Number(uint64_t{disk.f_blocks} * disk.f_frsize));
  }
  families.Counter("setlog_log_lines_dropped_total",
                   "Lines of the server's own log that were due and not written",
                   Number(sources_.events->dropped()));
  AddProcess(&families);
  return families.Take();
}

}  // namespace setlog
