#include "tools/bench_runs.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/appender.h"
#include "log/sha256.h"
#include "tools/bench_ingest.h"
#include "tools/bench_log.h"
#include "tools/bench_proofs.h"
#include "tools/log_session.h"
#include "tools/percentiles.h"
#include "tools/progress.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostMembers = 1 << 17;
constexpr size_t kSampledAdds = 1 << 14;
constexpr uint64_t kBatchConcurrency = 4;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::optional<std::chrono::microseconds> DurationOf(const BenchFlags& flags) {
  if (!flags.duration_us) return std::nullopt;
  return std::chrono::microseconds(*flags.duration_us);
}

Json ToJson(const Percentiles& p) {
  return {{"p50", p.p50}, {"p99", p.p99}, {"p999", p.p999}, {"max", p.max}};
}
std::string ToText(const Percentiles& p) {
  return absl::StrFormat("p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, longest %.3f ms",
                         p.p50 / 1e3, p.p99 / 1e3, p.p999 / 1e3, p.max / 1e3);
}

// A log to write into: the named one, or one of `number` that nobody named.
absl::StatusOr<BenchLog> WritableLog(Session& session, const BenchFlags& flags,
                                     const std::string& unnamed) {
  const bool named = !flags.origin.empty();
  absl::StatusOr<BenchLog> log = BenchLog::ToWrite(
      session, flags.trust, named ? flags.origin : unnamed, named, flags.any_log);
  if (log.ok() && log->created()) {
    session.out.Note(absl::StrFormat("bench: made log %s, which stays on the server",
                                     log->session().origin()));
  }
  return log;
}

absl::StatusOr<BenchRecords> RecordsOf(const BenchFlags& flags) {
  if (!flags.packed.empty()) return BenchRecords::FromFile(flags.packed);
  // Other records in each run, so that they are new to the log.
  return BenchRecords(ReadU64(AsBytes(NewSessionId().substr(0, 8))));
}

ExitCode FailIn(Session& session, BenchLog* log, const absl::Status& status) {
  if (log != nullptr) return log->session().Fail(status);
  session.out.Error(WithRemedy(status, session.server));
  return ForStatus(status);
}

void ReportIngest(const BenchFlags& flags, const std::vector<BenchLog>& logs,
                  const IngestResult& done, double indexed_seconds,
                  const VerifiedHead& head, Output& out) {
  const double rate = done.records / done.seconds;
  const double indexed_rate = done.records / indexed_seconds;
  const Percentiles latency = PercentilesOf(done.latencies_us);
  out.Result({{"bench", "ingest"},
              {"origin", head.version.checkpoint.origin},
              {"logs", logs.size()},
              {"records", done.records},
              {"clients", flags.clients},
              {"at_a_time", flags.at_a_time},
              {"seconds", done.seconds},
              {"records_per_second", rate},
              {"indexed_seconds", indexed_seconds},
              {"indexed_per_second", indexed_rate},
              {"latency_us", ToJson(latency)},
              {"size", head.version.checkpoint.size},
              {"index_size", head.version.index.m}},
             absl::StrFormat("ingest: %.0f records/s durable and in a signed head, "
                             "%.0f records/s until indexed",
                             rate, indexed_rate));
  out.Detail(absl::StrFormat(
      "  %d records, clients %d, logs %d, %s", done.records, flags.clients, logs.size(),
      flags.at_a_time == 0 ? std::string("streams with a window")
                           : absl::StrFormat("%d at a time", flags.at_a_time)));
  out.Detail("  a message until its acknowledgement: " + ToText(latency));
}

