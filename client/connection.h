// client/connection.h -- a gRPC channel to one server, and calls on it.
//
//   absl::StatusOr<Connection> server = Connection::Open({.address =
//   "127.0.0.1:7070"}); v1::GetLogRequest request; request.set_origin(origin);
//   absl::StatusOr<v1::GetLogResponse> log =
//       server->Call(server->reader(), &v1::Reader::Stub::GetLog, request);
//
// Plaintext goes to loopback and unix sockets only, unless it is asked for by name, so
// that a token is never sent in the clear by mistake. gRPC's status codes are kept, and
// a server that is lost is asked again with backoff. Nothing is verified here.
// Thread-safe. Moves.
#ifndef SETLOG_CLIENT_CONNECTION_H_
#define SETLOG_CLIENT_CONNECTION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/retry.h"
#include "setlog/v1/admin.grpc.pb.h"
#include "setlog/v1/prover.grpc.pb.h"
#include "setlog/v1/reader.grpc.pb.h"
#include "setlog/v1/writer.grpc.pb.h"

namespace setlog {

struct ConnectionOptions {
  std::string address = "127.0.0.1:7070";  // HOST:PORT, [IPV6]:PORT or unix:PATH
  bool tls = false;                        // also to loopback and unix sockets
  bool insecure_plaintext = false;         // also to other hosts
  std::string ca_file;           // PEM; implies tls. Default: the system's roots
  std::string client_cert_file;  // PEM, both or neither; they imply tls
  std::string client_key_file;
  std::string token_file;  // its first line is sent as a bearer token
  std::chrono::milliseconds retry_for{15000};
};

// The same code and message, the request's id if the server gave the call one (with it
// the server's log can be searched), and the server's wish not to be asked again before
// a certain time (client/retry.h), if it has one. `context` is that of the call, which
// has ended.
absl::Status FromGrpc(const grpc::Status& status, const grpc::ClientContext& context);

class Connection {
 public:
  static constexpr std::chrono::milliseconds kCallDeadline{60000};

  // Connects when first used. InvalidArgument for a malformed address or options that
  // contradict each other; the file's error if one cannot be read.
  static absl::StatusOr<Connection> Open(const ConnectionOptions& options);
  // For a channel from elsewhere, such as one within the process.
  Connection(std::shared_ptr<grpc::Channel> channel, std::string token,
             std::chrono::milliseconds retry_for);

  v1::Reader::Stub& reader() const { return *reader_; }
  v1::Writer::Stub& writer() const { return *writer_; }
  v1::Admin::Stub& admin() const { return *admin_; }
  v1::Prover::Stub& prover() const { return *prover_; }
  std::chrono::milliseconds retry_for() const { return retry_for_; }

  // From now on no call has a later deadline: for whoever must be able to stop soon.
  void LimitCalls(std::chrono::milliseconds longest) { longest_call_ = longest; }
  // How long a call, or a message of a stream, is waited for.
  std::chrono::milliseconds patience() const {
    return std::min(kCallDeadline, longest_call_);
  }
  // Who asks many times for one answer asks this in between, and gives up at true.
  void StopWhen(std::function<bool()> stops) { stops_ = std::move(stops); }
  bool stops() const { return stops_ && stops_(); }

  // A context that carries the token; without a deadline if it is zero.
  std::unique_ptr<grpc::ClientContext> NewContext(
      std::chrono::milliseconds deadline) const;

  // One unary call, repeated while the server is lost or busy, for retry_for at most.
  // `deadline` is for each try.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(
      Stub& stub,
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
      const Request& request,
      std::chrono::milliseconds deadline = kCallDeadline) const {
    Retry retry(retry_for_);
    while (true) {
      Response response;
      const std::unique_ptr<grpc::ClientContext> context = NewContext(deadline);
      const grpc::Status answer = (stub.*method)(context.get(), request, &response);
      const absl::Status status = FromGrpc(answer, *context);
      if (status.ok()) return response;
      if (!retry.WaitAfter(status)) return status;
    }
  }

 private:
  std::unique_ptr<v1::Reader::Stub> reader_;
  std::unique_ptr<v1::Writer::Stub> writer_;
  std::unique_ptr<v1::Admin::Stub> admin_;
  std::unique_ptr<v1::Prover::Stub> prover_;
  std::string token_;
  std::chrono::milliseconds retry_for_;
  std::chrono::milliseconds longest_call_ = std::chrono::milliseconds::max();
  std::function<bool()> stops_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_CONNECTION_H_
