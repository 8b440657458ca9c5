#include "server/find_readable.h"

namespace setlog {

absl::StatusOr<HostedLog*> FindReadable(const LogDirectory& logs, const Access& access,
                                        const Caller& caller,
                                        const std::string& origin) {
  absl::StatusOr<HostedLog*> log = logs.Find(origin);
  if (absl::IsNotFound(log.status())) {
    // What a private log answers to the same caller.
    return caller.refused.ok() ? NoSuchLog(origin) : caller.refused;
  }
  if (!log.ok()) return log;
  absl::Status allowed = access.CheckRead(caller, origin, (*log)->private_reads);
  if (!allowed.ok()) return allowed;
  return log;
}

}  // namespace setlog
