// server/access.h -- who may write: bearer tokens in gRPC metadata.
#ifndef SETLOG_SERVER_ACCESS_H_
#define SETLOG_SERVER_ACCESS_H_

#include <string>

#include "absl/status/status.h"
#include "log/bytes.h"

namespace grpc {
class CallbackServerContext;
}

namespace setlog {

class Access {
 public:
  explicit Access(const std::string& admin_token);

  // OK if the call carries `authorization: Bearer TOKEN` with the admin token.
  // Unauthenticated without a token, PermissionDenied with another one. Takes the same
  // time whatever the token is.
  absl::Status CheckWrite(const grpc::CallbackServerContext& context) const;

 private:
  // Only the digest: comparing digests leaks nothing about where they differ, and the
  // token itself is not kept in memory.
  Hash digest_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_ACCESS_H_
