// tools/audit_sample.h -- `setlog audit --sample N`: a spot check, and what it is
// worth.
//
//   if (sample) return RunAuditSample(session, *log, *sample);
//
//   SAMPLED: 300 of 1000000 entries of example.org/a, drawn at random ...
//
// Never CLEAN: that is for who has seen every entry. Not thread-safe.
#ifndef SETLOG_TOOLS_AUDIT_SAMPLE_H_
#define SETLOG_TOOLS_AUDIT_SAMPLE_H_

#include <cstdint>

#include "tools/command.h"
#include "tools/log_session.h"

namespace setlog {

inline constexpr uint64_t kMaxSample = 100'000;

// Draws `count` entries of the newest head, checks them and says what that shows.
ExitCode RunAuditSample(Session& session, LogSession& log, uint64_t count);

}  // namespace setlog

#endif  // SETLOG_TOOLS_AUDIT_SAMPLE_H_
