// witness/log_source.h -- where the entries of a log are read that a witness audits.
//
//   log example.org/a+1a2b3c4d+...  grpcs://log.example.org:443
//   log example.org/b+...           unix:/run/setlog/socket
//
//   absl::StatusOr<Connection> source = OpenLogSource(log, options);
//
//   grpc://HOST:PORT    a setlogd, in plaintext: loopback, unless it is asked for
//   grpcs://HOST:PORT   the same with TLS
//   unix:PATH           the same over a unix socket
//
// Nothing that comes from there is believed: a witness believes the key in --logs.
#ifndef SETLOG_WITNESS_LOG_SOURCE_H_
#define SETLOG_WITNESS_LOG_SOURCE_H_

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "log/policy.h"

namespace setlog {

// `options`: of TLS and plaintext; the address is the log's. InvalidArgument, naming
// the log, for an address of another kind or none.
absl::StatusOr<Connection> OpenLogSource(const Policy::Log& log,
                                         ConnectionOptions options);

}  // namespace setlog

#endif  // SETLOG_WITNESS_LOG_SOURCE_H_