// Appends flags.records to the logs and waits for their indexes; exit code and report.
ExitCode RunIngest(const BenchFlags& flags, const BenchRecords& records,
                   std::vector<BenchLog>& logs, Session& session, bool report) {
  const Connection& connection = logs[0].session().connection();
  IngestOptions options{.records = flags.records,
                        .clients = flags.clients,
                        .at_a_time = flags.at_a_time,
                        .duration = report ? DurationOf(flags) : std::nullopt};
  if (records.count()) options.records = std::min(options.records, *records.count());
  for (BenchLog& log : logs) options.origins.push_back(log.session().origin());
  const Clock::time_point start = Clock::now();
  absl::StatusOr<IngestResult> done = [&] {
    Progress progress("appending", options.records, session.out.quiet());
    options.progress = [&](uint64_t count) { progress.Update(count); };
    return Ingest(connection, records, options);
  }();
  if (!done.ok()) return FailIn(session, &logs[0], done.status());
  std::optional<VerifiedHead> head;
  for (size_t i = 0; i < logs.size(); ++i) {
    if (done->ends[i] == 0) continue;
    Progress progress("indexing", done->ends[i], session.out.quiet());
    absl::StatusOr<VerifiedHead> indexed = logs[i].session().client().WaitIndexed(
        done->ends[i] - 1, [&](uint64_t m) { progress.Update(m); });
    if (!indexed.ok()) return FailIn(session, &logs[i], indexed.status());
    head = *std::move(indexed);
  }
  const double indexed_seconds = SecondsSince(start);
  if (!head) {
    session.out.Error("bench: nothing was acknowledged: --duration is too short");
    return ExitCode::kUnverified;
  }
  if (report) {
    ReportIngest(flags, logs, *done, indexed_seconds, *head, session.out);
  }
  return ExitCode::kHolds;
}

// What `proofs` and `mixed` ask for.
ProofWork WorkFor(const BenchFlags& flags, const VerifiedHead& head,
                  const BenchRecords& records) {
  ProofWork work{.version = head.version, .batch = flags.batch};
  const uint64_t count =
      records.count() ? std::min(*records.count(), flags.records) : flags.records;
  const uint64_t step = std::max<uint64_t>(1, count / kMostMembers);
  for (uint64_t i = 0; i < count && work.members.size() < kMostMembers; i += step) {
    work.members.push_back(records.At(i));
  }
  return work;
}

void AddStrangers(const BenchRecords& records, ProofWork& work) {
  for (uint64_t i = 0; i < std::max<uint64_t>(1024, work.members.size()); ++i) {
    const Hash other = records.At(BenchRecords::kAbsent + i);
    work.strangers.push_back(records.count() ? Sha256(other) : other);
  }
}

ExitCode ReportProofs(const BenchFlags& flags, const std::string& name,
                      const ProofResult& result, const Version& version,
                      Session& session) {
  Output& out = session.out;
  const LoopResult& loop = result.loop;
  const double rate = loop.calls / loop.seconds;
  const double values = result.values / loop.seconds;
  const Percentiles latency = PercentilesOf(loop.latencies_us);
  const bool batch = result.values > loop.calls;
  const bool good = loop.failed == 0 && result.refused == 0 && result.verified > 0;
  out.Result({{"bench", name},
              {"origin", version.checkpoint.origin},
              {"size", version.checkpoint.size},
              {"index_size", version.index.m},
              {"calls", loop.calls},
              {"failed", loop.failed},
              {"concurrency", flags.concurrency},
              {"seconds", loop.seconds},
              {"calls_per_second", rate},
              {"values_per_second", values},
              {"answer_bytes", result.answer_bytes},
              {"latency_us", ToJson(latency)},
              {"verified", result.verified},
              {"refused", result.refused}},
             absl::StrFormat("%s: %.0f calls/s%s, answers of %.0f bytes", name, rate,
                             batch ? absl::StrFormat(" of %d values, %.0f values/s",
                                                     flags.batch, values)
                                   : std::string(),
                             result.answer_bytes));
  out.Detail(absl::StrFormat("  %d calls, %d under way at a time: %s", loop.calls,
                             flags.concurrency, ToText(latency)));
  out.Detail(absl::StrFormat("  verified here: %d of the answers, all of those kept%s",
                             result.verified, good ? "" : ", but see below"));
  if (loop.failed > 0) {
    out.Error(absl::StrFormat("bench: %d calls failed; the first: %s", loop.failed,
                              WithRemedy(loop.first_failure, session.server)));
  }
  if (result.refused > 0) {
    out.Error(absl::StrFormat(
        "UNVERIFIED: %d of %d answers that were looked at do not verify; the first: %s",
        result.refused, result.refused + result.verified,
        std::string(result.first_refusal.message())));
  } else if (result.verified == 0) {
    out.Error("UNVERIFIED: there was no answer to look at");
  }
  return good ? ExitCode::kHolds : ExitCode::kUnverified;
}

