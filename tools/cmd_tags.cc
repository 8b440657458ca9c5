// `setlog tags`: the named versions of a log.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

struct TagsFlags {
  std::string origin;
  TrustFlags trust;
};

ExitCode ListTags(const TagsFlags& flags, Session& session) {
  Output& out = session.out;
  absl::StatusOr<LogSession> log = LogSession::Open(session, flags.trust, flags.origin);
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = log->Head({}, {});
  if (!head.ok()) return log->Fail(head.status());
  const absl::StatusOr<std::vector<PlacedTagEntry>> tags = log->client().Tags(*head);
  if (!tags.ok()) return log->Fail(tags.status());
  for (const PlacedTagEntry& placed : *tags) {
    out.Result({{"origin", flags.origin},
                {"tag", placed.tag.name},
                {"index_size", placed.tag.m},
                {"position", placed.position}},
               absl::StrFormat("%s  the set at size %d, named at position %d",
                               placed.tag.name, placed.tag.m, placed.position));
    log->NoteSuccessor(placed.tag.name);
  }
  if (tags->empty()) {
    out.Detail(
        absl::StrFormat("no versions: `setlog tag %s NAME` names one", flags.origin));
  }
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareTags(CLI::App& app) {
  auto flags = std::make_unique<TagsFlags>();
  AddOrigin(app, flags->origin);
  AddVerdictFlags(app, flags->trust);
  app.footer(
      "  setlog tags example.org/pets --json\n\n"
      "Each is verified; that there are no others is the server's claim.");
  return [flags = std::move(flags)](Session& session) {
    return ListTags(*flags, session);
  };
}

}  // namespace setlog
