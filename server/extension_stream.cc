#include "server/extension_stream.h"

#include <utility>

#include "server/rpc_status.h"

namespace setlog {

ExtensionStream::ExtensionStream(const ExtensionAnswers* answers, HeadFeed* feed,
                                 Slots* slots, std::chrono::milliseconds write_deadline,
                                 grpc::CallbackServerContext* context,
                                 v1::GetExtensionProofRequest request)
    : answers_(answers),
      slots_(slots),
      deadline_(feed, write_deadline, context),
      context_(context),
      request_(std::move(request)) {}

void ExtensionStream::Run() {
  const auto gone = [this] { return context_->IsCancelled(); };
  absl::StatusOr<std::string> proof = absl::CancelledError("the caller has gone");
  if (!gone()) proof = answers_->Prove(request_, gone);
  if (!proof.ok()) return Refuse(proof.status());
  proof_ = *std::move(proof);
  Next();
}

void ExtensionStream::Refuse(const absl::Status& status) {
  deadline_.Begin();
  End(ToGrpcStatus(status, context_));
}

void ExtensionStream::OnWriteDone(bool ok) {
  deadline_.End();
  if (ok) {
    Next();
  } else {
    End(grpc::Status::CANCELLED);
  }
}

void ExtensionStream::OnDone() {
  deadline_.Stop();
  delete this;
}

void ExtensionStream::End(const grpc::Status& status) {
  // Before the caller has the end: the next call of one that asks for proof after proof
  // must not find this one's slot taken.
  proof_ = {};
  slots_->Give();
  Finish(status);
}

void ExtensionStream::Next() {
  // The end, too, waits for what was sent before it.
  deadline_.Begin();
  if (sent_ == proof_.size()) {
    End(grpc::Status::OK);
    return;
  }
  chunk_.set_proof(proof_.substr(sent_, kChunkBytes));
  sent_ += chunk_.proof().size();
  StartWrite(&chunk_);
}

}  // namespace setlog
