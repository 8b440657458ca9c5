// witness/log_source.h -- where the entries of a log are read that a witness audits.
//
//   log example.org/a+1a2b3c4d+...  grpcs://log.example.org:443
//   log example.org/b+...           https://files.example.org/b
//
//   absl::StatusOr<LogSource> source = LogSource::Open(log, options);
//   LogClient client(&source->connection(), &state, ...);
//
//   grpc://HOST:PORT    a setlogd, in plaintext: loopback, unless it is asked for
//   grpcs://HOST:PORT   the same with TLS
//   unix:PATH           the same over a unix socket
//   https://, http://   the log's static files, as `setlog export` writes them
//
// Nothing that comes from there is believed: a witness believes the key in --logs.
// Thread-safe; moves.
#ifndef SETLOG_WITNESS_LOG_SOURCE_H_
#define SETLOG_WITNESS_LOG_SOURCE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/static_connection.h"
#include "log/policy.h"

namespace setlog {

class LogSource {
 public:
  // `options`: of TLS, plaintext and patience; the address is the log's. No call takes
  // longer than seconds. InvalidArgument, naming the log, for an address of another
  // kind or none.
  static absl::StatusOr<LogSource> Open(const Policy::Log& log,
                                        ConnectionOptions options);
  // Of a connection from elsewhere.
  explicit LogSource(Connection connection);

  // Connection::StopWhen.
  void StopWhen(std::function<bool()> stops) {
    (files_ ? files_->connection() : *server_).StopWhen(std::move(stops));
  }
  const Connection& connection() const {
    return files_ ? files_->connection() : *server_;
  }

 private:
  LogSource() = default;
  std::unique_ptr<Connection> server_;
  std::unique_ptr<StaticConnection> files_;
};

}  // namespace setlog

#endif  // SETLOG_WITNESS_LOG_SOURCE_H_
