// `setlog init`: creates a log.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "client/retry.h"
#include "client/vrf_key_uses.h"
#include "log/manifest.h"
#include "log/sha256.h"
#include "log/successor.h"
#include "tools/answer_flags.h"
#include "tools/append_session.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"
#include "tools/other_log.h"
#include "tools/record_flags.h"
#include "tools/vrf_key_flags.h"

namespace setlog {
namespace {

struct InitFlags {
  std::string origin;
  SchemeFlags scheme;
  std::string title;
  std::string license;
  bool private_reads = false;
  VrfKeyFlags vrf_key;
  std::vector<Hash> vrf_public;
  TrustFlags trust;
  std::string parent;
  std::string parent_key;
  AnswerFlags parent_at;  // --at only
  OtherServerFlags parent_server;
};

// The version that the new log goes on from, under a key that is known or given.
absl::StatusOr<Version> FindParent(const InitFlags& flags, const Session& session) {
  const absl::StatusOr<At> at = AtOf(flags.parent_at);
  if (!at.ok()) return at.status();
  TrustFlags trust;
  trust.vkey = flags.parent_key;
  trust.verdict = true;
  Session there = SessionOn(session, flags.parent_server);
  absl::StatusOr<LogSession> log =
      LogSession::Open(there, trust, flags.parent, {.trust_on_first_use = false});
  if (!log.ok()) return log.status();
  const absl::StatusOr<VerifiedHead> head = log->Head(*at, {});
  if (!head.ok()) {
    return absl::Status(head.status().code(),
                        "--parent: " + log->Explain(head.status()));
  }
  return head->version;
}

// The labels of a private log; nothing if none is asked for.
absl::StatusOr<std::optional<VrfLabels>> LabelsOfFlags(const InitFlags& flags) {
  if (flags.vrf_public.size() > 1) {
    return absl::InvalidArgumentError("--vrf-public: a log has one key");
  }
  std::optional<VrfPublicKey> key;
  if (!flags.vrf_key.file.empty()) {
    const absl::StatusOr<VrfSecretKey> secret = LoadVrfKey(flags.vrf_key);
    if (!secret.ok()) return secret.status();
    key = secret->PublicKey();
  } else if (!flags.vrf_public.empty()) {
    const absl::StatusOr<VrfPublicKey> named =
        VrfPublicKey::Parse(flags.vrf_public.front());
    if (!named.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--vrf-public: %s", std::string(named.status().message())));
    }
    key = *named;
  }
  if (!key) return std::nullopt;
  return VrfLabels{std::string(kVrfSuite), key->bytes()};
}

// A private log that goes on from a private one needs a key of its own; a plain one
// must be meant.
absl::Status CheckLabels(const std::optional<VrfLabels>& labels, const Version& parent,
                         bool with_scheme) {
  if (!parent.manifest.labels) return absl::OkStatus();
  if (!labels && !with_scheme) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is a private log, and this one would be plain: --vrf-key FILE makes it "
        "private too, with a key of its own (`setlog key vrf --out FILE`); if it is to "
        "be plain, say its --scheme",
        parent.manifest.origin));
  }
  if (labels && labels->public_key == parent.manifest.labels->public_key) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "this VRF key is that of %s: under one key two logs have the same label for "
        "the same record, and everybody could compare them. `setlog key vrf --out "
        "FILE` "
        "makes another one",
        parent.manifest.origin));
  }
  return absl::OkStatus();
}

// What the flags say; of a parent, what they do not say as well.
absl::StatusOr<Manifest> NewManifest(const InitFlags& flags, const Session& session) {
  const absl::StatusOr<std::optional<VrfLabels>> labels = LabelsOfFlags(flags);
  if (!labels.ok()) return labels.status();
  std::optional<Version> parent;
  if (!flags.parent.empty()) {
    absl::StatusOr<Version> found = FindParent(flags, session);
    if (!found.ok()) return found.status();
    parent = *std::move(found);
    const absl::Status apart =
        CheckLabels(*labels, *parent, !flags.scheme.scheme.empty());
    if (!apart.ok()) return apart;
  }
  absl::StatusOr<Manifest> manifest = Manifest{};
  if (!parent || !flags.scheme.scheme.empty()) {
    manifest = ManifestOf(flags.scheme, flags.origin);
    if (!manifest.ok()) return manifest;
    if (parent) manifest->parent = ParentOf(*parent);
  } else if (!flags.scheme.columns.empty() || !flags.scheme.columns_file.empty() ||
             !flags.scheme.fields.empty()) {
    return absl::InvalidArgumentError(
        "columns and fields are the parent's, or those of another --scheme");
  } else {
    manifest = ManifestAfter(parent->manifest, flags.origin, ParentOf(*parent));
  }
  if (!flags.title.empty()) manifest->title = flags.title;
  if (!flags.license.empty()) manifest->license = flags.license;
  if (flags.private_reads) manifest->private_reads = true;
  manifest->labels = *labels;
  return manifest;
}

