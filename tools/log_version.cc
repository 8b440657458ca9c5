#include "tools/log_version.h"

#include <utility>

#include "tools/newest_version.h"
#include "tools/verdict.h"

namespace setlog {

std::variant<ExitCode, LogVersion> OpenVersion(const VersionName& name,
                                               const VersionPlace& place,
                                               Session& session) {
  absl::StatusOr<LogSession> opened =
      LogSession::Open(session, place.trust, name.origin,
                       {.server = SessionOn(session, place.server).server});
  if (!opened.ok()) return session.out.Fail(opened.status());
  auto log = std::make_unique<LogSession>(*std::move(opened));
  absl::StatusOr<VerifiedHead> head = log->Head(name.at, {});
  if (!head.ok()) {
    return ReportUnverified(head.status(), name, *log, Json::object(), session.out);
  }
  // A tag is one version; without one, which is the newest is not the server's to say.
  if (!name.at.tag) {
    const Version& version = head->version;
    const absl::Status newest =
        CheckNewest(log->connection(), version, version.checkpoint.size);
    if (!newest.ok()) {
      return ReportUnverified(newest, name, *log, Json::object(), session.out);
    }
  }
  return LogVersion{name, std::move(log), *std::move(head)};
}

ExitCode ReportUnverified(const absl::Status& why, const VersionName& name,
                          LogSession& log, Json fields, Output& out) {
  if (log.CodeOf(why) != ExitCode::kUnverified) return log.Fail(why);
  const std::string words = log.Explain(why);
  Json json{{"verdict", WordOf(why)}, {"origin", name.origin}, {"at", JsonOf(name.at)}};
  json.update(fields);
  json["error"] = words;
  out.Verdict(json, WordOf(why), " " + TextOf(name) + ": " + words);
  out.Detail("  Nothing was shown, neither that it holds nor that it does not.");
  return ExitCode::kUnverified;
}

Json JsonOf(const LogVersion& version) {
  const Version& shown = version.version();
  return {{"origin", version.name.origin}, {"at", JsonOf(version.name.at)},
          {"index_size", shown.index.m},   {"set_count", shown.index.n},
          {"pinned", version.head.pinned}, {"replayed_by", shown.replayed_by}};
}

}  // namespace setlog
