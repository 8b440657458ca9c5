// `setlog prover`: answers queries of private logs with their VRF keys, for owners
// whose server is to see no record.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "daemon/event_log.h"
#include "server/prover.h"
#include "tools/commands.h"
#include "tools/log_session.h"
#include "tools/prove_budget.h"
#include "tools/vrf_key_flags.h"

namespace setlog {
namespace {

struct ProverFlags {
  ProverOptions options;
  std::vector<std::string> logs;
  std::vector<std::string> key_files;
  std::string passphrase_file;
  std::string budget;
  TrustFlags trust;
  std::string log_level = "info";
  std::string log_format = "kv";
};

// OK if the log's verified manifest has this public key.
absl::Status CheckManifestKey(const ProverFlags& flags, const std::string& origin,
                              const VrfPublicKey& key, Session& session) {
  absl::StatusOr<LogSession> log = LogSession::Open(session, flags.trust, origin);
  if (!log.ok()) return log.status();
  const absl::StatusOr<VerifiedHead> head = log->Head({}, {});
  if (!head.ok())
    return absl::Status(head.status().code(), log->Explain(head.status()));
  const std::optional<VrfLabels>& labels = head->version.manifest.labels;
  if (!labels) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is no private log: its records are looked up by their hashes", origin));
  }
  if (labels->public_key == key.bytes()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the --vrf-key of %s has the public key %s, and the log's manifest has %s: name "
      "the key that `setlog init` was given",
      origin, ToHex(key.bytes()), ToHex(labels->public_key)));
}

// The keys by origin. Starts no thread.
absl::Status ReadKeys(ProverFlags& flags, bool has_server) {
  if (flags.logs.size() != flags.key_files.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d --log and %d --vrf-key: each log has a key of its own, named after it",
        flags.logs.size(), flags.key_files.size()));
  }
  if (!has_server && !flags.trust.vkey.empty()) {
    return absl::InvalidArgumentError(
        "--key is of no use without --server, which has the log");
  }
  if (!flags.trust.vkey.empty() && flags.logs.size() > 1) {
    return absl::InvalidArgumentError(
        "--key is one log's: pin those of several with `setlog trust add`");
  }
  std::set<Hash> seen;
  for (size_t i = 0; i < flags.logs.size(); ++i) {
    absl::StatusOr<VrfSecretKey> key = LoadVrfKey(
        {.file = flags.key_files[i], .passphrase_file = flags.passphrase_file});
    if (!key.ok()) {
      return absl::Status(
          key.status().code(),
          absl::StrFormat("--vrf-key: %s", std::string(key.status().message())));
    }
    if (!seen.insert(key->PublicKey().bytes()).second) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--vrf-key: %s is the key of another --log already: one key is for one log",
          flags.key_files[i]));
    }
    if (!flags.options.keys.emplace(flags.logs[i], *std::move(key)).second) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--log %s is there twice", flags.logs[i]));
    }
  }
  return absl::OkStatus();
}

ExitCode RunProver(ProverFlags& flags, Session& session) {
  ProverOptions& options = flags.options;
  options.insecure_plaintext = session.server.insecure_plaintext;
  if (!flags.budget.empty()) {
    const absl::StatusOr<Budget> budget = ParseBudget(flags.budget);
    if (!budget.ok()) return session.out.Fail(budget.status());
    options.prove_budget = *budget;
  }
  const bool has_server = session.server.named;
  if (absl::Status s = ReadKeys(flags, has_server); !s.ok()) return session.out.Fail(s);
  EventLog events(*ParseLogLevel(flags.log_level),
                  flags.log_format == "json" ? LogFormat::kJson : LogFormat::kKeyValue,
                  WriteToStderr);
  options.events = &events;

  // Blocked before any thread exists, so that they all leave the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  for (const auto& [origin, key] : options.keys) {
    if (!has_server) break;
    const absl::Status s = CheckManifestKey(flags, origin, key.PublicKey(), session);
    if (!s.ok()) return session.out.Fail(s);
  }
  absl::StatusOr<std::unique_ptr<Prover>> prover = Prover::Start(std::move(options));
  if (!prover.ok()) return session.out.Fail(prover.status());
  const std::string http = (*prover)->http_address();
  std::cout << "ready grpc=" << (*prover)->grpc_address()
            << (http.empty() ? "" : " http=" + http) << std::endl;
  int received = 0;
  sigwait(&signals, &received);
  prover->reset();
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareProver(CLI::App& app) {
  auto flags = std::make_unique<ProverFlags>();
  ProverOptions& options = flags->options;
  app.add_option("--data", options.data_dir,
                 "directory of the admin token, tokens, budgets and audit trail")
      ->required()
      ->type_name("DIR");
  app.add_option("--log", flags->logs,
                 "a private log to answer for; may be given several times, each with a "
                 "--vrf-key")
      ->required()
      ->type_name("ORIGIN");
  app.add_option("--vrf-key", flags->key_files, "the log's VRF key")
      ->required()
      ->type_name("FILE");
  AddVrfPassphraseFile(app, flags->passphrase_file);
  app.add_option("--listen", options.listen,
                 "gRPC: HOST:PORT (port 0 = any free one) or unix:PATH")
      ->capture_default_str();
  app.add_option("--http", options.http,
                 "/healthz and /metrics: HOST:PORT on loopback (default: nowhere)");
  app.add_option("--prove-budget", flags->budget,
                 "records that a token may have proven of each log, unless it has a "
                 "budget of its own (10000/1d; 0: none)")
      ->type_name("N/TIME");
  app.add_option("--tls-cert", options.tls_cert, "PEM certificate chain")
      ->type_name("FILE");
  app.add_option("--tls-key", options.tls_key, "PEM private key of --tls-cert")
      ->type_name("FILE");
  app.add_option("--client-ca", options.client_ca,
                 "PEM certificates: clients must show one signed by these")
      ->type_name("FILE");
  AddTrustFlags(app, flags->trust);
  app.add_option("--log-level", flags->log_level, "least level of lines on stderr")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log-format", flags->log_format,
                 "key=value, or one JSON object a line")
      ->check(CLI::IsMember({"kv", "json"}))
      ->capture_default_str();
  app.footer(
      "  setlog prover --data /var/lib/prover --log example.org/pets --vrf-key "
      "pets.vrf \\\n"
      "      --server log.example.org:443 --tls\n"
      "  ready grpc=127.0.0.1:7073\n"
      "  setlog token create example.org/pets --verbs read --prove-budget 1000/1d \\\n"
      "      --server 127.0.0.1:7073 --token-file /var/lib/prover/admin.token\n\n"
      "The log's server never sees the key or a record. With --server the log's "
      "verified\n"
      "manifest must have this key, or the prover does not start; without, which log "
      "has\n"
      "which key is taken from the command line. What is asked is kept nowhere; who "
      "asked\n"
      "for how many is in DIR/audit.log.");
  return [flags = std::move(flags)](Session& session) {
    return RunProver(*flags, session);
  };
}

}  // namespace setlog
