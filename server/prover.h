// server/prover.h -- a server of nothing but the Prover and Admin services: for an
// owner whose log is on a server that is to see no record.
//
//   absl::StatusOr<std::unique_ptr<Prover>> prover = Prover::Start(std::move(options));
//   (*prover)->grpc_address();       // "127.0.0.1:41234" or "unix:PATH"
//   prover->reset();                 // drains, then stops
//
// In its directory are an admin token, tokens, budgets and an audit trail like those of
// setlogd. No log and no record: which records anybody asked about is kept nowhere.
#ifndef SETLOG_SERVER_PROVER_H_
#define SETLOG_SERVER_PROVER_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "log/vrf.h"
#include "server/budget.h"
#include "server/limits.h"
#include "server/server.h"

namespace setlog {

class EventLog;

struct ProverOptions {
  std::string data_dir;
  std::string listen = "127.0.0.1:7073";
  std::string http;  // /healthz and /metrics; empty: nowhere
  // By origin. Whoever starts it says which log has which key.
  std::map<std::string, VrfSecretKey> keys;
  Budget prove_budget = kDefaultBudget;
  // As in ServerOptions.
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;
  bool insecure_plaintext = false;
  EventLog* events;
  Limits limits;
};

class Prover {
 public:
  // Returns when its ports answer and DIR/admin.token exists. Errors name the file or
  // flag; FailedPrecondition for a directory that another one uses, or a setlogd's.
  static absl::StatusOr<std::unique_ptr<Prover>> Start(ProverOptions options);
  // Lets calls under way end for a few seconds.
  ~Prover();

  std::string grpc_address() const;
  std::string http_address() const;  // empty if there is none

 private:
  struct Parts;
  explicit Prover(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_PROVER_H_
