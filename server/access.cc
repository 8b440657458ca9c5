#include "server/access.h"

#include <grpcpp/grpcpp.h>
#include <sodium.h>

#include "log/sha256.h"

namespace setlog {

Access::Access(const std::string& admin_token)
    : digest_(Sha256(AsBytes(admin_token))) {}

absl::Status Access::CheckWrite(const grpc::CallbackServerContext& context) const {
  static constexpr std::string_view kScheme = "Bearer ";
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  if (header == metadata.end()) {
    return absl::UnauthenticatedError(
        "this call needs a token: give --token-file (the server made DIR/admin.token)");
  }
  const std::string_view value(header->second.data(), header->second.size());
  if (value.substr(0, kScheme.size()) != kScheme) {
    return absl::UnauthenticatedError("the authorization must be `Bearer TOKEN`");
  }
  const Hash digest = Sha256(AsBytes(value.substr(kScheme.size())));
  if (sodium_memcmp(digest.data(), digest_.data(), Hash::kSize) != 0) {
    return absl::PermissionDeniedError(
        "the token is not one of this server's: compare the token file with the "
        "server's DIR/admin.token");
  }
  return absl::OkStatus();
}

}  // namespace setlog
