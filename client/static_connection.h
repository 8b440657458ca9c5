// client/static_connection.h -- a log's published files in the place of a server.
//
//   absl::StatusOr<StaticConnection> files = StaticConnection::Open(
//       "https://logs.example/pets", {.ca_file = ca});     // or a directory
//   LogClient client(&files->connection(), &state, {.origin = origin, .key = key});
//   absl::StatusOr<VerifiedHead> head = client.Head({});   // everything as usual
//
// What `setlog export` wrote, and what C2SP tlog-tiles asks of every log, is enough for
// heads, proofs, entries and a whole audit, under the same rules of trust. A service
// within the process answers from the files (client/static_reader.h), so what it does
// not answer is UNIMPLEMENTED. Nothing listens on the network. What may pass is tried
// again as with a server. Thread-safe; moves.
#ifndef SETLOG_CLIENT_STATIC_CONNECTION_H_
#define SETLOG_CLIENT_STATIC_CONNECTION_H_

#include <grpcpp/server.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/static_files.h"
#include "client/static_reader.h"

namespace setlog {

struct StaticOptions {
  std::string ca_file;  // of an https URL
  std::chrono::milliseconds retry_for{15000};
};

class StaticConnection {
 public:
  // `from` is a URL (IsUrl) or a directory. InvalidArgument if it or the CA file makes
  // no sense; whether a log is there shows when it is asked.
  static absl::StatusOr<StaticConnection> Open(const std::string& from,
                                               const StaticOptions& options);
  // With files from elsewhere.
  StaticConnection(std::unique_ptr<StaticFiles> files,
                   std::chrono::milliseconds retry_for);
  StaticConnection(StaticConnection&&) = default;
  StaticConnection& operator=(StaticConnection&&) = delete;
  // Calls that are under way are cancelled.
  ~StaticConnection();

  const Connection& connection() const { return *connection_; }
  Connection& connection() { return *connection_; }

 private:
  std::unique_ptr<StaticReader> reader_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_STATIC_CONNECTION_H_
