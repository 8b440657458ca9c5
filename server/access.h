// server/access.h -- who calls, and what they may do.
//
//   const Caller caller = access.Identify(AuthorizationOf(*context));
//   absl::Status ok = access.Check(caller, Verb::kAdd, "example.org/pets");
//
// Callers show `authorization: Bearer TOKEN`: the admin token (everything) or a scoped
// one (server/tokens.h). Writes are denied unless a token allows them. Reads are open,
// but for logs whose manifest says "reads": "private". Independent of the transport, so
// that HTTP can ask the same questions. Thread-safe.
#ifndef SETLOG_SERVER_ACCESS_H_
#define SETLOG_SERVER_ACCESS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "log/bytes.h"
#include "server/token.h"
#include "server/tokens.h"

namespace grpc {
class CallbackServerContext;
}

namespace setlog {

// Holds no secret, and may be kept as long as its call: each Check looks the token up
// again, so that one that is revoked or expires ends the streams that were opened with
// it.
struct Caller {
  enum class Kind { kAnonymous, kToken, kAdmin };
  Kind kind = Kind::kAnonymous;
  std::string id;        // of a token
  absl::Status refused;  // why the token that was shown is none
  // "admin", "token:ID" or "anonymous": for the audit trail.
  std::string Name() const;
};

// The value of the call's `authorization` entry, if it has one.
std::optional<std::string_view> AuthorizationOf(
    const grpc::CallbackServerContext& context);

// NotFound, in the words in which every reader hears of a log that does not exist, and
// those who may not read it of a private one: nobody learns which of both it is.
absl::Status NoSuchLog(std::string_view origin);

class Access {
 public:
  // `tokens` must outlive it.
  Access(const std::string& admin_token, const Tokens* tokens);

  // Never fails: a bad token leads to an anonymous caller with `refused` set. Takes the
  // same time whatever the secret is.
  Caller Identify(std::optional<std::string_view> authorization) const;

  // OK if the call came with a token that is good for something. Unauthenticated.
  absl::Status CheckIdentified(const Caller& caller) const;
  // OK if the caller may do that. Unauthenticated without a token or with a bad,
  // expired or revoked one; PermissionDenied, naming what is missing, with one that
  // does not go so far. Whether the log exists makes no difference.
  absl::Status Check(const Caller& caller, Verb verb, std::string_view origin) const;
  // The same for the existing log `origin`. NoSuchLog for those who have nothing to do
  // with it; PermissionDenied for tokens that cover it without `read`, whose holders
  // can learn of it anyway by writing to it.
  absl::Status CheckRead(const Caller& caller, std::string_view origin,
                         bool private_reads) const;
  // OK for the admin token only.
  absl::Status CheckAdmin(const Caller& caller) const;

 private:
  // Only the digest: comparing digests leaks nothing about where they differ, and the
  // token itself is not kept in memory.
  const Hash digest_;
  const Tokens* const tokens_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_ACCESS_H_
