// tools/log_version.h -- one version of a log that a command judges by.
//
//   const std::variant<ExitCode, LogVersion> opened =
//       OpenVersion(name, {.trust = flags.trust}, session);
//   if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
//
// All that is asked about it is then asked under this one verified head. What cannot be
// reached or verified is UNVERIFIED, here and later, and never a verdict.
#ifndef SETLOG_TOOLS_LOG_VERSION_H_
#define SETLOG_TOOLS_LOG_VERSION_H_

#include <memory>
#include <variant>

#include "tools/log_session.h"
#include "tools/other_log.h"
#include "tools/version_name.h"

namespace setlog {

struct LogVersion {
  VersionName name;
  std::unique_ptr<LogSession> log;
  VerifiedHead head;

  const Version& version() const { return head.version; }
};

struct VersionPlace {
  TrustFlags trust;
  OtherServerFlags server;  // if it is not the one of --server
};

// An exit code if all is said already.
std::variant<ExitCode, LogVersion> OpenVersion(const VersionName& name,
                                               const VersionPlace& place,
                                               Session& session);

// Says why there is no verdict: UNVERIFIED with `fields`, or what the caller can put
// right, or that the log was caught.
ExitCode ReportUnverified(const absl::Status& why, const VersionName& name,
                          LogSession& log, Json fields, Output& out);

// origin, at, index_size, set_count, pinned, replayed_by.
Json JsonOf(const LogVersion& version);

}  // namespace setlog

#endif  // SETLOG_TOOLS_LOG_VERSION_H_
