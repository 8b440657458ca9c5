// server/rpc_observer.h -- sees every call of the server: counts it, gives it a request
// id and says in the log how it ended.
//
//   builder.experimental().SetInterceptorCreators(NewRpcObserver(&metrics, &log));
//
// The id is the client's `x-request-id` if that is 1 to 64 characters of A-Z a-z 0-9 .
// _ - (anything else is replaced, not refused), or a new one; it goes into the log's
// lines and back in the trailing metadata under the same name. A call that goes well
// and has no line is given none, and what it sent is not looked at.
//
// Lines, event=rpc: warn for what an operator may have to look at (refused tokens,
// overload, the server's own errors, unary calls of over a second), info for other
// failures, debug for all the rest.
#ifndef SETLOG_SERVER_RPC_OBSERVER_H_
#define SETLOG_SERVER_RPC_OBSERVER_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string_view>
#include <vector>

#include "daemon/event_log.h"
#include "server/rpc_metrics.h"

namespace setlog {

inline constexpr char kRequestIdHeader[] = "x-request-id";
bool IsRequestId(std::string_view text);

// What it is given must outlive the gRPC server.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
NewRpcObserver(RpcMetrics* metrics, EventLog* log);

}  // namespace setlog

#endif  // SETLOG_SERVER_RPC_OBSERVER_H_
