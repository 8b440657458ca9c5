// server/grpc_port.h -- gRPC's side of a server: the port, and how much of it one
// crowd of callers can hold.
//
//   absl::StatusOr<GrpcPort> port = OpenGrpcPort(
//       {.address = *listen, .credentials = *credentials,
//        .services = {&reader, &admin}, ...});
//   port->address.Text();                 // with the port that was found
//
// Services, metrics and events must outlive the server. Limits: docs/operations.md.
#ifndef SETLOG_SERVER_GRPC_PORT_H_
#define SETLOG_SERVER_GRPC_PORT_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/event_log.h"
#include "daemon/listen_address.h"
#include "server/rpc_metrics.h"

namespace setlog {

struct GrpcPortOptions {
  ListenAddress address;
  std::shared_ptr<grpc::ServerCredentials> credentials;
  std::vector<grpc::Service*> services;
  uint64_t memory_bytes = 0;  // for buffers of messages
  RpcMetrics* metrics;
  EventLog* events;
};

struct GrpcPort {
  std::unique_ptr<grpc::Server> server;
  ListenAddress address;
};

// Calls are answered when it returns, the health and reflection services' too.
// FailedPrecondition if the address is in use.
absl::StatusOr<GrpcPort> OpenGrpcPort(const GrpcPortOptions& options);

// Calls under way get this time to end when a server stops.
inline constexpr std::chrono::seconds kDrainTime(5);

}  // namespace setlog

#endif  // SETLOG_SERVER_GRPC_PORT_H_
