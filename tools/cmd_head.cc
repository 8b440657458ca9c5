// `setlog head`: the newest signed head, verified.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

struct HeadFlags {
  std::string origin;
  bool note = false;
  std::string from;
  TrustFlags trust;
};

ExitCode ShowHead(const HeadFlags& flags, Session& session) {
  Output& out = session.out;
  absl::StatusOr<LogSession> log =
      LogSession::Open(session, flags.trust, flags.origin, {.from = flags.from});
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = log->Head({}, {});
  if (!head.ok()) return log->Fail(head.status());
  if (flags.note && !out.json()) {
    out.Raw(head->proof.checkpoint);
    return ExitCode::kHolds;
  }
  const Version& version = head->version;
  Json json{{"origin", flags.origin},
            {"size", version.checkpoint.size},
            {"root", ToHex(version.checkpoint.root)},
            {"index_size", version.index.m},
            {"set_count", version.index.n},
            {"set_root", ToHex(version.index.set_root)},
            {"pinned", head->pinned},
            {"cosigned_at", OrNull(version.cosigned_at_s)},
            {"replayed_by", version.replayed_by}};
  if (head->seen_size > version.checkpoint.size) json["seen_size"] = head->seen_size;
  if (flags.note) json["note"] = head->proof.checkpoint;
  out.Result(json, absl::StrFormat("%s has %d entries", flags.origin,
                                   version.checkpoint.size));
  out.Detail("  root    " + ToHex(version.checkpoint.root));
  out.Detail(VersionDetail(version, head->seen_size));
  out.Detail("          root " + ToHex(version.index.set_root));
  out.Detail("          " + AuditWords(version));
  out.Detail(FreshnessDetail(version.cosigned_at_s));
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareHead(CLI::App& app) {
  auto flags = std::make_unique<HeadFlags>();
  AddOrigin(app, flags->origin);
  app.add_flag("--note", flags->note,
               "print the signed note as it is, with all cosignatures so far");
  AddFrom(app, flags->from);
  AddVerdictFlags(app, flags->trust);
  app.footer("  setlog head example.org/pets --note > head.txt");
  return [flags = std::move(flags)](Session& session) {
    return ShowHead(*flags, session);
  };
}

}  // namespace setlog
