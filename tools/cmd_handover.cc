// `setlog handover`: a log goes on as another one, under another key.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/exact_version.h"
#include "client/set_members.h"
#include "client/tree_client.h"
#include "log/successor.h"
#include "tools/answer_flags.h"
#include "tools/commands.h"
#include "tools/log_session.h"
#include "tools/other_log.h"
#include "tools/progress.h"
#include "tools/upload.h"

namespace setlog {
namespace {

struct HandoverFlags {
  std::string old_origin;
  std::string new_origin;
  AnswerFlags answer;  // --at only
  OtherServerFlags to;
  TrustFlags trust;
  bool restart = false;
};

// Each step finds out whether an earlier run has done it: so a run that was interrupted
// is gone on with by running the command again.
class Handover {
 public:
  Handover(const HandoverFlags& flags, LogSession* from, LogSession* to, Output* out)
      : flags_(flags), old_(*from), new_(*to), out_(*out) {}

  ExitCode Run() {
    for (const auto step : {&Handover::FindNew, &Handover::CheckKind,
                            &Handover::CopySet, &Handover::CloseOld}) {
      if (absl::Status s = (this->*step)(); !s.ok()) return asked_->Fail(s);
    }
    return Report();
  }

 private:
  // NEW, if it is there, says which version it goes on from.
  absl::Status FindNew() {
    asked_ = &new_;
    absl::StatusOr<VerifiedHead> head = new_.Head({}, {});
    if (absl::IsNotFound(head.status())) return CreateNew();
    if (!head.ok()) return head.status();
    new_key_ = head->version.log_key;
    new_manifest_ = head->version.manifest;
    asked_ = &old_;
    absl::StatusOr<VerifiedHead> newest = old_.Head({}, {});
    if (!newest.ok()) return newest.status();
    const std::optional<ParentVersion>& parent = new_manifest_.parent;
    if (!parent || parent->origin != flags_.old_origin ||
        parent->vkey != FormatVkey(newest->version.log_key)) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s exists already, and its manifest does not name %s with its key as its "
          "parent: choose a new origin",
          flags_.new_origin, flags_.old_origin));
    }
    absl::StatusOr<VerifiedHead> version = ExactVersion(old_.client(), parent->m);
    if (!version.ok()) return version.status();
    if (version->version.index.set_root != parent->set_root) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s names a set root for m = %d that %s does not have: choose a new origin",
          flags_.new_origin, parent->m, flags_.old_origin));
    }
    version_ = *std::move(version);
    return CheckAt();
  }

  // --at of a run that goes on must be what it was.
  absl::Status CheckAt() {
    if (flags_.answer.at.empty()) return absl::OkStatus();
    absl::StatusOr<VerifiedHead> at = VersionAsked();
    if (!at.ok()) return at.status();
    if (at->version.index.m == version_->version.index.m) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrFormat("--at %s is the version m = %d, but %s was made for m = %d: "
                        "choose a new origin",
                        flags_.answer.at, at->version.index.m, flags_.new_origin,
                        version_->version.index.m));
  }

  // The version that --at names; else the newest, after the index has caught up.
  absl::StatusOr<VerifiedHead> VersionAsked() {
    const absl::StatusOr<At> at = AtOf(flags_.answer);
    if (!at.ok()) return at.status();
    absl::StatusOr<VerifiedHead> version = old_.Head(*at, {});
    if (!version.ok() || at->tag || at->size) return version;
    const absl::StatusOr<Later> later =
        LaterChanges(*version, version->version.index.m);
    if (!later.ok()) return later.status();
    if (later->count == 0) return version;
    return old_.client().WaitIndexed(later->last, {});
  }

  absl::Status CreateNew() {
    asked_ = &old_;
    absl::StatusOr<VerifiedHead> version = VersionAsked();
    if (!version.ok()) return version.status();
    version_ = *std::move(version);
    const Manifest& manifest = version_->version.manifest;
    if (manifest.labels) return PrivateLabels();
    if (absl::Status open = CheckNotHandedOver(); !open.ok()) return open;
    new_manifest_ =
        ManifestAfter(manifest, flags_.new_origin, ParentOf(version_->version));
    const absl::StatusOr<std::string> body = FormatManifest(new_manifest_);
    if (!body.ok()) return body.status();
    // Before there is a log that could not be named: with any key in the place of its.
    const absl::StatusOr<VerifierKey> named = MakeVerifierKey(
        flags_.new_origin, SignatureType::kEd25519, version_->version.log_key.key);
    if (!named.ok()) return named.status();
    if (auto tag = SuccessorTag(*named); !tag.ok()) return tag.status();
    asked_ = &new_;
    const absl::StatusOr<VerifiedHead> head = new_.client().CreateLog(*body);
    if (!head.ok()) return head.status();
    new_.NoteFirstUse(*head);
    new_key_ = head->version.log_key;
    return absl::OkStatus();
  }

  absl::Status CheckNotHandedOver() const {
    const absl::StatusOr<std::vector<PlacedTagEntry>> tags =
        old_.client().Tags(*version_);
    if (!tags.ok()) return tags.status();
    for (const PlacedTagEntry& tag : *tags) {
      const std::optional<VerifierKey> next = SuccessorNamed(tag.tag.name);
      if (!next) continue;
      return absl::FailedPreconditionError(
          absl::StrFormat("%s was handed over to %s already, and for good",
                          flags_.old_origin, next->name));
    }
    return absl::OkStatus();
  }

  static absl::Status PrivateLabels() {
    return absl::UnimplementedError(
        "UNSUPPORTED: a private log (VRF labels): its labels were made with a key of "
        "its own and are other ones in every other log");
  }

  absl::Status CheckKind() {
    const Manifest& before = version_->version.manifest;
    if (before.labels || new_manifest_.labels) return PrivateLabels();
    if (!SameRecords(before, new_manifest_)) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s has %s and %s has %s, or other fields or columns: the same record would "
          "have another hash there",
          flags_.old_origin, before.scheme, flags_.new_origin, new_manifest_.scheme));
    }
    return absl::OkStatus();
  }

  // That the set of a version of NEW is the one of the parent.
  absl::Status CheckSame(const Version& version) const {
    const IndexEntry& index = version_->version.index;
    if (version.index.set_root == index.set_root) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrFormat(
        "the set of %s at m = %d (%d members) is not the one of %s at m = %d (%d "
        "members): somebody else has written to it. Undo that with `setlog add` and "
        "`setlog remove`, and run this again; or choose a new origin",
        flags_.new_origin, version.index.m, version.index.n, flags_.old_origin, index.m,
        index.n));
  }

  // The same of the version of NEW that has the name already: nothing can undo that.
  absl::Status CheckParentTag(const Version& version) const {
    const IndexEntry& index = version_->version.index;
    if (version.index.set_root == index.set_root) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrFormat(
        "version `%s` of %s is the set at m = %d (%d members), not the one of %s at "
        "m = %d (%d members). A name is used once, so nobody could follow to %s: "
        "choose a "
        "new origin",
        kParentTag, flags_.new_origin, version.index.m, version.index.n,
        flags_.old_origin, index.m, index.n, flags_.new_origin));
  }

  absl::Status CopySet() {
    asked_ = &new_;
    const absl::StatusOr<VerifiedHead> before =
        new_.Head({.tag = std::string(kParentTag)}, {});
    if (before.ok()) return CheckParentTag(before->version);
    if (!absl::IsNotFound(before.status())) return before.status();

    asked_ = &old_;
    HashSpool spool(HashSpool::kMemoryHashes);
    Hash digest;
    {
      Progress progress("reading", version_->version.index.m, out_.quiet());
      const absl::StatusOr<std::vector<Hash>> members =
          FetchMembers(old_.connection(), version_->version,
                       [&progress](uint64_t entries) { progress.Update(entries); });
      if (!members.ok()) return members.status();
      for (const Hash& member : *members) {
        if (absl::Status s = spool.Append(member); !s.ok()) return s;
      }
      digest = spool.Finish();
    }
    asked_ = &new_;
    absl::StatusOr<AppendSession> session = AppendSession::Find(
        new_.state().path(),
        {.command = "handover",
         .origin = flags_.new_origin,
         .vkey = FormatVkey(*new_key_),
         .form = absl::StrFormat("handover %s", FormatVkey(version_->version.log_key)),
         .records = spool.size(),
         .digest = digest},
        flags_.restart);
    if (!session.ok()) return session.status();
    const absl::StatusOr<AppendResult> sent =
        Upload(new_, spool, *session, Operation::kAdd, "adding", out_);
    if (!sent.ok()) return sent.status();
    added_ = sent->added;
    if (absl::Status s = TagCopied(*sent); !s.ok()) return s;
    return session->Forget();
  }

  absl::Status TagCopied(const AppendResult& sent) {
    Progress progress("indexing", sent.end, out_.quiet());
    absl::StatusOr<VerifiedHead> head =
        sent.added == 0
            ? new_.Head({}, {})
            : new_.client().WaitIndexed(
                  sent.end - 1, [&progress](uint64_t size) { progress.Update(size); });
    if (!head.ok()) return head.status();
    if (absl::Status s = CheckSame(head->version); !s.ok()) return s;
    // Who writes to NEW meanwhile must not have his set named: a name is used once.
    head = new_.client().TagSet(std::string(kParentTag), head->version.index.m);
    return head.ok() ? CheckParentTag(head->version) : head.status();
  }

  // Entries from m on that add or remove something.
  struct Later {
    uint64_t count = 0;
    uint64_t last = 0;
  };
  absl::StatusOr<Later> LaterChanges(const VerifiedHead& head, uint64_t m) const {
    Later later;
    const TreeClient tree(&old_.connection(), head.version.checkpoint);
    const absl::Status read = tree.Entries(
        m, tree.head().size, [&later](uint64_t first, std::span<const Bytes> entries) {
          for (size_t i = 0; i < entries.size(); ++i) {
            // One that is malformed, or of no bytes at all, changes no set.
            const absl::StatusOr<Entry> entry = DecodeEntry(entries[i]);
            if (!entry.ok()) continue;
            const EntryType type = TypeOf(*entry);
            if (type != EntryType::kAdd && type != EntryType::kRemove) continue;
            ++later.count;
            later.last = first + i;
          }
          return absl::OkStatus();
        });
    if (!read.ok()) return read;
    return later;
  }

  absl::Status CloseOld() {
    asked_ = &old_;
    const absl::StatusOr<std::string> tag = SuccessorTag(*new_key_);
    if (!tag.ok()) return tag.status();
    tag_ = *tag;
    const uint64_t m = version_->version.index.m;
    absl::StatusOr<VerifiedHead> closed = old_.Head({.tag = tag_}, {});
    if (!closed.ok() && !absl::IsNotFound(closed.status())) return closed.status();
    if (!closed.ok()) {
      const absl::StatusOr<VerifiedHead> head = old_.Head({}, {});
      if (!head.ok()) return head.status();
      const absl::StatusOr<Later> later = LaterChanges(*head, m);
      if (!later.ok()) return later.status();
      if (later->count > 0 && flags_.answer.at.empty()) {
        return absl::FailedPreconditionError(absl::StrFormat(
            "%s has %d more entries since m = %d, which %s does not have. Nothing is "
            "lost: stop its writers, see what changed with `setlog diff %s %d @head`, "
            "do the same to %s, and then run this with --at %d",
            flags_.old_origin, later->count, m, flags_.new_origin, flags_.old_origin,
            version_->version.index_position + 1, flags_.new_origin,
            version_->version.index_position + 1));
      }
      // Who writes now is in time, and OLD is not closed, or is refused. With --at it
      // is known that NEW lacks something.
      closed = flags_.answer.at.empty() ? old_.client().TagSet(tag_, m)
                                        : old_.client().TagSet(tag_);
      if (!closed.ok()) return closed.status();
    }
    const absl::StatusOr<Later> later = LaterChanges(*closed, m);
    if (!later.ok()) return later.status();
    left_behind_ = later->count;
    if (left_behind_ == 0 || !flags_.answer.at.empty()) return absl::OkStatus();
    // By a run with --at, or through a server that did not look.
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s was handed over to %s and takes nothing more, but %d entries since m = %d "
        "are left behind in it: see what they changed with `setlog diff %s %d @head`, "
        "do the same to %s, and then run this with --at %d",
        flags_.old_origin, flags_.new_origin, left_behind_, m, flags_.old_origin,
        version_->version.index_position + 1, flags_.new_origin,
        version_->version.index_position + 1));
  }

  ExitCode Report() {
    const IndexEntry& index = version_->version.index;
    const std::string vkey = FormatVkey(*new_key_);
    const std::string root = ToHex(index.set_root);
    out_.Result(
        {{"origin", flags_.new_origin},
         {"vkey", vkey},
         {"parent", flags_.old_origin},
         {"index_size", index.m},
         {"set_count", index.n},
         {"set_root", root},
         {"added", added_},
         {"tag", tag_},
         {"left_behind", left_behind_}},
        absl::StrFormat("handed over %s to %s", flags_.old_origin, flags_.new_origin));
    out_.Detail(
        absl::StrFormat("  set     of m = %d with %d members; the same root in both "
                        "logs:\n          %s",
                        index.m, index.n, root));
    out_.Detail("  key     " + vkey);
    if (left_behind_ > 0) {
      out_.Detail(absl::StrFormat(
          "  not in %s by this command: what %d later entries changed; see\n"
          "          setlog diff %s %d @head",
          flags_.new_origin, left_behind_, flags_.old_origin,
          version_->version.index_position + 1));
    }
    out_.Detail(absl::StrFormat(
        "  %s takes nothing more. Publish the new key; who trusts the old one can run\n"
        "          setlog trust follow %s",
        flags_.old_origin, flags_.old_origin));
    return ExitCode::kHolds;
  }

  const HandoverFlags& flags_;
  LogSession& old_;
  LogSession& new_;
  Output& out_;
  LogSession* asked_ = nullptr;          // who was asked last
  std::optional<VerifiedHead> version_;  // that is handed over
  std::optional<VerifierKey> new_key_;
  Manifest new_manifest_;
  uint64_t added_ = 0;
  std::string tag_;
  uint64_t left_behind_ = 0;
};