// The proofs of `mixed` are for versions that were made while it ran.
void JudgeKept(BenchLog& log, const ProofWork& work, ProofResult& result) {
  std::map<uint64_t, absl::StatusOr<Version>> versions;
  for (const KeptLookup& kept : result.kept) {
    auto found = versions.find(kept.m);
    if (found == versions.end()) {
      found = versions.emplace(kept.m, log.FindVersion(kept.m)).first;
    }
    const absl::StatusOr<Version>& version = found->second;
    Count(version.ok() ? JudgeLookup(version->index.set_root, kept, work.members_stay)
                       : version.status(),
          result);
  }
}

}  // namespace

ExitCode BenchIngest(const BenchFlags& flags, Session& session) {
  const absl::StatusOr<BenchRecords> records = RecordsOf(flags);
  if (!records.ok()) return session.out.Fail(records.status());
  const std::string unnamed = BenchLog::NewOrigin();
  std::vector<BenchLog> logs;
  for (uint64_t i = 0; i < flags.logs; ++i) {
    absl::StatusOr<BenchLog> log =
        WritableLog(session, flags,
                    flags.logs == 1 ? unnamed : absl::StrFormat("%s/%d", unnamed, i));
    if (!log.ok()) return FailIn(session, nullptr, log.status());
    logs.push_back(*std::move(log));
  }
  return RunIngest(flags, *records, logs, session, /*report=*/true);
}

ExitCode BenchProofs(const BenchFlags& flags, Session& session) {
  absl::StatusOr<BenchRecords> records = RecordsOf(flags);
  if (!records.ok()) return session.out.Fail(records.status());
  std::optional<ProofWork> work;
  std::vector<BenchLog> logs;
  if (flags.origin.empty()) {
    absl::StatusOr<BenchLog> made = WritableLog(session, flags, BenchLog::NewOrigin());
    if (!made.ok()) return FailIn(session, nullptr, made.status());
    logs.push_back(*std::move(made));
    const ExitCode filled = RunIngest(flags, *records, logs, session, false);
    if (filled != ExitCode::kHolds) return filled;
    const absl::StatusOr<VerifiedHead> head = logs[0].session().Head({}, {});
    if (!head.ok()) return FailIn(session, &logs[0], head.status());
    work = WorkFor(flags, *head, *records);
  } else {
    absl::StatusOr<BenchLog> log = BenchLog::ToRead(session, flags.trust, flags.origin);
    if (!log.ok()) return FailIn(session, nullptr, log.status());
    logs.push_back(*std::move(log));
    absl::StatusOr<std::vector<Hash>> adds =
        SampleAdds(logs[0].session().connection(), logs[0].head().version.checkpoint,
                   kSampledAdds);
    if (!adds.ok()) return FailIn(session, &logs[0], adds.status());
    if (adds->empty()) {
      return session.out.Fail(absl::FailedPreconditionError(absl::StrFormat(
          "%s has no records to ask for: append some, or name no log", flags.origin)));
    }
    work = ProofWork{
        .version = logs[0].head().version,
        .members = *std::move(adds),
        .members_stay = false,  // somebody may have removed them, or yet add them
        .batch = flags.batch};
  }
  AddStrangers(*records, *work);
  ExitCode code = ExitCode::kHolds;
  for (const ProofKind kind :
       {ProofKind::kInclusion, ProofKind::kLookup, ProofKind::kBatch}) {
    Progress progress(NameOf(kind), 0, session.out.quiet());
    // 64 batches at a time would only queue up behind each other.
    BenchFlags shown = flags;
    if (kind == ProofKind::kBatch) {
      shown.concurrency = std::min(flags.concurrency, kBatchConcurrency);
    }
    const ProofResult result =
        MeasureProofs(logs[0].session().connection(), kind, *work,
                      {.concurrency = flags.concurrency,
                       .duration = DurationOf(flags).value_or(std::chrono::seconds(5)),
                       .progress = [&](uint64_t calls) { progress.Update(calls); }});
    code =
        Worst(code, ReportProofs(shown, NameOf(kind), result, work->version, session));
  }
  return code;
}

