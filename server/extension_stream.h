// server/extension_stream.h -- an extension proof on its way to one caller.
//
//   auto* stream = new ExtensionStream(answers, feed, &slots, deadline, context, r);
//   if (!queue.TryRun([stream] { stream->Run(); })) stream->Refuse(Busy("..."));
//   return stream;   // deletes itself when the call is done
//
// Made whole, on a thread that may take long, then sent in pieces, each when the one
// before it was taken. Gives its slot back when all was sent, or it failed.
#ifndef SETLOG_SERVER_EXTENSION_STREAM_H_
#define SETLOG_SERVER_EXTENSION_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "server/extension_answer.h"
#include "server/head_feed.h"
#include "server/limits.h"
#include "server/write_deadline.h"
#include "setlog/v1/reader.grpc.pb.h"

namespace setlog {

class ExtensionStream final : public grpc::ServerWriteReactor<v1::ExtensionProofChunk> {
 public:
  static constexpr size_t kChunkBytes = size_t{1} << 20;

  // A slot has been taken for it.
  ExtensionStream(const ExtensionAnswers* answers, HeadFeed* feed, Slots* slots,
                  std::chrono::milliseconds write_deadline,
                  grpc::CallbackServerContext* context,
                  v1::GetExtensionProofRequest request);

  // One of the two, once.
  void Run();
  void Refuse(const absl::Status& status);

  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  void Next();
  void End(const grpc::Status& status);

  const ExtensionAnswers* const answers_;
  Slots* const slots_;
  WriteDeadline deadline_;
  grpc::CallbackServerContext* const context_;
  const v1::GetExtensionProofRequest request_;
  std::string proof_;
  size_t sent_ = 0;
  v1::ExtensionProofChunk chunk_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_EXTENSION_STREAM_H_
