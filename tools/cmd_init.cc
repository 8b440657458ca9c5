// `setlog init`: creates a log.

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/retry.h"
#include "log/manifest.h"
#include "log/sha256.h"
#include "tools/append_session.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"
#include "tools/record_flags.h"

namespace setlog {
namespace {

struct InitFlags {
  std::string origin;
  SchemeFlags scheme;
  std::string title;
  std::string license;
  bool private_reads = false;
  TrustFlags trust;
};

ExitCode Init(const InitFlags& flags, Session& session) {
  Output& out = session.out;
  if (flags.scheme.scheme.empty()) {
    out.Error(absl::StrFormat(
        "init %s: --scheme is missing. It says which bytes of a record are hashed, and "
        "is fixed for the life of the log:\n%s",
        flags.origin, kSchemeChoices));
    return ExitCode::kUsage;
  }
  absl::StatusOr<Manifest> manifest = ManifestOf(flags.scheme, flags.origin);
  if (!manifest.ok()) return out.Fail(manifest.status());
  if (!flags.title.empty()) manifest->title = flags.title;
  if (!flags.license.empty()) manifest->license = flags.license;
  manifest->private_reads = flags.private_reads;
  const absl::StatusOr<std::string> body = FormatManifest(*manifest);
  if (!body.ok()) return out.Fail(body.status());

  absl::StatusOr<LogSession> log =
      LogSession::Open(session, flags.trust, flags.origin, {.without_quorum = true});
  if (!log.ok()) return out.Fail(log.status());
  // Stays when this process is killed, or the server lost, before success was reported:
  // run again, the command then knows that the log may be its own.
  absl::StatusOr<AppendSession> asked =
      AppendSession::Find(log->state().path(),
                          {.command = "init",
                           .origin = flags.origin,
                           .vkey = flags.origin,  // there is no key yet
                           .form = ToHex(Sha256(AsBytes(*body)))},
                          /*restart=*/false);
  if (!asked.ok()) return out.Fail(asked.status());
  const absl::StatusOr<VerifiedHead> head =
      log->client().CreateLog(*body, /*maybe_created=*/!asked->is_new());
  // Only what says that this command made no log ends its session.
  const absl::Status& made = head.status();
  if (absl::IsInvalidArgument(made) || absl::IsAlreadyExists(made) ||
      absl::IsPermissionDenied(made) || absl::IsUnauthenticated(made) ||
      absl::IsFailedPrecondition(made) || absl::IsUnimplemented(made)) {
    asked->Forget().IgnoreError();
  }
  if (absl::IsAlreadyExists(head.status())) {
    return out.Fail(absl::AlreadyExistsError(absl::StrFormat(
        "%s exists already: `setlog add %s FILE...` appends to it (%s)", flags.origin,
        flags.origin, std::string(head.status().message()))));
  }
  if (!head.ok()) return log->Fail(head.status());
  log->NoteFirstUse(*head);
  const std::string vkey = FormatVkey(head->version.log_key);
  const uint64_t size = head->version.checkpoint.size;
  out.Result({{"origin", flags.origin}, {"vkey", vkey}, {"size", size}},
             "created " + flags.origin);
  out.Detail("  key     " + vkey);
  out.Detail(absl::StrFormat("  Next: setlog add %s FILE...", flags.origin));
  if (!out.Flush()) return ExitCode::kUnverified;  // success was not reported
  const absl::Status forgotten = asked->Forget();
  return forgotten.ok() ? ExitCode::kHolds : out.Fail(forgotten);
}

}  // namespace

Runner DeclareInit(CLI::App& app) {
  auto flags = std::make_unique<InitFlags>();
  AddOrigin(app, flags->origin);
  AddSchemeFlags(app, flags->scheme);
  app.add_option("--title", flags->title, "a name for people");
  app.add_option("--license", flags->license, "SPDX identifier, like CC-BY-4.0")
      ->type_name("SPDX");
  app.add_flag("--private-reads", flags->private_reads,
               "reading needs a token too, and the log is in no list (for ever)");
  AddTrustFlags(app, flags->trust);
  app.footer("  setlog init data.example.org/gsm8k --scheme json/1 --license MIT\n\n" +
             std::string("The schemes:\n") + kSchemeChoices);
  return [flags = std::move(flags)](Session& session) { return Init(*flags, session); };
}

}  // namespace setlog
