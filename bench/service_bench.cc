// The service, end to end over loopback, against ceilings taken in the same run. Prints
// one table. Client, server and bare echo are processes of their own.
//
//   service_bench [RECORDS] [DIR]     default 1000000, a new directory under /tmp
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/synchronization/mutex.h"
#include "call_rate.h"
#include "log/sha256.h"
#include "service_rows.h"

namespace setlog {
namespace {

void Run(const BenchOptions& options, const std::string& json) {
  std::printf("kernel: %s, %llu records\n\n", Sha256Kernels()[0].name,
              static_cast<unsigned long long>(options.records));
  Report report;
  {
    Subject subject(options, "main");
    MeasureIngest(options, subject, report);
    MeasureSingleProofs(options, subject, report);
    MeasureBatches(options, subject, report);
    MeasureVerifying(options, subject, report);
    MeasureOldVersion(options, subject, report);
    MeasureRestarts(options, subject, report);
    MeasureAudit(options, subject, report);
  }
  MeasureLogAlone(options, report);
  MeasureTlsAndCrowds(options, report);
  MeasureSingleAppends(options, report);
  if (!json.empty()) report.WriteJson(json);
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  setlog::BenchOptions options;
  options.program = std::filesystem::read_symlink("/proc/self/exe");
  options.setlogd = std::filesystem::path(options.program).replace_filename("setlogd");
  size_t echo = 0;
  std::string json;
  CLI::App app("Client and server over loopback, each a process, as one table.");
  app.add_option("records", options.records, "random hashes to append, at least 1000")
      ->check(CLI::Range(uint64_t{1000}, uint64_t{1} << 33))
      ->capture_default_str();
  app.add_option("dir", options.dir, "where to (default: a new one under /tmp)");
  app.add_option("--setlogd", options.setlogd, "the server to measure")
      ->capture_default_str();
  app.add_option("--memory", options.memory, "its limit")->capture_default_str();
  app.add_option("--calls", options.calls, "in each round of single proofs")
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "of what is measured for a time")
      ->capture_default_str();
  app.add_option("--json", json, "write the table there as JSON, too");
  app.add_option("--echo", echo, "only answer lookups with so many bytes");
  CLI11_PARSE(app, argc, argv);
  if (app.count("--echo") > 0) {
    setlog::RunEcho(echo);
    return 0;
  }
  const bool temporary = options.dir.empty();
  char name[] = "/tmp/setlog-bench-XXXXXX";
  if (temporary) options.dir = mkdtemp(name);
  // The client, too: it shares the processors with the server that it measures.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  setlog::Run(options, json);
  if (temporary) std::filesystem::remove_all(options.dir);
  return 0;
}
