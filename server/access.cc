#include "server/access.h"

#include <grpcpp/grpcpp.h>
#include <sodium.h>

#include "absl/strings/str_format.h"
#include "log/origin.h"
#include "log/sha256.h"

namespace setlog {
namespace {

// Origins come from callers: only well-formed ones are repeated to them.
std::string Named(std::string_view origin) {
  return CheckOrigin(origin).ok() ? std::string(origin) : "that log";
}

absl::Status NoToken(std::string_view what) {
  return absl::UnauthenticatedError(absl::StrFormat(
      "%s needs a token: pass --token-file FILE; the server made DIR/admin.token at "
      "its first start",
      what));
}

}  // namespace

std::string Caller::Name() const {
  if (kind == Kind::kAdmin) return "admin";
  return kind == Kind::kToken ? "token:" + id : "anonymous";
}

std::optional<std::string_view> AuthorizationOf(
    const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  if (header == metadata.end()) return std::nullopt;
  return std::string_view(header->second.data(), header->second.size());
}

absl::Status NoSuchLog(std::string_view origin) {
  return absl::NotFoundError(absl::StrFormat(
      "there is no log %s here that you may read: `setlog logs` lists those that you "
      "may, and a private one wants --token-file FILE",
      origin));
}

Access::Access(const std::string& admin_token, const Tokens* tokens)
    : digest_(Sha256(AsBytes(admin_token))), tokens_(tokens) {}

Caller Access::Identify(std::optional<std::string_view> authorization) const {
  static constexpr std::string_view kScheme = "Bearer ";
  Caller caller;
  if (!authorization) return caller;
  if (!authorization->starts_with(kScheme)) {
    caller.refused =
        absl::UnauthenticatedError("the authorization must be `Bearer TOKEN`");
    return caller;
  }
  const std::string_view text = authorization->substr(kScheme.size());
  const Hash digest = Sha256(AsBytes(text));
  if (sodium_memcmp(digest.data(), digest_.data(), Hash::kSize) == 0) {
    caller.kind = Caller::Kind::kAdmin;
    return caller;
  }
  const absl::StatusOr<Token> token = tokens_->Find(text);
  if (token.ok()) {
    caller.kind = Caller::Kind::kToken;
    caller.id = token->id;
  } else {
    caller.refused = token.status();
  }
  return caller;
}

absl::Status Access::CheckIdentified(const Caller& caller) const {
  if (!caller.refused.ok()) return caller.refused;
  if (caller.kind == Caller::Kind::kAnonymous) return NoToken("this call");
  return absl::OkStatus();
}

absl::Status Access::Check(const Caller& caller, Verb verb,
                           std::string_view origin) const {
  if (caller.kind == Caller::Kind::kAdmin) return absl::OkStatus();
  if (absl::Status s = CheckIdentified(caller); !s.ok()) return s;
  const absl::StatusOr<Token> token = tokens_->Get(caller.id);
  if (!token.ok()) return token.status();
  if (token->verbs.contains(verb) && Covers(token->origins, origin)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      absl::StrFormat("token %s does not allow `%s` on %s: it allows %s on %s. Ask the "
                      "operator for one "
                      "that does: `setlog token create %s --verbs %s`",
                      token->id, VerbName(verb), Named(origin), VerbNames(token->verbs),
                      token->origins, Named(origin), VerbName(verb)));
}

absl::Status Access::CheckRead(const Caller& caller, std::string_view origin,
                               bool private_reads) const {
  if (!private_reads || caller.kind == Caller::Kind::kAdmin) return absl::OkStatus();
  if (!caller.refused.ok()) return caller.refused;
  if (caller.kind == Caller::Kind::kAnonymous) return NoSuchLog(origin);
  const absl::StatusOr<Token> token = tokens_->Get(caller.id);
  if (!token.ok()) return token.status();
  if (!Covers(token->origins, origin)) return NoSuchLog(origin);
  return Check(caller, Verb::kRead, origin);
}

absl::Status Access::CheckAdmin(const Caller& caller) const {
  if (caller.kind == Caller::Kind::kAdmin) return absl::OkStatus();
  if (!caller.refused.ok()) return caller.refused;
  if (caller.kind == Caller::Kind::kAnonymous) return NoToken("managing tokens");
  return absl::PermissionDeniedError(absl::StrFormat(
      "token %s cannot manage tokens: only the admin token can, pass --token-file "
      "DIR/admin.token",
      caller.id));
}

}  // namespace setlog
