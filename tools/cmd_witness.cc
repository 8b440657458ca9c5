// `setlog witness`: cosigns the heads of logs that it replays.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/state.h"
#include "daemon/event_log.h"
#include "log/policy.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "witness/witness.h"
#include "witness/witness_key.h"

namespace setlog {
namespace {

struct WitnessFlags {
  std::string logs_file;
  std::string state;
  std::string key_file;
  std::string name;
  bool new_state = false;
  std::string listen = "127.0.0.1:7072";
  bool light = false;
  int64_t poll_us = 2'000'000;
  int64_t keep_every_us = 60'000'000;
  std::string log_level = "info";
  std::string log_format = "kv";
};

std::chrono::milliseconds Milliseconds(int64_t us) {
  return std::chrono::milliseconds(us / 1000);
}

absl::StatusOr<std::vector<Policy::Log>> ReadLogs(const std::string& file) {
  absl::StatusOr<std::string> text = ReadSmallFile(file, kMaxPolicyBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<Policy::Log>> logs = ParsePolicyLogs(*text);
  if (logs.ok()) return logs;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s", file, std::string(logs.status().message())));
}

void ReadLogsAgain(const std::string& file, Witness& witness, EventLog& events) {
  const absl::StatusOr<std::vector<Policy::Log>> logs = ReadLogs(file);
  absl::Status status = logs.status();
  if (logs.ok()) {
    const absl::StatusOr<WitnessedLogs::Changes> changes = witness.ChangeLogs(*logs);
    status = changes.status();
    if (changes.ok()) {
      events.Write(LogLevel::kInfo, "logs_read",
                   {{"file", file},
                    {"logs", uint64_t{logs->size()}},
                    {"added", changes->added},
                    {"removed", changes->removed},
                    {"moved", changes->moved}});
      return;
    }
  }
  events.Write(
      LogLevel::kError, "logs_not_read",
      {{"file", file},
       {"message", absl::StrFormat("%s. The list of before stays: mend the file, and "
                                   "send SIGHUP again",
                                   std::string(status.message()))}});
}

ExitCode RunWitness(const WitnessFlags& flags, Session& session) {
  WitnessOptions options;
  options.directory = flags.state;
  if (options.directory.empty()) {
    const absl::StatusOr<std::string> home = StateDirectory::DefaultPath();
    if (!home.ok()) return session.out.Fail(home.status());
    options.directory = *home + "/witness";
  }
  if (absl::Status s = MakePrivateDirectory(options.directory); !s.ok()) {
    return session.out.Fail(s);
  }
  absl::StatusOr<std::vector<Policy::Log>> logs = ReadLogs(flags.logs_file);
  if (!logs.ok()) return session.out.Fail(logs.status());
  options.logs = *std::move(logs);
  absl::StatusOr<SigningKey> key = OpenWitnessKey(
      {.directory = options.directory,
       .file =
           flags.key_file.empty() ? options.directory + "/witness.key" : flags.key_file,
       .name = flags.name,
       .new_state = flags.new_state});
  if (!key.ok()) return session.out.Fail(key.status());
  const std::string vkey = FormatVkey(key->Verifier(SignatureType::kCosignature));
  options.light = flags.light;
  options.listen = flags.listen;
  options.insecure_plaintext = session.server.insecure_plaintext;
  // No token: each of the logs would learn it.
  options.source = {.insecure_plaintext = session.server.insecure_plaintext,
                    .ca_file = session.server.ca_file,
                    .retry_for = std::chrono::milliseconds(0)};
  options.poll = Milliseconds(flags.poll_us);
  options.keep_every = Milliseconds(flags.keep_every_us);
  EventLog events(*ParseLogLevel(flags.log_level),
                  flags.log_format == "json" ? LogFormat::kJson : LogFormat::kKeyValue,
                  WriteToStderr);
  options.events = &events;

  // Blocked before any thread exists, so that they all leave the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  absl::StatusOr<std::unique_ptr<Witness>> witness =
      Witness::Start(std::move(options), *std::move(key));
  if (!witness.ok()) return session.out.Fail(witness.status());
  std::cout << "ready http=" << (*witness)->http_address() << " vkey=" << vkey
            << std::endl;
  int received = 0;
  while (sigwait(&signals, &received) == 0 && received == SIGHUP) {
    ReadLogsAgain(flags.logs_file, **witness, events);
  }
  witness->reset();
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareWitness(CLI::App& app) {
  auto flags = std::make_unique<WitnessFlags>();
  app.add_option("--logs", flags->logs_file,
                 "the logs to cosign: lines `log VKEY ADDRESS`, as in a policy; SIGHUP "
                 "reads it again")
      ->required()
      ->type_name("FILE");
  app.add_option("--state", flags->state,
                 "what was cosigned and replayed (default: SETLOG_HOME/witness); never "
                 "restore an old copy of it")
      ->type_name("DIR");
  app.add_option("--key", flags->key_file,
                 "the witness's own key, used for nothing else (default: "
                 "DIR/witness.key)")
      ->type_name("FILE");
  app.add_option("--name", flags->name,
                 "makes the key under this name, if there is none yet")
      ->type_name("NAME");
  app.add_flag("--new-state", flags->new_state,
               "once: the key was there before DIR, and begins with it. Whatever it "
               "cosigned with another state is forgotten: retire such a key instead");
  app.add_option("--listen", flags->listen,
                 "HTTP: HOST:PORT (port 0 = any free one). TLS is for a proxy before "
                 "it; not loopback: --insecure-plaintext")
      ->capture_default_str();
  app.add_flag("--light", flags->light,
               "cosign by heads alone, without replaying: such a key must not stand in "
               "the policy's group replay");
  AddDuration(app, "--poll", flags->poll_us,
              "how often a log is looked at between requests (2s)");
  AddDuration(app, "--keep-every", flags->keep_every_us,
              "how often a replay is kept on the disk (60s)");
  app.add_option("--log-level", flags->log_level, "least level of lines on stderr")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log-format", flags->log_format,
                 "key=value, or one JSON object a line")
      ->check(CLI::IsMember({"kv", "json"}))
      ->capture_default_str();
  app.footer(
      "  echo 'log data.example.org/qa+1a2b3c4d+AQ... grpcs://log.example.org:443' "
      ">logs\n"
      "  setlog witness --logs logs --name witness.example.net/w1 --state "
      "/var/lib/witness\n"
      "  ready http=127.0.0.1:7072 vkey=witness.example.net/w1+5c2a0f11+BN9d...\n\n"
      "A C2SP tlog-witness that is an auditor: before it cosigns a head it replays "
      "the\n"
      "entries and recomputes every set root. Addresses: grpc://HOST:PORT (loopback),\n"
      "grpcs://HOST:PORT, unix:PATH. Give the vkey to the log's owner and to readers,\n"
      "who put it into the group `replay` of their policy. Memory: some 65 bytes a\n"
      "member of each log's set; --light needs none. A log that is caught lying is\n"
      "never cosigned again, and the evidence is in DIR/evidence.");
  return [flags = std::move(flags)](Session& session) {
    return RunWitness(*flags, session);
  };
}

}  // namespace setlog
