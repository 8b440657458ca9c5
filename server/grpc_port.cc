#include "server/grpc_port.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <mutex>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "server/listen.h"
#include "server/rpc_observer.h"

namespace setlog {
namespace {

constexpr int kMaxMessageBytes = 4 << 20;
constexpr int kMaxStreamsPerConnection = 256;
constexpr int kMaxMetadataBytes = 16 << 10;
constexpr int kIdleMs = 10 * 60 * 1000;
constexpr int kHandshakeMs = 20 * 1000;
constexpr int kMaxForeignThreads = 16;

}  // namespace

absl::StatusOr<GrpcPort> OpenGrpcPort(const GrpcPortOptions& options) {
  static std::once_flag plugins;
  std::call_once(plugins, [] {
    // Kept for ever: giving gRPC's last reference back joins a thread that may sleep
    // for ten seconds, and SIGTERM is to be done by then.
    grpc_init();
    // Debian's Abseil is built with the detector of lock cycles, through whose one
    // graph every lock that gRPC takes would go.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
  // gRPC would take the socket's name from a server that answers on it.
  if (absl::Status s = CheckUnixSocketFree(options.address); !s.ok()) return s;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.address.Text(), options.credentials, &port);
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             10 * 1000);
  // Callers that say nothing, or never finish their handshake, give their place back.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  // Two servers on one port would each get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  grpc::ResourceQuota quota("setlog");
  quota.Resize(options.memory_bytes);
  // Of the services that are not ours (reflection): a stream of theirs is a thread.
  quota.SetMaxThreads(kMaxForeignThreads);
  builder.SetResourceQuota(quota);
  builder.experimental().SetInterceptorCreators(
      NewRpcObserver(options.metrics, options.events));
  GrpcPort opened{builder.BuildAndStart(), options.address};
  if (opened.server == nullptr || (!options.address.host.empty() && port == 0)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "cannot listen on %s: is the address in use?", options.address.Text()));
  }
  opened.address.port = static_cast<uint16_t>(port);
  return opened;
}

}  // namespace setlog
