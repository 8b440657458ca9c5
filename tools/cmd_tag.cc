// `setlog tag`: names the current version of the set.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

struct TagFlags {
  std::string origin;
  std::string name;
  TrustFlags trust;
};

ExitCode TagVersion(const TagFlags& flags, Session& session) {
  Output& out = session.out;
  if (const absl::Status name = CheckTagName(flags.name); !name.ok()) {
    return out.Fail(name);
  }
  absl::StatusOr<LogSession> log =
      LogSession::Open(session, flags.trust, flags.origin, {.without_quorum = true});
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = log->client().TagSet(flags.name);
  if (!head.ok()) return log->Fail(head.status());
  log->NoteFirstUse(*head);
  const IndexEntry& index = head->version.index;
  const std::string root = ToHex(index.set_root);
  out.Result({{"origin", flags.origin},
              {"tag", flags.name},
              {"index_size", index.m},
              {"set_root", root}},
             absl::StrFormat("tagged %s: version %s is the set at size %d",
                             flags.origin, flags.name, index.m));
  out.Detail("  root    " + root);
  out.Detail(
      absl::StrFormat("  Next: setlog in %s FILE --at %s", flags.origin, flags.name));
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareTag(CLI::App& app) {
  auto flags = std::make_unique<TagFlags>();
  AddOrigin(app, flags->origin);
  app.add_option("NAME", flags->name, "1 to 255 of A-Z a-z 0-9 . _ - / +, not a number")
      ->required()
      ->type_name("");
  AddTrustFlags(app, flags->trust);
  app.footer(
      "  setlog tag example.org/pets v1.0\n\n"
      "Waits until the index has reached every acknowledged record. A name is used\n"
      "once; naming the same version again succeeds.");
  return [flags = std::move(flags)](Session& session) {
    return TagVersion(*flags, session);
  };
}

}  // namespace setlog
