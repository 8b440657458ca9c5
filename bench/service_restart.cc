#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "log/vkey.h"
#include "need.h"
#include "service_rows.h"
#include "tools/bench_proofs.h"
#include "tools/percentiles.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Starts the server; how long until a verified lookup of a member.
double UntilFirstLookup(const BenchOptions& options, Subject& subject) {
  const Clock::time_point start = Clock::now();
  subject.Start();
  LogClient& log = subject.log(kBenchOrigin);
  const VerifiedHead head = Need(log.Head());
  const Hash record = BenchRecords(kBenchSeed).At(options.records / 2);
  const LookupResult found = Need(log.Lookup(head, record, Positions::kNone));
  if (found.answer.verdict != SetVerdict::kPresent) {
    Need(absl::DataLossError("a record is gone after a restart"));
  }
  return SecondsSince(start);
}

}  // namespace

void MeasureRestarts(const BenchOptions& options, Subject& subject, Report& report) {
  report.Add({"clean stop", Seconds([&] { subject.Stop(); }), "s"});
  report.Add({"restart until the first verified lookup, pages cached",
              UntilFirstLookup(options, subject), "s", "", 0, AtMost(2)});
  subject.Stop();
  subject.DropPageCache();
  report.Add({"restart until the first verified lookup, pages cold",
              UntilFirstLookup(options, subject), "s"});
  // The first lookups that this server ever answers, one after the other.
  ProofWork work = BenchWork(options, Need(subject.log(kBenchOrigin).Head()).version);
  const ProofResult cold = MeasureProofs(subject.connection(), ProofKind::kLookup, work,
                                         {.concurrency = 1, .calls = 2000});
  Need(cold.loop.first_failure);
  Need(cold.first_refusal);
  const Percentiles latency = PercentilesOf(cold.loop.latencies_us);
  report.Add({"cold lookups, one at a time, p50", latency.p50 / 1e3, "ms"});
  report.Add(
      {"cold lookups, one at a time, p99", latency.p99 / 1e3, "ms", "", 0, AtMost(5)});
  subject.Kill();
  report.Add({"restart after kill -9 until the first verified lookup",
              UntilFirstLookup(options, subject), "s", "", 0, AtMost(5)});
}

void MeasureAudit(const BenchOptions& options, Subject& subject, Report& report) {
  const Version version = Need(subject.log(kBenchOrigin).Head()).version;
  const std::filesystem::path setlog =
      std::filesystem::path(options.setlogd).replace_filename("setlog");
  std::vector<std::string> arguments = {setlog,
                                        "audit",
                                        kBenchOrigin,
                                        "--state",
                                        subject.home() + "-audit",
                                        "--key",
                                        FormatVkey(version.log_key),
                                        "--server",
                                        subject.server().address(),
                                        "--quiet"};
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  rusage before{}, after{};
  getrusage(RUSAGE_CHILDREN, &before);
  int status = -1;
  const double seconds = Seconds([&] {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    pid_t child = 0;
    if (posix_spawn(&child, pointers[0], &actions, nullptr, pointers.data(), environ) !=
            0 ||
        waitpid(child, &status, 0) != child) {
      status = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
  });
  getrusage(RUSAGE_CHILDREN, &after);
  if (status != 0) Need(absl::DataLossError("`setlog audit` did not say CLEAN"));
  const auto cpu_of = [](const rusage& usage) {
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  };
  const double entries = static_cast<double>(version.checkpoint.size);
  report.Add({"audit: replay of every entry and every index entry", entries / seconds,
              "entries/s", "", 0, AtLeast(2e6)});
  report.Add({"audit, by its processor time",
              entries / (cpu_of(after) - cpu_of(before)), "entries/CPU s"});
}

}  // namespace setlog
