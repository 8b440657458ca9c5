// bench/service_rows.h -- the measurements of service_bench, each a few rows.
//
//   Report report;
//   Subject subject(options, "main");
//   MeasureIngest(options, subject, report);
//   MeasureLogAlone(options, report);      // servers of their own, one after another
//
// They print rows into `report` and end the program if anything fails.
#ifndef SETLOG_BENCH_SERVICE_ROWS_H_
#define SETLOG_BENCH_SERVICE_ROWS_H_

#include "report.h"
#include "subject.h"
#include "tools/bench_proofs.h"
#include "tools/bench_records.h"

namespace setlog {

inline constexpr char kBenchOrigin[] = "bench.example.org/records";
inline constexpr uint64_t kBenchSeed = 1;

// service_ingest.cc: durable until indexed into an empty log, disk, memory.
void MeasureIngest(const BenchOptions& options, Subject& subject, Report& report);
// Entries that leave the set as it is: the log's part of the work and of the bytes.
void MeasureLogAlone(const BenchOptions& options, Report& report);
// TLS against plain text; several clients, several logs against one.
void MeasureTlsAndCrowds(const BenchOptions& options, Report& report);
// 64 clients, a record at a time, against the disk's syncs.
void MeasureSingleAppends(const BenchOptions& options, Report& report);

// service_proofs.cc: on the log of MeasureIngest.
ProofWork BenchWork(const BenchOptions& options, const Version& version);
void MeasureSingleProofs(const BenchOptions& options, Subject& subject, Report& report);
void MeasureBatches(const BenchOptions& options, Subject& subject, Report& report);
void MeasureVerifying(const BenchOptions& options, Subject& subject, Report& report);
// Tags the set, appends a tenth more, asks for both versions.
void MeasureOldVersion(const BenchOptions& options, Subject& subject, Report& report);

// service_restart.cc: stops and starts, cold lookups, an audit. The log as above.
void MeasureRestarts(const BenchOptions& options, Subject& subject, Report& report);
void MeasureAudit(const BenchOptions& options, Subject& subject, Report& report);

}  // namespace setlog

#endif  // SETLOG_BENCH_SERVICE_ROWS_H_
