// server/rpc_status.h -- absl::Status as gRPC sends it: the codes are the same numbers.
#ifndef SETLOG_SERVER_RPC_STATUS_H_
#define SETLOG_SERVER_RPC_STATUS_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/status.h"

namespace setlog {

inline grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

}  // namespace setlog

#endif  // SETLOG_SERVER_RPC_STATUS_H_
