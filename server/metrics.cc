#include "server/metrics.h"

#include <prometheus/detail/builder.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <utility>

namespace setlog {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::Registry;

// An fsync takes 0.1 ms on a good disk and 100 ms on a bad one; hashing and signing of
// a small commit takes tens of microseconds.
const Histogram::BucketBoundaries kStageSeconds = {
    50e-6, 250e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 0.5, 1, 5};
// A tile takes some ten microseconds, a lookup in an old version seconds.
const Histogram::BucketBoundaries kHttpSeconds = {25e-6, 100e-6, 500e-6, 2.5e-3, 10e-3,
                                                  50e-3, 0.25,   1,      5};
const Histogram::BucketBoundaries kCommitEntries = {
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 524288};

Family<Counter>& Counters(Registry* registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry);
}
Family<Histogram>& Histograms(Registry* registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(*registry);
}

double Seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

// Whatever has no client's word in its labels is there from the start, with 0: a rate
// over a counter that appears with its first event misses that event.
Metrics::Metrics()
    : rpcs_(&registry_),
      prover_(&registry_),
      entries_(Counters(&registry_, "setlog_entries_appended_total",
                        "Entries in signed heads, by kind")),
      manifests_(entries_.Add({{"kind", "manifest"}})),
      adds_(entries_.Add({{"kind", "add"}})),
      removes_(entries_.Add({{"kind", "remove"}})),
      indexes_(entries_.Add({{"kind", "index"}})),
      tags_(entries_.Add({{"kind", "tag"}})),
      commit_entries_(Histograms(&registry_, "setlog_commit_entries",
                                 "Entries in each group commit")
                          .Add({}, kCommitEntries)),
      stages_(Histograms(&registry_, "setlog_commit_stage_seconds",
                         "Where the time of group commits goes")),
      prepare_(stages_.Add({{"stage", "prepare"}}, kStageSeconds)),
      write_(stages_.Add({{"stage", "write"}}, kStageSeconds)),
      anchor_(stages_.Add({{"stage", "anchor"}}, kStageSeconds)),
      sign_(stages_.Add({{"stage", "sign"}}, kStageSeconds)),
      publish_(stages_.Add({{"stage", "publish"}}, kStageSeconds)),
      store_errors_(Counters(&registry_, "setlog_store_errors_total",
                             "Operations of the store that failed")),
      index_events_(Counters(&registry_, "setlog_index_events_total",
                             "Set indexes loaded and rebuilt from the log")),
      http_(Histograms(&registry_, "setlog_http_request_duration_seconds",
                       "HTTP requests answered, by route and status")) {
  for (const char* operation : {"commit", "keep", "anchor", "read"}) {
    store_errors_.Add({{"operation", operation}});
  }
  for (const char* event : {"loaded", "rebuild"}) {
    index_events_.Add({{"event", event}});
  }
}

void Metrics::Committed(const CommitReport& report) {
  const auto add = [](Counter& counter, uint64_t count) {
    if (count > 0) counter.Increment(static_cast<double>(count));
  };
  add(manifests_, report.manifests);
  add(adds_, report.adds);
  add(removes_, report.removes);
  add(indexes_, report.indexes);
  add(tags_, report.tags);
  commit_entries_.Observe(static_cast<double>(report.entries()));
  prepare_.Observe(Seconds(report.prepare));
  sign_.Observe(Seconds(report.sign));
  publish_.Observe(Seconds(report.publish));
}

void Metrics::Stored(std::chrono::nanoseconds write, std::chrono::nanoseconds anchor) {
  write_.Observe(Seconds(write));
  anchor_.Observe(Seconds(anchor));
}

void Metrics::StoreFailed(std::string_view operation) {
  store_errors_.Add({{"operation", std::string(operation)}}).Increment();
}

void Metrics::IndexEvent(std::string_view event) {
  index_events_.Add({{"event", std::string(event)}}).Increment();
}

void Metrics::HttpAnswered(std::string_view route, unsigned status, double seconds) {
  http_
      .Add({{"route", std::string(route)}, {"status", std::to_string(status)}},
           kHttpSeconds)
      .Observe(seconds);
}

std::string Metrics::Text(std::vector<prometheus::MetricFamily> now) const {
  std::vector<prometheus::MetricFamily> all = registry_.Collect();
  all.insert(all.end(), std::make_move_iterator(now.begin()),
             std::make_move_iterator(now.end()));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace setlog
