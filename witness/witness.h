// witness/witness.h -- a C2SP witness over HTTP: it cosigns heads that continue those
// before.
//
//   absl::StatusOr<std::unique_ptr<Witness>> witness = Witness::Start(options);
//   (*witness)->http_address();                            // "127.0.0.1:7072"
//
//   POST /add-checkpoint                   C2SP tlog-witness: log/witness_judge.h
//   GET  /<hex SHA-256(origin)>/checkpoint the head cosigned last
//   GET  /healthz  /metrics  /             how it is, in figures, in words
//
// Unless it is `light`, it is an auditor too, and cosigns only heads whose entries it
// replayed: witness/log_follower.h. Limits: 256 KiB a request, and those of
// http/http_server.h; whoever is not a log of the list costs it one parse.
#ifndef SETLOG_WITNESS_WITNESS_H_
#define SETLOG_WITNESS_WITNESS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "daemon/event_log.h"
#include "log/policy.h"
#include "log/skey.h"
#include "witness/witnessed_logs.h"

namespace setlog {

struct WitnessOptions {
  std::string directory;          // of everything that it remembers
  std::vector<Policy::Log> logs;  // at first; of several keys an origin, if light
  bool light = false;
  std::string listen = "127.0.0.1:7072";  // HOST:PORT; port 0 = any free one
  bool insecure_plaintext = false;        // also for addresses that are not loopback
  ConnectionOptions source;               // to the logs: of TLS
  EventLog* events = nullptr;             // outlives it
  // How long a request waits for the replay to come as far; clients give up after ten
  // seconds.
  std::chrono::milliseconds patience{5000};
  // How often a log is asked for its head, and how often a replay is kept.
  std::chrono::milliseconds poll{2000};
  std::chrono::milliseconds keep_every{60000};
};

class Witness {
 public:
  // InvalidArgument for options that make no sense; FailedPrecondition for a directory
  // that is in use; DataLoss for one that cannot be relied on.
  static absl::StatusOr<std::unique_ptr<Witness>> Start(WitnessOptions options,
                                                        SigningKey key);
  // Answers what is under way, keeps the replays.
  ~Witness();

  // Cosigns these logs and no others from now on; nothing is changed on an error:
  // witness/witnessed_logs.h.
  absl::StatusOr<WitnessedLogs::Changes> ChangeLogs(
      const std::vector<Policy::Log>& logs);

  std::string http_address() const;

 private:
  struct Parts;
  explicit Witness(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace setlog

#endif  // SETLOG_WITNESS_WITNESS_H_
