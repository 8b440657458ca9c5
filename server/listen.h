// server/listen.h -- where the server listens, and what it shows and asks of callers.
//
//   absl::StatusOr<ListenAddress> address = ParseListenAddress("--listen",
//   "[::]:7070"); absl::StatusOr<...> credentials = ListenCredentials(options,
//   *address);
//
// Plaintext is for loopback and unix sockets, unless --insecure-plaintext asks for it
// by name. Certificate, key and client CA are read again when their files change, so
// that a renewed certificate needs no restart. Thread-safe: functions of files and
// arguments.
#ifndef SETLOG_SERVER_LISTEN_H_
#define SETLOG_SERVER_LISTEN_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/listen_address.h"
#include "server/server.h"

namespace setlog {

// FailedPrecondition if a server answers on the address's unix socket; a socket that
// nobody answers on was left behind, and may be taken.
absl::Status CheckUnixSocketFree(const ListenAddress& address);

// As the TLS members of `options` say. InvalidArgument for flags that contradict each
// other; FailedPrecondition, naming flag and file, for an address that wants TLS, a
// file that cannot be read or is no PEM, a private key that others may read or that is
// not the certificate's, and a certificate that has expired.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ListenCredentials(
    const ServerOptions& options, const ListenAddress& address);

}  // namespace setlog

#endif  // SETLOG_SERVER_LISTEN_H_
