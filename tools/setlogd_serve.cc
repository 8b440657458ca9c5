// setlogd --data DIR: serves. Everything but flags and signals is in server/.
#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <string>

#include "absl/strings/str_format.h"
#include "daemon/event_log.h"
#include "server/server.h"
#include "server/vrf_keys.h"
#include "tools/daemon_flags.h"
#include "tools/prove_budget.h"
#include "tools/setlogd_commands.h"
#include "tools/trust_flags.h"
#include "tools/units.h"
#include "tools/vrf_key_flags.h"

namespace setlog {
namespace {

constexpr rlim_t kMinDescriptors = 4096;

// Each connection and each open file of the store needs one.
absl::Status RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::OkStatus();
  if (limit.rlim_max < kMinDescriptors) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "only %d file descriptors are allowed, %d are needed: raise the hard limit "
        "(`ulimit -Hn`, or LimitNOFILE= in a systemd unit)",
        limit.rlim_max, kMinDescriptors));
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return absl::OkStatus();
}

// All encrypted ones with the same source of passphrases; standard input has a line for
// each.
absl::StatusOr<VrfKeys> ReadVrfKeys(const std::vector<std::string>& files,
                                    const std::string& passphrase_file) {
  std::vector<VrfSecretKey> keys;
  for (const std::string& file : files) {
    absl::StatusOr<VrfSecretKey> key =
        LoadVrfKey({.file = file, .passphrase_file = passphrase_file});
    if (!key.ok()) return key.status();
    keys.push_back(*std::move(key));
  }
  return VrfKeys::Of(std::move(keys));
}

// What is wrong with the value of a flag, which is named.
int FailFlag(std::string_view flag, const absl::Status& status) {
  return FailDaemon(absl::Status(
      status.code(), absl::StrFormat("%s: %s", flag, std::string(status.message()))));
}

}  // namespace