ExitCode Init(const InitFlags& flags, Session& session) {
  Output& out = session.out;
  if (flags.scheme.scheme.empty() && flags.parent.empty()) {
    out.Error(
        absl::StrFormat("init %s: --scheme is missing. It says which bytes of a "
                        "record are hashed, and is fixed for the life of the log:",
                        flags.origin),
        std::string(absl::StripTrailingAsciiWhitespace(kSchemeChoices)));
    return ExitCode::kUsage;
  }
  const absl::StatusOr<Manifest> manifest = NewManifest(flags, session);
  if (!manifest.ok()) return out.Fail(manifest.status());
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
  const VrfKeyUses uses(log->state().path());
  bool first_use = false;  // of the VRF key
  if (manifest->labels) {
    const absl::StatusOr<bool> begun =
        uses.Begin(manifest->labels->public_key, flags.origin, Sha256(AsBytes(*body)),
                   /*again=*/!asked->is_new());
    if (!begun.ok()) {
      if (asked->is_new()) asked->Forget().IgnoreError();
      return out.Fail(begun.status());
    }
    first_use = *begun;
  }
  const absl::StatusOr<VerifiedHead> head =
      log->client().CreateLog(*body, /*maybe_created=*/!asked->is_new());
  // Only what says that this command made no log ends its session.
  const absl::Status& made = head.status();
  if (absl::IsInvalidArgument(made) || absl::IsAlreadyExists(made) ||
      absl::IsPermissionDenied(made) || absl::IsUnauthenticated(made) ||
      absl::IsFailedPrecondition(made) || absl::IsUnimplemented(made)) {
    asked->Forget().IgnoreError();
    // FailedPrecondition may say that another log has the key: it stays a used one.
    if (first_use && !absl::IsFailedPrecondition(made)) {
      uses.Withdraw(manifest->labels->public_key).IgnoreError();
    }
  }
  if (absl::IsAlreadyExists(head.status())) {
    return out.Fail(absl::AlreadyExistsError(absl::StrFormat(
        "%s exists already: `setlog add %s FILE...` appends to it (%s)", flags.origin,
        flags.origin, std::string(head.status().message()))));
  }
  if (!head.ok()) return log->Fail(head.status());
  log->NoteFirstUse(*head);
  if (manifest->labels) {
    const absl::Status settled =
        uses.Settle(manifest->labels->public_key, head->version.log_key);
    if (!settled.ok()) return out.Fail(settled);
  }
  const std::string vkey = FormatVkey(head->version.log_key);
  const uint64_t size = head->version.checkpoint.size;
  Json json{{"origin", flags.origin}, {"vkey", vkey}, {"size", size}};
  if (manifest->labels) json["vrf_public"] = ToHex(manifest->labels->public_key);
  out.Result(json, "created " + flags.origin);
  out.Detail("  key     " + vkey);
  if (manifest->labels) {
    out.Detail("  labels  " + ToHex(manifest->labels->public_key) +
               ", a private log: it holds labels, and no record hash");
  }
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
  AddVrfKeyFlags(app, flags->vrf_key,
                 "makes a private log: it holds labels, made with this key, which is "
                 "for no other log (for ever)");
  AddHashes(app, "--vrf-public", flags->vrf_public,
            "the same for who does not have the key here: its public key")
      ->excludes("--vrf-key");
  CLI::Option* parent =
      app.add_option("--parent", flags->parent,
                     "the log that this one was made from; its newest version is named "
                     "in the manifest, and what is not said is as there")
          ->type_name("ORIGIN");
  app.add_option("--at", flags->parent_at.at, "another version of the parent")
      ->type_name("TAG|SIZE")
      ->needs(parent);
  app.add_option("--parent-key", flags->parent_key,
                 "the parent's key, if it is not known yet")
      ->type_name("VKEY")
      ->needs(parent);
  AddOtherServer(app, "--parent", flags->parent_server, "the server of the parent");
  AddTrustFlags(app, flags->trust);
  app.footer(
      "  setlog init data.example.org/gsm8k --scheme json/1 --license MIT\n"
      "  setlog init data.example.org/gsm8k-de --parent data.example.org/gsm8k "
      "--at v1\n"
      "  setlog init example.org/faces --scheme bytes/1 --vrf-key faces.vrf\n\n" +
      std::string("The schemes:\n") + kSchemeChoices);
  return [flags = std::move(flags)](Session& session) { return Init(*flags, session); };
}

}  // namespace setlog
