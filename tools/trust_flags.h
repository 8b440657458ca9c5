// tools/trust_flags.h -- whose signatures count, and how fresh they must be.
//
//   TrustFlags flags;
//   AddTrustFlags(app, flags);                        // --key --policy
//   AddVerdictFlags(app, flags);                      // and --max-age --require-replay
//   absl::StatusOr<Trust> trust = NamedTrust(flags);  // empty: nobody was named
//
// A key or a policy that a person names pins: it counts more than what a server said.
// Without --policy a verdict asks for the policy that `setlog trust add` stored for the
// log. Writers do not: what they wrote would have to wait for witnesses.
#ifndef SETLOG_TOOLS_TRUST_FLAGS_H_
#define SETLOG_TOOLS_TRUST_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "log/verify.h"
#include "tools/cli_types.h"

namespace setlog {

struct TrustFlags {
  std::string vkey;
  std::string policy_file;
  // Of commands that give a verdict.
  bool verdict = false;
  std::optional<int64_t> max_age_us;
  bool require_replay = false;
};
void AddTrustFlags(CLI::App& app, TrustFlags& flags);
void AddVerdictFlags(CLI::App& app, TrustFlags& flags);

// InvalidArgument for a malformed key or policy, or the error of reading the file.
absl::StatusOr<Trust> NamedTrust(const TrustFlags& flags);
// --key: a log's.
absl::StatusOr<VerifierKey> LogKeyOf(const std::string& vkey);
// A policy, or the text of one that parses; errors name the file.
absl::StatusOr<Policy> ReadPolicyFile(const std::string& file);
absl::StatusOr<std::string> ReadPolicyText(const std::string& file);

// `demands` and what --max-age and --require-replay ask for now.
Demands WithFreshness(Demands demands, const TrustFlags& flags);

}  // namespace setlog

#endif  // SETLOG_TOOLS_TRUST_FLAGS_H_
