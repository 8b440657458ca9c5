// `setlog bench`: how fast is this server, from here?

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "tools/bench_records.h"
#include "tools/bench_runs.h"
#include "tools/commands.h"
#include "tools/flags.h"

namespace setlog {
namespace {

constexpr uint64_t kMostClients = 4096;

CLI::Option* AddCount(CLI::App& app, const std::string& name, uint64_t& number,
                      uint64_t most, const std::string& help) {
  const std::string shown = number > 0 ? absl::StrFormat(" (%d)", number) : "";
  return AddNumber(app, name, number, help + shown)
      ->required(false)
      ->check([name, most](const std::string& text) {
        const std::optional<uint64_t> value = ParseDecimal(text);
        return value && *value >= 1 && *value <= most
                   ? std::string()
                   : absl::StrFormat("%s is from 1 to %d", name, most);
      });
}

void AddAppendFlags(CLI::App& app, BenchFlags& flags) {
  AddCount(app, "--records", flags.records, BenchRecords::kAbsent / 2,
           "random values to append");
  AddCount(app, "--clients", flags.clients, kMostClients, "append streams");
  AddCount(app, "--at-a-time", flags.at_a_time, 65'536,
           "each client sends so many, and waits for their acknowledgement; else it "
           "keeps a window under way");
  app.add_option("--packed", flags.packed, "append the values of FILE, 32 bytes each")
      ->type_name("FILE");
  app.add_flag("--any-log", flags.any_log,
               "write into ORIGIN although `setlog bench` did not make it");
}

void AddProofFlags(CLI::App& app, BenchFlags& flags) {
  AddCount(app, "--concurrency", flags.concurrency, kMostClients,
           "calls under way; of batches 4 at most");
}

}  // namespace

Runner DeclareBench(CLI::App& app) {
  auto flags = std::make_unique<BenchFlags>();
  app.require_subcommand(1);
  CLI::App* ingest =
      app.add_subcommand("ingest", "appends until they are indexed, and measures");
  CLI::App* proofs =
      app.add_subcommand("proofs", "inclusion, lookup and batch lookup, each in turn");
  CLI::App* mixed = app.add_subcommand("mixed", "lookups while records are appended");
  for (CLI::App* sub : {ingest, proofs, mixed}) {
    sub->fallthrough();
    AddOrigin(*sub, flags->origin)->required(false);
    AddAppendFlags(*sub, *flags);
    AddTrustFlags(*sub, flags->trust);
  }
  AddCount(*ingest, "--logs", flags->logs, 1000,
           "unnamed logs, which the clients share");
  AddDuration(*ingest, "--duration", flags->duration_us, "send nothing after that");
  AddProofFlags(*proofs, *flags);
  AddCount(*proofs, "--batch", flags->batch, LogClient::kBatchRecords,
           "values in one batch lookup");
  AddDuration(*proofs, "--duration", flags->duration_us, "of each kind of proof (5s)");
  AddProofFlags(*mixed, *flags);
  AddDuration(*mixed, "--duration", flags->duration_us,
              "of lookups and appends together (10s)");
  app.footer(
      "  setlog bench ingest --records 5000000\n"
      "  setlog bench ingest --clients 64 --at-a-time 1 --records 100000\n"
      "  setlog bench proofs example.org/pets --concurrency 16\n\n"
      "`ingest` and `mixed` append random values, which stay in a log for ever. So "
      "they\n"
      "write only into a log that `setlog bench` made: ORIGIN, or a new one called\n"
      "bench/<16 hex digits>. `proofs ORIGIN` only reads; without ORIGIN it fills a "
      "new\n"
      "log first. Latencies are exact percentiles over all calls. Of the proofs a "
      "sample\n"
      "is kept and verified after the measurement; how many is in the output.\n"
      "Exit codes: 0 measured, and every proof of the sample holds; 2 usage, or not "
      "its\n"
      "own log; 3 no answer, a call that failed, or a proof that does not verify.");
  return [flags = std::move(flags), ingest, proofs](Session& session) {
    if (flags->logs > 1 && !flags->origin.empty()) {
      session.out.Error("bench: --logs is for unnamed logs: leave ORIGIN out");
      return ExitCode::kUsage;
    }
    if (flags->logs > flags->clients) flags->clients = flags->logs;
    if (ingest->parsed()) return BenchIngest(*flags, session);
    return proofs->parsed() ? BenchProofs(*flags, session)
                            : BenchMixed(*flags, session);
  };
}

}  // namespace setlog
