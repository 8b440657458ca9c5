#include "server/prover_service.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/vrf_batch.h"
#include "log/vrf_pad.h"
#include "proto/forms.h"
#include "server/log_directory.h"
#include "server/rpc_status.h"
#include "server/vrf_keys.h"

namespace setlog {
namespace {

// Between them a caller that has gone is noticed: some milliseconds each.
constexpr size_t kProvedAtOnce = 64;
constexpr size_t kLabelledAtOnce = 2048;

unsigned Threads() { return std::max(1u, std::thread::hardware_concurrency()); }

absl::Status CheckCount(std::string_view what, uint64_t count, uint64_t most) {
  // None would be free, and yet a line in the audit trail.
  if (count == 0) {
    return absl::InvalidArgumentError(absl::StrFormat("there are no %s", what));
  }
  if (count <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%d %s: at most %d go into one call", count, what, most));
}

absl::Status Gone() { return absl::CancelledError("the caller has gone"); }

}  // namespace

// What one call wants, and what it is called in the audit trail.
struct ProverService::Call {
  grpc::CallbackServerContext* context;
  const char* action;
  const std::string* origin;
  std::vector<Verb> verbs;  // one of them is enough
  bool spends;              // the caller's budget
  prometheus::Counter* counter;
  uint64_t count;
  absl::Status malformed;
  std::function<absl::Status(const VrfSecretKey& key)> work;
};

ProverService::ProverService(const Access* access, AuditLog* audit, Budgets* budgets,
                             const ProverMetrics* metrics, FindKey find_key,
                             const Limits& limits)
    : access_(access),
      audit_(audit),
      budgets_(budgets),
      metrics_(metrics),
      find_key_(std::move(find_key)),
      parallel_(Threads()),
      proofs_(Threads(), limits.waiting_proofs),
      labels_(1, limits.waiting_labels) {}

absl::Status ProverService::Check(const Call& call, const Caller& caller) const {
  absl::Status refused;
  for (Verb verb : call.verbs) {
    const absl::Status allowed = access_->Check(caller, verb, *call.origin);
    if (allowed.ok()) return allowed;
    refused.Update(allowed);
  }
  return refused;
}

absl::Status ProverService::Work(const Call& call) {
  if (call.context->IsCancelled()) return Gone();
  // It may have waited: the token may be revoked by now.
  const Caller caller = access_->Identify(AuthorizationOf(*call.context));
  if (absl::Status s = Check(call, caller); !s.ok()) return s;
  const absl::StatusOr<const VrfSecretKey*> key = find_key_(*call.origin);
  if (!key.ok()) return key.status();
  if (call.spends) {
    // Before the work: who hangs up has spent it all the same.
    const absl::Status spent = budgets_->Spend(caller, *call.origin, call.count);
    if (absl::IsResourceExhausted(spent)) metrics_->over_budget.Increment();
    if (!spent.ok()) return spent;
  }
  absl::Status worked = call.work(**key);
  if (worked.ok()) call.counter->Increment(static_cast<double>(call.count));
  return worked;
}

grpc::ServerUnaryReactor* ProverService::Answer(WorkQueue* queue, Call call) {
  grpc::CallbackServerContext* const context = call.context;
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  AuditEvent event{.who = caller.Name(),
                   .peer = context->peer(),
                   .action = call.action,
                   .origin = *call.origin};
  const uint64_t count = call.count;
  const auto finish = [=, this](const absl::Status& status) {
    AuditEvent ended = event;
    if (status.ok()) ended.count = count;
    audit_->Record(ended, status);
    reactor->Finish(ToGrpcStatus(status, context));
  };
  // Whether the log exists is for those alone who may ask about it.
  absl::Status refused = Check(call, caller);
  if (refused.ok()) refused = find_key_(*call.origin).status();
  if (refused.ok()) refused = call.malformed;
  if (!refused.ok()) {
    finish(refused);
  } else if (!queue->TryRun(
                 [this, finish, call = std::move(call)] { finish(Work(call)); })) {
    finish(Busy("too many calls wait for the VRF"));
  }
  return reactor;
}

grpc::ServerUnaryReactor* ProverService::Prove(grpc::CallbackServerContext* context,
                                               const v1::ProveRequest* request,
                                               v1::ProveResponse* response) {
  absl::StatusOr<std::vector<Hash>> records =
      SplitHashes(request->records(), "records");
  absl::Status malformed = records.status();
  if (!records.ok()) records = std::vector<Hash>();
  const uint64_t count = records->size();
  if (malformed.ok()) malformed = CheckCount("records", count, kMaxProved);
  const auto work = [context, response,
                     records = *std::move(records)](const VrfSecretKey& key) {
    std::string* const proofs = response->mutable_proofs();
    proofs->reserve(records.size() * VrfProof::kSize);
    for (size_t i = 0; i < records.size(); i += kProvedAtOnce) {
      if (context->IsCancelled()) return Gone();
      const auto some =
          std::span(records).subspan(i, std::min(records.size() - i, kProvedAtOnce));
      for (const VrfSecretKey::Answer& answer : Proofs(key, some)) {
        proofs->append(AsText(answer.proof.bytes()));
      }
    }
    return absl::OkStatus();
  };
  return Answer(&proofs_, {context,
                           "prove",
                           &request->origin(),
                           {Verb::kRead},
                           true,
                           &metrics_->proved,
                           count,
                           malformed,
                           work});
}

grpc::ServerUnaryReactor* ProverService::Label(grpc::CallbackServerContext* context,
                                               const v1::LabelRequest* request,
                                               v1::LabelResponse* response) {
  absl::StatusOr<std::vector<Hash>> records =
      SplitHashes(request->records(), "records");
  absl::Status malformed = records.status();
  if (!records.ok()) records = std::vector<Hash>();
  const uint64_t count = records->size() + request->pads();
  if (malformed.ok()) malformed = CheckCount("records and pads", count, kMaxLabelled);
  const uint64_t first = request->first_pad();
  const uint64_t pads = request->pads();
  if (malformed.ok() && first > std::numeric_limits<uint64_t>::max() - pads) {
    malformed = absl::InvalidArgumentError("pads: their numbers end at 2^64");
  }
  const auto work = [=, this, records = *std::move(records)](const VrfSecretKey& key) {
    std::string* const labels = response->mutable_labels();
    labels->reserve((records.size() + pads) * Hash::kSize);
    for (size_t i = 0; i < records.size(); i += kLabelledAtOnce) {
      if (context->IsCancelled()) return Gone();
      const auto some =
          std::span(records).subspan(i, std::min(records.size() - i, kLabelledAtOnce));
      labels->append(ConcatHashes(Labels(key, some, std::ref(parallel_))));
    }
    std::vector<Hash> made;
    for (uint64_t i = 0; i < pads; i += made.size()) {
      if (context->IsCancelled()) return Gone();
      made.resize(std::min<uint64_t>(pads - i, kLabelledAtOnce));
      parallel_(made.size(),
                [&](size_t j) { made[j] = key.Label(PadInput(first + i + j)); });
      labels->append(ConcatHashes(made));
    }
    return absl::OkStatus();
  };
  return Answer(&labels_, {context,
                           "label",
                           &request->origin(),
                           {Verb::kAdd, Verb::kRemove},
                           false,
                           &metrics_->labelled,
                           count,
                           malformed,
                           work});
}

grpc::ServerUnaryReactor* ProverService::ProvePads(grpc::CallbackServerContext* context,
                                                   const v1::ProvePadsRequest* request,
                                                   v1::ProveResponse* response) {
  const auto count = static_cast<uint64_t>(request->pads_size());
  const auto work = [=](const VrfSecretKey& key) {
    std::string* const proofs = response->mutable_proofs();
    proofs->reserve(count * VrfProof::kSize);
    for (int i = 0; i < request->pads_size(); ++i) {
      if (i % kProvedAtOnce == 0 && context->IsCancelled()) return Gone();
      proofs->append(AsText(key.Prove(PadInput(request->pads(i))).proof.bytes()));
    }
    return absl::OkStatus();
  };
  return Answer(&proofs_, {context,
                           "prove pads",
                           &request->origin(),
                           {Verb::kAdd},
                           false,
                           &metrics_->pads,
                           count,
                           CheckCount("pads", count, kMaxProved),
                           work});
}

ProverService::FindKey KeysOfLogs(const LogDirectory* logs, const VrfKeys* keys) {
  return [=](const std::string& origin) -> absl::StatusOr<const VrfSecretKey*> {
    const absl::StatusOr<HostedLog*> log = logs->Find(origin);
    if (absl::IsNotFound(log.status())) return NoSuchLog(origin);
    if (!log.ok()) return log.status();
    if (!(*log)->vrf_key) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s has no VRF labels: ask by the record hashes themselves", origin));
    }
    if (const VrfSecretKey* key = keys->Find(*(*log)->vrf_key)) return key;
    return absl::FailedPreconditionError(absl::StrFormat(
        "this server does not hold the VRF key of %s: ask the one who does (`setlog "
        "prover`), or start setlogd with --vrf-key FILE",
        origin));
  };
}

}  // namespace setlog
