// `setlog diff`: members added and removed between two versions, verified.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/set_difference.h"
#include "client/staged_file.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"
#include "tools/print_conviction.h"
#include "tools/progress.h"
#include "tools/verdict.h"
#include "tools/version_name.h"

namespace setlog {
namespace {

struct DiffFlags {
  std::string origin;
  std::string a;
  std::string b;
  std::string out;
  TrustFlags trust;
};

// How a change is printed.
struct LineForm {
  bool reversed = false;
  bool json = false;
  bool labels = false;  // what changed are labels, and nobody here knows of what
};

std::string LineOf(const MemberChange& change, const LineForm& form) {
  const char* op = change.added != form.reversed ? "+" : "-";
  const std::string value = ToHex(change.value);
  if (!form.json) return absl::StrFormat("%s %s\n", op, value);
  Json line{{"op", op}, {"hash", form.labels ? Json(nullptr) : Json(value)}};
  if (form.labels) line["label"] = value;
  return line.dump() + "\n";
}

// To standard output, or all or nothing to a file.
absl::Status Print(const std::vector<MemberChange>& changes, const LineForm& form,
                   const std::string& file, Output& out) {
  if (file.empty()) {
    for (const MemberChange& change : changes) {
      out.Raw(LineOf(change, form));
    }
    return absl::OkStatus();
  }
  absl::StatusOr<StagedFile> staged = StagedFile::Create(file, 0644);
  if (!staged.ok()) return staged.status();
  for (const MemberChange& change : changes) {
    const absl::Status written = staged->Write(LineOf(change, form));
    if (!written.ok()) return written;
  }
  return staged->Commit();
}

absl::StatusOr<std::vector<MemberChange>> FindWithProgress(SetDifference& between,
                                                           const Output& out) {
  std::string doing;
  std::optional<Progress> progress;
  return between.Find([&](const char* what, uint64_t done, uint64_t total) {
    if (doing != what) {
      doing = what;
      progress.emplace(doing, total, out.quiet());
    }
    progress->Update(done);
  });
}

ExitCode Diff(const DiffFlags& flags, Session& session) {
  Output& out = session.out;
  const absl::StatusOr<At> at_a = ParseVersion(flags.a);
  if (!at_a.ok()) return out.Fail(at_a.status());
  const absl::StatusOr<At> at_b = ParseVersion(flags.b);
  if (!at_b.ok()) return out.Fail(at_b.status());
  absl::StatusOr<LogSession> log = LogSession::Open(session, flags.trust, flags.origin);
  if (!log.ok()) return out.Fail(log.status());
  // The second head continues the first, or it would not be taken.
  absl::StatusOr<VerifiedHead> a = log->Head(*at_a, {});
  if (!a.ok()) return log->Fail(a.status());
  absl::StatusOr<VerifiedHead> b = log->Head(*at_b, {});
  if (!b.ok()) return log->Fail(b.status());
  const bool reversed = a->version.index.m > b->version.index.m;
  if (reversed && a->version.checkpoint != b->version.checkpoint) {
    // The newer version must stand under the newer head.
    a = log->Head(*at_a, {});
    if (!a.ok()) return log->Fail(a.status());
  }
  const VerifiedHead& older = reversed ? *b : *a;
  const VerifiedHead& newer = reversed ? *a : *b;
  SetDifference between(&log->connection(), &older, &newer);
  const absl::StatusOr<std::vector<MemberChange>> changes =
      FindWithProgress(between, out);
  if (!changes.ok() && between.evidence()) {
    return ReportEvidence(*between.evidence(), newer.version.log_key, newer.pinned,
                          log->state(),
                          {{"verdict", kMisbehaviour}, {"origin", flags.origin}}, out);
  }
  if (!changes.ok()) return log->Fail(changes.status());
  const bool labels = newer.version.manifest.labels.has_value();
  const LineForm form = {reversed, out.json(), labels};
  if (absl::Status s = Print(*changes, form, flags.out, out); !s.ok()) {
    return out.Fail(s);
  }
  uint64_t added = 0;
  for (const MemberChange& change : *changes) added += change.added != reversed;
  out.Note(absl::StrFormat(
      "%s, m = %d to m = %d: %d %sadded, %d removed; %d members, then %d; %s%s",
      flags.origin, a->version.index.m, b->version.index.m, added,
      labels ? "labels " : "", changes->size() - added, a->version.index.n,
      b->version.index.n, AuditWords(b->version),
      between.root_checked() ? ""
                             : "; too many to recompute the set root: that nothing "
                               "else differs is for `setlog audit` to show"));
  return changes->empty() ? ExitCode::kHolds : ExitCode::kDoesNotHold;
}

}  // namespace

Runner DeclareDiff(CLI::App& app) {
  auto flags = std::make_unique<DiffFlags>();
  AddOrigin(app, flags->origin);
  const char* version = "a tag, the newest version in the first SIZE entries, or @head";
  app.add_option("A", flags->a, version)->required()->type_name("TAG|SIZE|@head");
  app.add_option("B", flags->b, version)->required()->type_name("TAG|SIZE|@head");
  app.add_option("--out", flags->out, "write the lines to a file instead")
      ->type_name("FILE");
  AddVerdictFlags(app, flags->trust);
  app.footer(
      "  setlog diff example.org/pets v1 v2\n"
      "  + 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9\n"
      "  - 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b\n\n"
      "Sorted by hash; the other way round if B is the older one. Of a private log "
      "these\n"
      "are labels, with --json in `label`, and `hash` is null. Exit code: 0 the same\n"
      "members, 1 they differ, 3 could not be verified, 4 the log contradicts itself.");
  return [flags = std::move(flags)](Session& session) { return Diff(*flags, session); };
}

}  // namespace setlog