ExitCode RunHandover(const HandoverFlags& flags, Session& session) {
  Output& out = session.out;
  if (flags.old_origin == flags.new_origin) {
    return out.Fail(absl::InvalidArgumentError(
        "NEW must be another origin than OLD, such as " + flags.old_origin +
        ".2: a log's key is named by its origin, and is its own for life"));
  }
  absl::StatusOr<LogSession> from =
      LogSession::Open(session, flags.trust, flags.old_origin,
                       {.trust_on_first_use = false, .without_quorum = true});
  if (!from.ok()) return out.Fail(from.status());
  Session there = SessionOn(session, flags.to);
  absl::StatusOr<LogSession> to =
      LogSession::Open(there, {}, flags.new_origin, {.without_quorum = true});
  if (!to.ok()) return out.Fail(to.status());
  return Handover(flags, &*from, &*to, &out).Run();
}

}  // namespace

Runner DeclareHandover(CLI::App& app) {
  auto flags = std::make_unique<HandoverFlags>();
  AddOtherOrigin(app, "OLD", flags->old_origin, "the log that ends");
  AddOtherOrigin(app, "NEW", flags->new_origin,
                 "the log that goes on; it is created if it does not exist");
  app.add_option("--at", flags->answer.at,
                 "hand over this version, and leave behind what came later")
      ->type_name("TAG|SIZE");
  AddOtherServer(app, "--to", flags->to, "the server of NEW");
  app.add_flag("--restart", flags->restart,
               "do not go on with an interrupted run: append all records anew");
  AddTrustFlags(app, flags->trust);
  app.footer(
      "  setlog handover example.org/pets example.org/pets.2\n"
      "  setlog handover example.org/pets example.net/pets --to-server "
      "example.net:7070 "
      "\\\n"
      "      --to-token-file new.token\n\n"
      "For a planned change of a log's key, operator or server. Makes NEW, with OLD's\n"
      "manifest and the version that it goes on from; copies the members; sees that "
      "both\n"
      "have the same set root, and tags that version of NEW `parent`; then adds to OLD "
      "the\n"
      "tag `successor/` and NEW's key. OLD takes nothing more from then on: there is "
      "no\n"
      "way back. Run again after a failure, it goes on. OLD's key must be known or "
      "given;\n"
      "the token needs `handover` on OLD, `create`, `add` and `tag` on NEW.");
  return [flags = std::move(flags)](Session& session) {
    return RunHandover(*flags, session);
  };
}

}  // namespace setlog
