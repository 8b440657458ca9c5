#include "tools/trust_follow.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/exact_version.h"
#include "client/refused.h"
#include "client/tree_client.h"
#include "log/successor.h"
#include "proto/forms.h"
#include "tools/known_conviction.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

constexpr uint64_t kLastEntries = 256;

class Follow {
 public:
  Follow(const FollowFlags& flags, LogSession* from, Session* session)
      : flags_(flags), old_(*from), session_(*session) {}

  ExitCode Run() {
    if (absl::Status s = ReadOld(); !s.ok()) return old_.Fail(s);
    if (absl::Status s = ReadNew(); !s.ok()) {
      session_.out.Error(WithRemedy(s, there_.server));
      return ForStatus(s);
    }
    if (absl::Status s = CheckParent(); !s.ok()) return old_.Fail(s);
    if (absl::Status s = Remember(); !s.ok()) return session_.out.Fail(s);
    return Report();
  }

 private:
  // Of all tags that OLD's server shows; of files, which have no list of tags, of the
  // last entries: after a successor's tag there is nothing.
  absl::StatusOr<std::vector<std::string>> TagNames(const VerifiedHead& head) const {
    std::vector<std::string> names;
    if (flags_.from.empty()) {
      const auto tags = old_.client().Tags(head);
      if (!tags.ok()) return tags.status();
      for (const PlacedTagEntry& tag : *tags) names.push_back(tag.tag.name);
      return names;
    }
    const TreeClient tree(&old_.connection(), head.version.checkpoint);
    const uint64_t size = tree.head().size;
    const absl::Status read =
        tree.Entries(size - std::min(size, kLastEntries), size,
                     [&](uint64_t, std::span<const Bytes> entries) {
                       for (const Bytes bytes : entries) {
                         const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
                         if (!entry.ok()) {
                           return Refused(flags_.old_origin, entry.status());
                         }
                         if (const auto* tag = std::get_if<TagEntry>(&*entry)) {
                           names.push_back(tag->name);
                         }
                       }
                       return absl::OkStatus();
                     });
    if (!read.ok()) return read;
    return names;
  }

  // Which key OLD names.
  absl::Status ReadOld() {
    const absl::StatusOr<VerifiedHead> head = old_.Head({}, {});
    if (!head.ok()) return head.status();
    old_key_ = head->version.log_key;
    const auto known = old_.state().Load(flags_.old_origin);
    if (!known.ok()) return known.status();
    old_known_ = **known;
    const absl::StatusOr<std::vector<std::string>> tags = TagNames(*head);
    if (!tags.ok()) return tags.status();
    for (const std::string& tag : *tags) {
      const std::optional<VerifierKey> key = SuccessorNamed(tag);
      if (!key || key->name == flags_.old_origin) continue;
      if (key_) {
        return Refused(flags_.old_origin,
                       absl::StrFormat("two tags name a successor, %s and %s: ask its "
                                       "owner; nothing is followed",
                                       FormatVkey(*key_), FormatVkey(*key)));
      }
      key_ = key;
    }
    if (!key_) {
      return Refused(
          flags_.old_origin,
          absl::StrFormat("none of its %d tags names a successor, so %s is "
                          "none: to believe another log all the same, pin a "
                          "key that its owner published with `setlog trust "
                          "add`",
                          tags->size(),
                          flags_.new_origin.empty() ? "there" : flags_.new_origin));
    }
    if (!flags_.new_origin.empty() && key_->name != flags_.new_origin) {
      return Refused(flags_.old_origin,
                     absl::StrFormat("it names %s as its successor, not %s",
                                     FormatVkey(*key_), flags_.new_origin));
    }
    return CheckKnown();
  }

  absl::Status CheckKnown() {
    const auto known = old_.state().Load(key_->name);
    if (!known.ok()) return known.status();
    if (!*known) return FindPolicy("");
    if ((*known)->key != *key_) {
      return Refused(
          key_->name,
          absl::StrFormat("it is known here under the key %s, but %s names %s: if its "
                          "owner says that the second is right, `setlog trust add %s "
                          "--key ... --replace`",
                          FormatVkey((*known)->key), flags_.old_origin,
                          FormatVkey(*key_), key_->name));
    }
    return FindPolicy((*known)->policy);
  }

  // OLD's policy, to which NEW's key is added: who watched the one is asked for with
  // the other, unless another policy is named.
  absl::Status FindPolicy(const std::string& stored) {
    if (!flags_.policy_file.empty()) {
      absl::StatusOr<std::string> text = ReadPolicyText(flags_.policy_file);
      if (!text.ok()) return text.status();
      policy_ = *std::move(text);
    } else if (!flags_.no_policy) {
      policy_ = stored;
      if (policy_.empty() && !old_known_->policy.empty()) {
        policy_ = absl::StrFormat("log %s\n%s", FormatVkey(*key_), old_known_->policy);
      }
    }
    return policy_.empty() ? absl::OkStatus() : CheckPolicyFor(*key_, policy_);
  }

