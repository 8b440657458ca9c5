// server/prover_service.h -- what the holder of VRF keys does
// (proto/setlog/v1/prover.proto).
//
// It knows keys, tokens and budgets, no logs: it cannot tell whether a record is in
// one, so neither the time nor the size of an answer depends on it. Each call is made
// on threads of the service's own, queries apart from the labels of those who write. No
// record hash is kept, logged or repeated in an error.
#ifndef SETLOG_SERVER_PROVER_SERVICE_H_
#define SETLOG_SERVER_PROVER_SERVICE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "http/work_queue.h"
#include "log/vrf.h"
#include "port/parallel.h"
#include "server/access.h"
#include "server/audit_log.h"
#include "server/budgets.h"
#include "server/limits.h"
#include "server/prover_metrics.h"
#include "setlog/v1/prover.grpc.pb.h"

namespace setlog {

class LogDirectory;
class VrfKeys;

class ProverService final : public v1::Prover::CallbackService {
 public:
  // The key of a log, for somebody who may know that the log exists. NotFound for an
  // unknown origin; FailedPrecondition for a log without labels or one whose key is not
  // held here. Keys outlive the service.
  using FindKey =
      std::function<absl::StatusOr<const VrfSecretKey*>(const std::string& origin)>;

  static constexpr size_t kMaxProved = 4096;
  static constexpr size_t kMaxLabelled = 65536;

  // What it is given must outlive it; it must outlive all calls.
  ProverService(const Access* access, AuditLog* audit, Budgets* budgets,
                const ProverMetrics* metrics, FindKey find_key, const Limits& limits);

  grpc::ServerUnaryReactor* Prove(grpc::CallbackServerContext* context,
                                  const v1::ProveRequest* request,
                                  v1::ProveResponse* response) override;
  grpc::ServerUnaryReactor* Label(grpc::CallbackServerContext* context,
                                  const v1::LabelRequest* request,
                                  v1::LabelResponse* response) override;
  grpc::ServerUnaryReactor* ProvePads(grpc::CallbackServerContext* context,
                                      const v1::ProvePadsRequest* request,
                                      v1::ProveResponse* response) override;

 private:
  struct Call;

  // Whether the caller may do that now.
  absl::Status Check(const Call& call, const Caller& caller) const;
  // Makes the answer on a thread of `queue`.
  grpc::ServerUnaryReactor* Answer(WorkQueue* queue, Call call);
  absl::Status Work(const Call& call);

  const Access* const access_;
  AuditLog* const audit_;
  Budgets* const budgets_;
  const ProverMetrics* const metrics_;
  const FindKey find_key_;
  Parallel parallel_;  // of the one thread of labels_
  WorkQueue proofs_;
  WorkQueue labels_;
};

// The keys of those logs of `logs` that `keys` has. Both must outlive it.
ProverService::FindKey KeysOfLogs(const LogDirectory* logs, const VrfKeys* keys);

}  // namespace setlog

#endif  // SETLOG_SERVER_PROVER_SERVICE_H_
