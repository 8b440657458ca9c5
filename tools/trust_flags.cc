#include "tools/trust_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "tools/flags.h"

namespace setlog {
namespace {

int64_t NowSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void AddTrustFlags(CLI::App& app, TrustFlags& flags) {
  app.add_option("--key", flags.vkey, "the log's key; pins it")->type_name("VKEY");
  app.add_option("--policy", flags.policy_file,
                 "C2SP tlog-policy: log keys, witnesses and their quorum; pins them")
      ->type_name("FILE");
}

void AddVerdictFlags(CLI::App& app, TrustFlags& flags) {
  AddTrustFlags(app, flags);
  flags.verdict = true;
  AddDuration(app, "--max-age", flags.max_age_us,
              "the policy's quorum must have cosigned within this time");
  app.add_flag("--require-replay", flags.require_replay,
               "the policy's group `replay` must have recomputed the set");
}

absl::StatusOr<VerifierKey> LogKeyOf(const std::string& vkey) {
  absl::StatusOr<VerifierKey> key = ParseVkey(vkey);
  if (!key.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--key: %s", std::string(key.status().message())));
  }
  if (key->type != SignatureType::kEd25519) {
    return absl::InvalidArgumentError(
        "--key: this is a witness's key; a log's is needed (witnesses stand in a "
        "--policy)");
  }
  return key;
}

absl::StatusOr<std::string> ReadPolicyText(const std::string& file) {
  absl::StatusOr<std::string> text = ReadSmallFile(file, kMaxPolicyBytes);
  if (!text.ok()) return text.status();
  const absl::StatusOr<Policy> policy = ParsePolicy(*text);
  if (policy.ok()) return text;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s", file, std::string(policy.status().message())));
}

absl::StatusOr<Policy> ReadPolicyFile(const std::string& file) {
  const absl::StatusOr<std::string> text = ReadPolicyText(file);
  if (!text.ok()) return text.status();
  return ParsePolicy(*text);
}

absl::StatusOr<Trust> NamedTrust(const TrustFlags& flags) {
  Trust trust;
  if (!flags.vkey.empty()) {
    absl::StatusOr<VerifierKey> key = LogKeyOf(flags.vkey);
    if (!key.ok()) return key.status();
    trust.log_key = *std::move(key);
  }
  if (!flags.policy_file.empty()) {
    absl::StatusOr<Policy> policy = ReadPolicyFile(flags.policy_file);
    if (!policy.ok()) return policy.status();
    trust.policy = *std::move(policy);
  }
  return trust;
}

Demands WithFreshness(Demands demands, const TrustFlags& flags) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  demands.require_replay |= flags.require_replay;
  if (flags.max_age_us) {
    const int64_t now_s = NowSeconds();
    const int64_t oldest_s = now_s - *flags.max_age_us / kMicrosPerSecond;
    demands.latest_cosignature_s =
        static_cast<uint64_t>(std::max<int64_t>(0, now_s)) + kMaxClockSkewSeconds;
    demands.oldest_cosignature_s =
        static_cast<uint64_t>(std::max<int64_t>(0, oldest_s));
  }
  return demands;
}

}  // namespace setlog