  // NEW's newest version, or that of a tag, under the key that OLD names.
  absl::StatusOr<Version> AskNew(const Connection& connection, const std::string& tag) {
    Trust trust{.log_key = *key_};
    v1::GetHeadRequest request;
    request.set_origin(key_->name);
    if (!tag.empty()) request.set_tag(tag);
    if (!policy_.empty()) {
      absl::StatusOr<Policy> policy = ParsePolicy(policy_);
      if (!policy.ok()) return policy.status();
      request.set_cosigned(policy->quorum.has_value());
      trust.policy = *std::move(policy);
    }
    const absl::StatusOr<v1::Head> head =
        connection.Call(connection.reader(), &v1::Reader::Stub::GetHead, request);
    if (!head.ok()) return head.status();
    const absl::StatusOr<VersionProof> proof = VersionFromProto(*head);
    if (!proof.ok()) return Refused(key_->name, proof.status());
    Demands demands;
    if (!tag.empty()) demands.tag = tag;
    absl::StatusOr<Version> version = VerifyVersion(*proof, trust, demands);
    if (!version.ok()) {
      return Refused(
          key_->name,
          absl::StrFormat("under the key that %s names: %s%s", flags_.old_origin,
                          std::string(version.status().message()),
                          trust.policy ? " (--policy FILE names other "
                                         "witnesses, --no-policy none)"
                                       : ""));
    }
    if (version->manifest.origin != key_->name) {
      return Refused(key_->name, "the server answered with another log");
    }
    return version;
  }

  absl::Status ReadNew() {
    there_ = SessionOn(session_, flags_.to);
    const absl::StatusOr<Connection> connection = Connect(there_.server);
    if (!connection.ok()) return connection.status();
    const absl::StatusOr<Version> newest = AskNew(*connection, "");
    if (absl::IsNotFound(newest.status())) {
      return absl::NotFoundError(
          absl::StrFormat("%s, which %s names as its successor, is not on %s: "
                          "--to-server names another "
                          "server",
                          key_->name, flags_.old_origin, there_.server.address));
    }
    if (!newest.ok()) return newest.status();
    parent_ = newest->manifest.parent;
    const absl::StatusOr<Version> copied = AskNew(*connection, std::string(kParentTag));
    if (absl::IsNotFound(copied.status())) return absl::OkStatus();
    if (!copied.ok()) return copied.status();
    handed_over_ = parent_ && copied->index.set_root == parent_->set_root;
    if (handed_over_) return absl::OkStatus();
    return Refused(key_->name,
                   "its version `parent` is not the set that its manifest names");
  }

  // What NEW says of OLD is so.
  absl::Status CheckParent() {
    if (!parent_ || parent_->origin != flags_.old_origin) {
      return Refused(
          key_->name,
          absl::StrFormat("its manifest names %s as its parent, not %s",
                          parent_ ? parent_->origin : "nobody", flags_.old_origin));
    }
    if (parent_->vkey != FormatVkey(*old_key_)) {
      return Refused(
          key_->name,
          absl::StrFormat("its manifest names the key %s for %s, known is %s",
                          parent_->vkey, flags_.old_origin, FormatVkey(*old_key_)));
    }
    const absl::StatusOr<VerifiedHead> version =
        ExactVersion(old_.client(), parent_->m);
    if (absl::IsNotFound(version.status()))
      return Refused(key_->name, version.status());
    if (!version.ok()) return version.status();
    if (version->version.index.set_root != parent_->set_root) {
      return Refused(
          key_->name,
          absl::StrFormat("its manifest names the set root %s for %s at m = %d, where "
                          "that log has %s",
                          ToHex(parent_->set_root), flags_.old_origin, parent_->m,
                          ToHex(version->version.index.set_root)));
    }
    return absl::OkStatus();
  }

  absl::Status Remember() {
    return old_.state().Update(key_->name, [this](std::optional<KnownLog>& log) {
      if (!log) log = KnownLog{.key = *key_};
      if (log->key != *key_) {
        return absl::AbortedError(absl::StrFormat(
            "another process has just met %s under another key: try again",
            key_->name));
      }
      log->pinned = log->pinned || old_known_->pinned;
      log->policy = policy_;
      pinned_ = log->pinned;
      return absl::OkStatus();
    });
  }

  ExitCode Report() {
    Output& out = session_.out;
    Json json{{"origin", key_->name},
              {"vkey", FormatVkey(*key_)},
              {"fingerprint", Fingerprint(*key_)},
              {"pinned", pinned_},
              {"policy", policy_.empty() ? Json(nullptr) : Json(policy_)},
              {"parent", flags_.old_origin},
              {"index_size", parent_->m},
              {"set_root", ToHex(parent_->set_root)},
              {"handed_over", handed_over_}};
    out.Result(json, absl::StrFormat("%s is trusted as the successor of %s", key_->name,
                                     flags_.old_origin));
    out.Detail("  fingerprint " + Fingerprint(*key_));
    out.Detail("  key         " + FormatVkey(*key_));
    out.Detail(absl::StrFormat("  from        m = %d, root %s", parent_->m,
                               ToHex(parent_->set_root)));
    out.Detail(handed_over_
                   ? "  set         all members went over: its version `parent` has "
                     "that root"
                   : "  set         it has no version `parent`: nothing shows that the "
                     "members went over");
    if (!pinned_) out.Detail("  Not pinned, as the key of " + flags_.old_origin);
    return ExitCode::kHolds;
  }

  const FollowFlags& flags_;
  LogSession& old_;
  Session& session_;
  Session there_ = session_;
  std::optional<VerifierKey> old_key_;
  std::optional<KnownLog> old_known_;
  std::optional<VerifierKey> key_;  // NEW's
  std::string policy_;
  std::optional<ParentVersion> parent_;
  bool handed_over_ = false;
  bool pinned_ = false;
};

}  // namespace

ExitCode FollowSuccessor(const FollowFlags& flags, Session& session) {
  TrustFlags trust;
  trust.verdict = true;
  absl::StatusOr<LogSession> log =
      LogSession::Open(session, trust, flags.old_origin,
                       {.from = flags.from, .trust_on_first_use = false});
  if (!log.ok()) return session.out.Fail(log.status());
  // Each of its branches may name another successor.
  if (const auto code = AlreadyConvicted(log->state(), flags.old_origin, session.out)) {
    return *code;
  }
  return Follow(flags, &*log, &session).Run();
}

}  // namespace setlog
