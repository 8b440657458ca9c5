#include "tools/trust_flags.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"

namespace setlog {

void AddTrustFlags(CLI::App& app, TrustFlags& flags) {
  app.add_option("--key", flags.vkey, "the log's key; pins it")->type_name("VKEY");
  app.add_option("--policy", flags.policy_file,
                 "C2SP tlog-policy: log keys, witnesses and their quorum; pins them")
      ->type_name("FILE");
}

absl::StatusOr<Policy> ReadPolicyFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxPolicyBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<Policy> policy = ParsePolicy(*text);
  if (policy.ok()) return policy;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s", path, std::string(policy.status().message())));
}

absl::StatusOr<Trust> NamedTrust(const TrustFlags& flags) {
  Trust trust;
  if (!flags.vkey.empty()) {
    absl::StatusOr<VerifierKey> key = ParseVkey(flags.vkey);
    if (!key.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--key: %s", std::string(key.status().message())));
    }
    if (key->type != SignatureType::kEd25519) {
      return absl::InvalidArgumentError(
          "--key: this is a witness's key; a log's is needed (witnesses stand in a "
          "--policy)");
    }
    trust.log_key = *std::move(key);
  }
  if (!flags.policy_file.empty()) {
    absl::StatusOr<Policy> policy = ReadPolicyFile(flags.policy_file);
    if (!policy.ok()) return policy.status();
    trust.policy = *std::move(policy);
  }
  return trust;
}

}  // namespace setlog
