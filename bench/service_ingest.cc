#include <algorithm>
#include <chrono>

#include "absl/strings/str_format.h"
#include "ceilings.h"
#include "need.h"
#include "service_rows.h"
#include "tools/bench_ingest.h"
#include "tools/percentiles.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

// Rows beside the main one need not be as long.
constexpr uint64_t kSideRecords = 2'000'000;
constexpr double kMiB = 1 << 20;

struct Timed {
  IngestResult durable;
  double indexed_seconds = 0;
};

// Appends, then waits for the index of every log.
Timed IngestIndexed(Subject& subject, const IngestOptions& options,
                    const BenchRecords& records) {
  const Clock::time_point start = Clock::now();
  Timed timed;
  timed.durable = Need(Ingest(subject.connection(), records, options));
  for (size_t i = 0; i < options.origins.size(); ++i) {
    if (timed.durable.ends[i] == 0) continue;
    Need(subject.log(options.origins[i])
             .WaitIndexed(timed.durable.ends[i] - 1, [](uint64_t) {}));
  }
  timed.indexed_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return timed;
}

// Records a second until indexed, into so many new logs by so many clients.
double CrowdRate(Subject& subject, uint64_t count, size_t logs, size_t clients,
                 const std::string& name) {
  IngestOptions options{.records = count, .clients = clients};
  for (size_t i = 0; i < logs; ++i) {
    options.origins.push_back(absl::StrFormat("bench.example.org/%s-%d", name, i));
    subject.NewLog(options.origins.back());
  }
  const Timed timed =
      IngestIndexed(subject, options, BenchRecords(kBenchSeed + logs * 100 + clients));
  return timed.durable.records / timed.indexed_seconds;
}

std::string Of(uint64_t count) { return absl::StrFormat(" (%d records)", count); }

}  // namespace

void MeasureIngest(const BenchOptions& options, Subject& subject, Report& report) {
  const uint64_t count = options.records;
  const double hashing = HashingCeiling();
  const double raw_store = StoreCeiling(options.dir, std::min(count, kSideRecords));
  subject.NewLog(kBenchOrigin);
  const uint64_t written = subject.server().WrittenBytes();
  const double cpu = subject.server().CpuSeconds();
  const Timed timed = IngestIndexed(
      subject, {.origins = {kBenchOrigin}, .records = count}, BenchRecords(kBenchSeed));
  const double records = static_cast<double>(count);
  report.Add({"ingest, durable in a signed head" + Of(count),
              records / timed.durable.seconds, "records/s", "raw store", raw_store});
  report.Add({"ingest until indexed" + Of(count), records / timed.indexed_seconds,
              "records/s", "hashing, one core", hashing, AtLeast(1.3e6)});
  report.Add({"ingest until indexed, by the server's processor time",
              records / (subject.server().CpuSeconds() - cpu), "records/CPU s",
              "hashing, one core", hashing});
  report.Add({"on disk when `add` returns", subject.DiskBytes() / records, "B/record",
              "", 0, AtMost(115)});
  report.Add({"written to the disk, log and index",
              (subject.server().WrittenBytes() - written) / records, "B/record"});
  report.Add({"server's peak resident memory",
              subject.server().PeakResidentBytes() / kMiB, "MiB", "", 0,
              AtMost(3 * 1024)});
  report.Add({"server's anonymous memory after it",
              subject.server().AnonymousBytes() / kMiB, "MiB"});
}

void MeasureLogAlone(const BenchOptions& options, Report& report) {
  Subject subject(options, "alone");
  subject.NewLog(kBenchOrigin);
  const uint64_t written = subject.server().WrittenBytes();
  // Removing what was never there is legal, is an entry as long as an add, and changes
  // nothing in the set.
  const Timed timed = IngestIndexed(subject,
                                    {.origins = {kBenchOrigin},
                                     .operation = Operation::kRemove,
                                     .records = options.records},
                                    BenchRecords(kBenchSeed));
  const double records = static_cast<double>(options.records);
  report.Add({"log alone (nothing to index), durable" + Of(options.records),
              records / timed.durable.seconds, "records/s", "", 0, AtLeast(4e6)});
  report.Add({"log alone, written to the disk",
              (subject.server().WrittenBytes() - written) / records, "B/record", "", 0,
              AtMost(80)});
}

void MeasureTlsAndCrowds(const BenchOptions& options, Report& report) {
  const uint64_t count = std::min(options.records, kSideRecords);
  Subject plain(options, "plain");
  CrowdRate(plain, count / 4, 1, 1, "warm");
  const double one = CrowdRate(plain, count, 1, 1, "one");
  {
    Subject tls(options, "tls", /*tls=*/true);
    CrowdRate(tls, count / 4, 1, 1, "warm");
    report.Add({"ingest over TLS, until indexed" + Of(count),
                CrowdRate(tls, count, 1, 1, "one"), "records/s", "plain text", one,
                RatioAtLeast(0.7)});
  }
  // "Not slower in sum", with some room for noise.
  report.Add({"8 clients, one log, until indexed" + Of(count),
              CrowdRate(plain, count, 1, 8, "clients"), "records/s", "one client", one,
              RatioAtLeast(0.95)});
  report.Add({"16 clients, 16 logs, until indexed" + Of(count),
              CrowdRate(plain, count, 16, 16, "logs"), "records/s", "one client", one,
              RatioAtLeast(0.95)});
}

void MeasureSingleAppends(const BenchOptions& options, Report& report) {
  constexpr size_t kClients = 64;
  Subject subject(options, "singles");
  subject.NewLog(kBenchOrigin);
  const double syncs = SyncRate(options.dir);
  const IngestResult done =
      Need(Ingest(subject.connection(), BenchRecords(kBenchSeed),
                  {.origins = {kBenchOrigin},
                   .records = BenchRecords::kAbsent,
                   .clients = kClients,
                   .at_a_time = 1,
                   .duration = std::chrono::seconds(options.seconds)}));
  report.Add({"64 clients, one record at a time, durable", done.records / done.seconds,
              "records/s", "64 a sync of the disk", kClients * syncs,
              RatioAtLeast(0.5)});
  const Percentiles latency = PercentilesOf(done.latencies_us);
  report.Add({"one record until its acknowledgement, p50", latency.p50 / 1e3, "ms"});
  report.Add({"one record until its acknowledgement, p99", latency.p99 / 1e3, "ms"});
}

}  // namespace setlog