ExitCode BenchMixed(const BenchFlags& flags, Session& session) {
  absl::StatusOr<BenchRecords> records = RecordsOf(flags);
  if (!records.ok()) return session.out.Fail(records.status());
  std::vector<BenchLog> logs;
  absl::StatusOr<BenchLog> made = WritableLog(session, flags, BenchLog::NewOrigin());
  if (!made.ok()) return FailIn(session, nullptr, made.status());
  logs.push_back(*std::move(made));
  BenchLog& log = logs[0];
  const ExitCode filled = RunIngest(flags, *records, logs, session, false);
  if (filled != ExitCode::kHolds) return filled;
  const absl::StatusOr<VerifiedHead> head = log.session().Head({}, {});
  if (!head.ok()) return FailIn(session, &log, head.status());
  ProofWork work = WorkFor(flags, *head, *records);
  work.newest = true;
  AddStrangers(*records, work);

  // The appends go on for as long as the lookups do.
  const Connection& connection = log.session().connection();
  std::atomic<bool> stop = false;
  absl::StatusOr<IngestResult> ingest = absl::UnknownError("not run");
  std::thread writer([&] {
    ingest = Ingest(connection, *records,
                    {.origins = {log.session().origin()},
                     .first = flags.records,
                     .records = BenchRecords::kAbsent / 2,
                     .clients = flags.clients,
                     .at_a_time = flags.at_a_time,
                     .stop = &stop});
  });
  Progress progress("lookups beside appends", 0, session.out.quiet());
  ProofResult result =
      MeasureProofs(connection, ProofKind::kLookup, work,
                    {.concurrency = flags.concurrency,
                     .duration = DurationOf(flags).value_or(std::chrono::seconds(10)),
                     .progress = [&](uint64_t calls) { progress.Update(calls); }});
  stop = true;
  writer.join();
  if (!ingest.ok()) return FailIn(session, &log, ingest.status());
  const absl::StatusOr<VerifiedHead> indexed = log.session().client().WaitIndexed(
      ingest->ends[0] == 0 ? 0 : ingest->ends[0] - 1, [](uint64_t) {});
  if (!indexed.ok()) return FailIn(session, &log, indexed.status());
  JudgeKept(log, work, result);

  const double rate = ingest->records / ingest->seconds;
  const Percentiles latency = PercentilesOf(ingest->latencies_us);
  session.out.Result(
      {{"bench", "mixed-ingest"},
       {"origin", log.session().origin()},
       {"records", ingest->records},
       {"clients", flags.clients},
       {"at_a_time", flags.at_a_time},
       {"seconds", ingest->seconds},
       {"records_per_second", rate},
       {"latency_us", ToJson(latency)}},
      absl::StrFormat("appends beside lookups: %.0f records/s durable", rate));
  session.out.Detail("  a message until its acknowledgement: " + ToText(latency));
  return ReportProofs(flags, "mixed-lookup", result, indexed->version, session);
}

}  // namespace setlog
