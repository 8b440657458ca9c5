// server/rpc_status.h -- absl::Status as gRPC sends it: the codes are the same numbers.
#ifndef SETLOG_SERVER_RPC_STATUS_H_
#define SETLOG_SERVER_RPC_STATUS_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/status.h"
#include "server/limits.h"

namespace setlog {

inline grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

// The same for a call that is about to finish: one that met a limit is told when to
// come back. (gRPC's own refusals, such as of a message that is too long, are not.)
inline grpc::Status ToGrpcStatus(const absl::Status& status,
                                 grpc::CallbackServerContext* context) {
  if (absl::IsResourceExhausted(status)) {
    const auto own = status.GetPayload(kPushback);
    const std::string wait = own ? std::string(*own) : std::to_string(kRetryAfterMs);
    if (!wait.empty()) context->AddTrailingMetadata(kPushback, wait);
  }
  return ToGrpcStatus(status);
}

}  // namespace setlog

#endif  // SETLOG_SERVER_RPC_STATUS_H_