int DaemonServe(int argc, char** argv) {
  ServerOptions options;
  std::string memory;
  std::string min_free;
  CLI::App app(
      "setlogd serves append-only logs of data-set records, with proofs.\n\n"
      "  setlogd --data /var/lib/setlog\n\n"
      "Prints `ready grpc=HOST:PORT http=HOST:PORT` on stdout when it answers; logs "
      "go\n"
      "to stderr. SIGTERM and SIGINT drain and stop it.");
  app.add_option("--data", options.data_dir, "directory of the store, keys and token")
      ->required();
  app.add_option("--listen", options.listen,
                 "gRPC: HOST:PORT (port 0 = any free one) or unix:PATH")
      ->capture_default_str();
  app.add_option("--http", options.http, "HTTP: HOST:PORT (port 0 = any free one)")
      ->capture_default_str();
  app.add_option(
      "--memory", memory,
      "budget for anonymous memory, as in 512MiB or 2GiB (default: a quarter "
      "of RAM, at most 2GiB)");
  app.add_option("--anchor", options.anchor_path,
                 "the head anchor's file, best on another disk (default: DIR/anchor)");
  app.add_option(
      "--min-free", min_free,
      "writes are refused while the disk of --data or --anchor has less room "
      "than this (default: 256MiB)");
  app.add_option("--tls-cert", options.tls_cert, "PEM certificate chain for gRPC");
  app.add_option("--tls-key", options.tls_key, "PEM private key of --tls-cert");
  app.add_option("--client-ca", options.client_ca,
                 "PEM certificates: clients must show one signed by these");
  app.add_flag("--insecure-plaintext", options.insecure_plaintext,
               "allow addresses other than loopback without TLS: tokens and records "
               "can then be read on the way");
  app.add_option(
      "--accept-rollback", options.accept_rollback,
      "go on from this commit although the anchor says that there were later "
      "ones: what was acknowledged after it is lost");
  std::string policy_file;
  app.add_option("--policy", policy_file,
                 "C2SP tlog-policy: witnesses that are asked to cosign every head, and "
                 "their quorum");
  app.add_option("--witness-ca", options.witness_ca,
                 "PEM certificates that the witnesses' own are checked with (default: "
                 "the system's)");
  std::string recosign;
  app.add_option(
      "--recosign", recosign,
      "heads are cosigned anew after this time even if nothing was added, as "
      "in 30m (default: 1h)");
  std::vector<std::string> vrf_key_files;
  app.add_option("--vrf-key", vrf_key_files,
                 "a private log's VRF key: queries that have a token for `read` are "
                 "answered with it. May be given several times")
      ->type_name("FILE");
  std::string vrf_passphrase_file;
  AddVrfPassphraseFile(app, vrf_passphrase_file);
  std::string prove_budget;
  app.add_option("--prove-budget", prove_budget,
                 "records that a token may have proven of each private log, unless it "
                 "has a budget of its own, as in 1000/1h (default: 10000/1d; 0: none)")
      ->type_name("N/TIME");
  std::string level = "info";
  std::string format = "kv";
  app.add_option("--log-level", level, "least level of the log's lines on stderr")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log-format", format, "key=value, or one JSON object a line")
      ->check(CLI::IsMember({"kv", "json"}))
      ->capture_default_str();
  if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) {
    return *exit_code;
  }
  options.memory_bytes = DefaultMemoryBytes();
  if (!memory.empty()) {
    absl::StatusOr<uint64_t> bytes = ParseSize(memory);
    if (!bytes.ok()) return FailFlag("--memory", bytes.status());
    options.memory_bytes = *bytes;
  }
  if (!min_free.empty()) {
    absl::StatusOr<uint64_t> bytes = ParseSize(min_free);
    if (!bytes.ok()) return FailFlag("--min-free", bytes.status());
    options.min_free_bytes = *bytes;
  }
  std::optional<Policy> policy;
  if (!policy_file.empty()) {
    absl::StatusOr<Policy> read = ReadPolicyFile(policy_file);
    if (!read.ok()) return FailFlag("--policy", read.status());
    policy = *std::move(read);
    options.policy = &*policy;
  } else if (!options.witness_ca.empty() || !recosign.empty()) {
    return FailDaemon(absl::InvalidArgumentError(
        "--witness-ca and --recosign are of no use without --policy FILE, which names "
        "the witnesses"));
  }
  if (!recosign.empty()) {
    absl::StatusOr<int64_t> us = ParseDuration(recosign);
    if (!us.ok()) return FailFlag("--recosign", us.status());
    options.recosign = std::chrono::milliseconds(*us / 1000);
  }
  const absl::StatusOr<VrfKeys> vrf_keys =
      ReadVrfKeys(vrf_key_files, vrf_passphrase_file);
  if (!vrf_keys.ok()) return FailFlag("--vrf-key", vrf_keys.status());
  options.vrf_keys = &*vrf_keys;
  if (!prove_budget.empty()) {
    const absl::StatusOr<Budget> budget = ParseBudget(prove_budget);
    if (!budget.ok()) return FailFlag("--prove-budget", budget.status());
    options.prove_budget = *budget;
  }
  if (absl::Status s = RaiseDescriptorLimit(); !s.ok()) return FailDaemon(s);

  // Blocked before any thread exists, so that they all leave the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  EventLog events(*ParseLogLevel(level),
                  format == "json" ? LogFormat::kJson : LogFormat::kKeyValue,
                  WriteToStderr);
  options.events = &events;
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    const int exit_code = FailDaemon(server.status());
    if (absl::IsDataLoss(server.status())) {
      const std::string where =
          options.data_dir +
          (options.anchor_path.empty() ? "" : " --anchor " + options.anchor_path);
      std::cerr
          << "  What is damaged:        setlogd fsck --data " << where
          << "\n  To make anew what can:  setlogd repair --data " << where
          << "\n  If the anchor is elsewhere, name it with --anchor FILE; only if\n"
             "  the store itself is lost, restore the newest backup beside it.\n";
    }
    return exit_code;
  }
  std::cout << "ready grpc=" << (*server)->grpc_address()
            << " http=" << (*server)->http_address() << std::endl;
  int received = 0;
  sigwait(&signals, &received);
  server->reset();
  return 0;
}

}  // namespace setlog
