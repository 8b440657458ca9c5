// Trusted roots: what parses can be used without another look at its parts.
#include "fuzz/law.h"
#include "log/json.h"
#include "model/certificate.h"
#include "model/ecdsa_key.h"
#include "model/trusted_root.h"

namespace setlog {
namespace {

void CheckLogs(const std::vector<TrustedLog>& logs) {
  for (const TrustedLog& log : logs) {
    Law(log.log_id.size() == Hash::kSize, "a log's ID is a hash");
    Law(FindLog(logs, log.log_id) == &log, "an ID is of one log");
    Law(!log.valid.end_us || log.valid.start_us <= *log.valid.end_us,
        "a window has its ends in order");
    Law(!log.key.empty(), "a log has a key");
    if (log.kind != LogKeyKind::kEcdsaP256) continue;
    const absl::StatusOr<EcdsaPublicKey> key =
        EcdsaPublicKey::FromDer(AsBytes(log.key));
    Law(key.ok() && key->curve() == "P-256", "a key is of its kind");
  }
}

void CheckAuthorities(const std::vector<TrustedAuthority>& authorities) {
  for (const TrustedAuthority& authority : authorities) {
    Law(!authority.certificates.empty(), "an authority has a root");
    Law(ParseCertificates(authority.certificates).ok(), "certificates are such");
  }
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  const absl::StatusOr<TrustedRoot> root = ParseTrustedRoot(text);
  if (!root.ok()) {
    Law(absl::IsInvalidArgument(root.status()), "malformed is InvalidArgument");
    Law(!root.status().message().empty(), "a refusal says why");
    return 0;
  }
  Law(ParseJson(text).ok(), "a trusted root is strict JSON");
  CheckLogs(root->tlogs);
  CheckLogs(root->ctlogs);
  CheckAuthorities(root->certificate_authorities);
  CheckAuthorities(root->timestamp_authorities);
  return 0;
}
