// tools/trust_flags.h -- whose signature counts: --key, --policy, or a key known
// before.
//
//   TrustFlags flags;
//   AddTrustFlags(app, flags);
//   absl::StatusOr<Trust> trust = NamedTrust(flags);  // empty: nobody was named
//
// A key or a policy that a person names pins: it counts more than what a server said.
#ifndef SETLOG_TOOLS_TRUST_FLAGS_H_
#define SETLOG_TOOLS_TRUST_FLAGS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "log/verify.h"

namespace setlog {

struct TrustFlags {
  std::string vkey;
  std::string policy_file;
};
void AddTrustFlags(CLI::App& app, TrustFlags& flags);

// The policy in a file; errors name it.
absl::StatusOr<Policy> ReadPolicyFile(const std::string& path);

// InvalidArgument for a malformed key or policy, or the error of reading the file.
absl::StatusOr<Trust> NamedTrust(const TrustFlags& flags);

}  // namespace setlog

#endif  // SETLOG_TOOLS_TRUST_FLAGS_H_
