// tests/fakes/fake_prover.h -- who holds the key of a private log, and can be made to
// lie.
//
//   FakeProver prover;                                // one key for each seed
//   FakeServer server("", &prover);                   // or a ProverServer
//   server.CreateFrom(PrivateManifest(kOrigin, prover.key()));
//   prover.on_prove = [](v1::ProveResponse& answer) { answer.clear_proofs(); };
#ifndef SETLOG_TESTS_FAKES_FAKE_PROVER_H_
#define SETLOG_TESTS_FAKES_FAKE_PROVER_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "log/vrf_pad.h"
#include "proto/forms.h"
#include "setlog/v1/prover.grpc.pb.h"
#include "vrf_keys.h"

namespace setlog {

class FakeProver final : public v1::Prover::Service {
 public:
  explicit FakeProver(std::string_view seed = "vrf") : key_(VrfKeyOf(seed)) {}

  const VrfSecretKey& key() const { return key_; }

  // Lies; between calls only.
  std::function<void(v1::ProveResponse&)> on_prove;
  std::function<void(v1::LabelResponse&)> on_label;
  grpc::Status refused;
  // Bearer token that a call must have.
  std::string token;
  // Quick: labels are the records themselves, and those of pads zeros; all proofs are
  // one and the same.
  bool pretends = false;
  // What was asked.
  int calls = 0;
  uint64_t proved = 0;

  grpc::Status Prove(grpc::ServerContext* context, const v1::ProveRequest* request,
                     v1::ProveResponse* response) override {
    const std::lock_guard lock(mutex_);
    if (grpc::Status s = Enter(context); !s.ok()) return s;
    const auto records = SplitHashes(request->records(), "records");
    if (!records.ok() || records->size() > 4096) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "records"};
    }
    proved += records->size();
    for (const Hash& record : *records) Append(record, response);
    if (on_prove) on_prove(*response);
    return grpc::Status::OK;
  }

  grpc::Status Label(grpc::ServerContext* context, const v1::LabelRequest* request,
                     v1::LabelResponse* response) override {
    const std::lock_guard lock(mutex_);
    if (grpc::Status s = Enter(context); !s.ok()) return s;
    const auto records = SplitHashes(request->records(), "records");
    if (!records.ok() || records->size() + request->pads() > 65536) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "records"};
    }
    std::vector<Hash> labels;
    for (const Hash& record : *records) {
      labels.push_back(pretends ? record : key_.Label(record));
    }
    for (uint64_t i = 0; i < request->pads(); ++i) {
      labels.push_back(pretends ? Hash()
                                : key_.Label(PadInput(request->first_pad() + i)));
    }
    response->set_labels(ConcatHashes(labels));
    if (on_label) on_label(*response);
    return grpc::Status::OK;
  }

  grpc::Status ProvePads(grpc::ServerContext* context,
                         const v1::ProvePadsRequest* request,
                         v1::ProveResponse* response) override {
    const std::lock_guard lock(mutex_);
    if (grpc::Status s = Enter(context); !s.ok()) return s;
    if (request->pads_size() > 4096) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "pads"};
    }
    for (uint64_t pad : request->pads()) Append(PadInput(pad), response);
    if (on_prove) on_prove(*response);
    return grpc::Status::OK;
  }

 private:
  grpc::Status Enter(grpc::ServerContext* context) {
    ++calls;
    const auto& metadata = context->client_metadata();
    const auto shown = metadata.find("authorization");
    if (!token.empty() && (shown == metadata.end() ||
                           std::string(shown->second.data(), shown->second.size()) !=
                               "Bearer " + token)) {
      return {grpc::StatusCode::UNAUTHENTICATED, "no token that is known here"};
    }
    return refused;
  }
  void Append(Bytes alpha, v1::ProveResponse* response) {
    if (!pretends || proof_.empty()) {
      proof_ = std::string(AsText(key_.Prove(alpha).proof.bytes()));
    }
    response->mutable_proofs()->append(proof_);
  }

  std::mutex mutex_;
  const VrfSecretKey key_;
  std::string proof_;  // the last one
};

// A prover on its own, beside a server that knows nothing of the key.
class ProverServer {
 public:
  explicit ProverServer(FakeProver* prover, const std::string& listen = "") {
    grpc::ServerBuilder builder;
    if (!listen.empty()) {
      builder.AddListeningPort(listen, grpc::InsecureServerCredentials());
    }
    builder.RegisterService(prover);
    server_ = builder.BuildAndStart();
  }
  ~ProverServer() { server_->Shutdown(std::chrono::system_clock::now()); }
  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel({}); }

 private:
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_FAKES_FAKE_PROVER_H_
