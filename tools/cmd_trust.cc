// `setlog trust`: whose keys are believed, and which witnesses are asked for.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/state.h"
#include "log/policy.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/trust_flags.h"
#include "tools/trust_follow.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

struct TrustCommandFlags {
  std::string origin;
  std::string vkey;
  std::string policy_file;
  bool no_policy = false;
  bool replace = false;
  FollowFlags follow;
};

absl::StatusOr<StateDirectory> OpenState() {
  absl::StatusOr<std::string> path = StateDirectory::DefaultPath();
  if (!path.ok()) return path.status();
  return StateDirectory::Open(*std::move(path));
}

std::string NameOf(const Policy& policy, const Policy::Member& member) {
  return member.kind == Policy::Member::Kind::kGroup
             ? policy.groups[member.index].name
             : policy.witnesses[member.index].name;
}

// "quorum replay: 2 of w1, w2, w3".
std::string QuorumWords(const std::string& text) {
  const absl::StatusOr<Policy> policy = ParsePolicy(text);
  if (!policy.ok()) return std::string(policy.status().message());
  if (!policy->quorum) return "quorum none: no witness is asked for";
  const std::string words = "quorum " + NameOf(*policy, *policy->quorum);
  if (policy->quorum->kind == Policy::Member::Kind::kWitness) return words;
  const Policy::Group& group = policy->groups[policy->quorum->index];
  std::vector<std::string> names;
  for (const Policy::Member& member : group.members) {
    names.push_back(NameOf(*policy, member));
  }
  return absl::StrFormat("%s: %d of %s", words, group.threshold,
                         absl::StrJoin(names, ", "));
}

Json JsonOf(const StateDirectory& state, const KnownLog& log) {
  Json json{{"origin", log.key.name},
            {"vkey", FormatVkey(log.key)},
            {"fingerprint", Fingerprint(log.key)},
            {"pinned", log.pinned}};
  json["policy"] = log.policy.empty() ? Json(nullptr) : Json(log.policy);
  json["size"] = log.head ? Json(log.head->checkpoint.size) : Json(nullptr);
  json["index_size"] = log.highest_m > 0 ? Json(log.highest_m) : Json(nullptr);
  json["convicted"] = log.convicted ? Json(state.EvidenceOf(log)) : Json(nullptr);
  return json;
}

void Describe(const StateDirectory& state, const KnownLog& log, Output& out) {
  out.Detail("  fingerprint " + Fingerprint(log.key));
  out.Detail("  key         " + FormatVkey(log.key));
  out.Detail("  policy      " + (log.policy.empty()
                                     ? std::string("none: the log's own signature is "
                                                   "enough")
                                     : QuorumWords(log.policy)));
  if (log.head) {
    out.Detail(absl::StrFormat("  last head   of size %d; newest set at m = %d",
                               log.head->checkpoint.size, log.highest_m));
  }
  if (log.convicted) {
    const std::string evidence = state.EvidenceOf(log);
    out.Detail("  MISBEHAVIOUR was proven: " +
               (evidence.empty() ? "the evidence could not be saved" : evidence) +
               "; do not trust\n  its newer answers");
  }
}

// Whom the flags name; with a policy alone the one key that it has for the log.
absl::StatusOr<VerifierKey> NamedKey(const TrustCommandFlags& flags,
                                     const std::optional<KnownLog>& known,
                                     const std::string& policy_text) {
  if (!flags.vkey.empty()) {
    absl::StatusOr<VerifierKey> key = LogKeyOf(flags.vkey);
    if (key.ok() && key->name != flags.origin) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--key: %s is not a key of %s", flags.vkey, flags.origin));
    }
    return key;
  }
  std::vector<VerifierKey> named;
  if (!policy_text.empty()) {
    const Policy policy = *ParsePolicy(policy_text);
    for (const Policy::Log& log : policy.logs) {
      if (log.key.name != flags.origin) continue;
      if (known && log.key == known->key) return log.key;
      named.push_back(log.key);
    }
    if (named.size() == 1) return named[0];
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s names %s of %s: say which with --key VKEY", flags.policy_file,
        named.empty() ? "no key" : "several keys", flags.origin));
  }
  if (flags.no_policy && known) return known->key;
  return absl::InvalidArgumentError(absl::StrFormat(
      "name the key of %s with --key VKEY, as its owner published it, or a --policy "
      "FILE that has it",
      flags.origin));
}

ExitCode Add(const TrustCommandFlags& flags, Session& session) {
  Output& out = session.out;
  std::string text;
  if (!flags.policy_file.empty()) {
    absl::StatusOr<std::string> read = ReadPolicyText(flags.policy_file);
    if (!read.ok()) return out.Fail(read.status());
    text = *std::move(read);
  }
  const absl::StatusOr<StateDirectory> state = OpenState();
  if (!state.ok()) return out.Fail(state.status());
  const absl::StatusOr<std::optional<KnownLog>> known = state->Load(flags.origin);
  if (!known.ok()) return out.Fail(known.status());
  const absl::StatusOr<VerifierKey> key = NamedKey(flags, *known, text);
  if (!key.ok()) return out.Fail(key.status());
  if (!text.empty()) {
    if (absl::Status s = CheckPolicyFor(*key, text); !s.ok()) {
      return out.Fail(absl::InvalidArgumentError(
          absl::StrFormat("%s: %s", flags.policy_file, std::string(s.message()))));
    }
  }
  const bool other = *known && (*known)->key != *key;
  if (other && !flags.replace) {
    out.Error(
        absl::StrFormat(
            "%s is known under another key. If its owner says that the key was "
            "changed: --replace, which forgets the last head and every version that "
            "was seen under the old one",
            flags.origin),
        absl::StrFormat("  known %s  %s\n  named %s  %s", Fingerprint((*known)->key),
                        FormatVkey((*known)->key), Fingerprint(*key),
                        FormatVkey(*key)));
    return ForStatus(absl::AlreadyExistsError(""));
  }
  absl::Status stored;
  if (other) {
    stored = state->ReplaceKey(*key, text);
  } else {
    stored = state->Update(flags.origin, [&](std::optional<KnownLog>& log) {
      if (!log) log = KnownLog{.key = *key};
      if (log->key != *key) {
        return absl::AbortedError(absl::StrFormat(
            "another process has just met %s under another key: try again",
            flags.origin));
      }
      log->pinned = true;
      if (!text.empty() || flags.no_policy) log->policy = text;
      return absl::OkStatus();
    });
  }
  if (!stored.ok()) return out.Fail(stored);
  const absl::StatusOr<std::optional<KnownLog>> now = state->Load(flags.origin);
  if (!now.ok()) return out.Fail(now.status());
  Json json = JsonOf(*state, **now);
  json["replaced"] = other ? Json(FormatVkey((*known)->key)) : Json(nullptr);
  out.Result(json, absl::StrFormat("%s is trusted under this key%s", flags.origin,
                                   other ? ", in the place of another" : ""));
  Describe(*state, **now, out);
  if (other) {
    out.Detail("  forgotten   " + FormatVkey((*known)->key) +
               ", the last head and all versions seen under it");
  }
  out.Detail("  Compare the fingerprint with the owner's.");
  return ExitCode::kHolds;
}

absl::Status Unknown(const std::string& origin) {
  return absl::NotFoundError(absl::StrFormat(
      "no key of %s is known here: `setlog trust list` shows those that are", origin));
}

ExitCode List(const TrustCommandFlags& flags, Session& session) {
  Output& out = session.out;
  const absl::StatusOr<StateDirectory> state = OpenState();
  if (!state.ok()) return out.Fail(state.status());
  std::vector<KnownLog> logs;
  if (flags.origin.empty()) {
    absl::StatusOr<std::vector<KnownLog>> all = state->List();
    if (!all.ok()) return out.Fail(all.status());
    logs = *std::move(all);
  } else {
    absl::StatusOr<std::optional<KnownLog>> one = state->Load(flags.origin);
    if (!one.ok()) return out.Fail(one.status());
    if (!*one) return out.Fail(Unknown(flags.origin));
    logs.push_back(**std::move(one));
  }
  for (const KnownLog& log : logs) {
    out.Result(JsonOf(*state, log),
               absl::StrFormat("%s  %s%s", log.key.name,
                               log.pinned ? "pinned" : "from a server, not pinned",
                               log.convicted ? ", MISBEHAVIOUR proven" : ""));
    Describe(*state, log, out);
  }
  if (logs.empty()) {
    out.Detail("no keys are known: `setlog trust add ORIGIN --key VKEY` pins one");
  }
  return ExitCode::kHolds;
}

ExitCode Remove(const TrustCommandFlags& flags, Session& session) {
  Output& out = session.out;
  const absl::StatusOr<StateDirectory> state = OpenState();
  if (!state.ok()) return out.Fail(state.status());
  const absl::StatusOr<std::optional<KnownLog>> known = state->Load(flags.origin);
  if (!known.ok()) return out.Fail(known.status());
  if (!*known) return out.Fail(Unknown(flags.origin));
  if (absl::Status s = state->Forget(flags.origin); !s.ok()) return out.Fail(s);
  const KnownLog& log = **known;
  std::vector<std::string> forgotten = {"key"};
  if (!log.policy.empty()) forgotten.push_back("policy");
  if (log.head) forgotten.push_back("head");
  if (log.highest_m > 0) forgotten.push_back("versions");
  if (log.convicted) forgotten.push_back("conviction");
  Json json = JsonOf(*state, log);
  json["forgotten"] = forgotten;
  out.Result(json, "forgot " + flags.origin);
  Describe(*state, log, out);
  out.Detail(
      "  All of this is forgotten, and every version that was seen: the next server "
      "may\n"
      "  name another key, or show an older head, and nobody here would notice.\n"
      "  Kept: evidence, and what audits have come to (" +
      state->path() + ")");
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareTrust(CLI::App& app) {
  auto flags = std::make_unique<TrustCommandFlags>();
  app.require_subcommand(1);
  CLI::App* add = app.add_subcommand("add", "pins a log's key, and stores a policy");
  AddOrigin(*add, flags->origin);
  add->add_option("--key", flags->vkey, "the log's key, as its owner published it")
      ->type_name("VKEY");
  CLI::Option* policy =
      add->add_option("--policy", flags->policy_file,
                      "C2SP tlog-policy that every verdict on the log asks for; "
                      "must name the key")
          ->type_name("FILE");
  add->add_flag("--no-policy", flags->no_policy, "forget the policy that is stored")
      ->excludes(policy);
  add->add_flag("--replace", flags->replace,
                "the log is known under another key, which is wrong or was changed");
  CLI::App* list = app.add_subcommand("list", "the logs whose keys are known");
  AddOrigin(*list, flags->origin)->required(false);
  CLI::App* remove = app.add_subcommand("remove", "forgets a log: key, policy, head");
  AddOrigin(*remove, flags->origin);
  CLI::App* follow =
      app.add_subcommand("follow", "trusts a log's successor, which both logs name");
  AddOtherOrigin(*follow, "OLD", flags->follow.old_origin, "a log whose key is known");
  AddOtherOrigin(*follow, "NEW", flags->follow.new_origin,
                 "its successor (default: the one that it names)")
      ->required(false);
  AddFrom(*follow, flags->follow.from);
  AddOtherServer(*follow, "--to", flags->follow.to, "the server of NEW");
  CLI::Option* new_policy =
      follow
          ->add_option("--policy", flags->follow.policy_file,
                       "for NEW; default: that of OLD, with NEW's key added")
          ->type_name("FILE");
  follow->add_flag("--no-policy", flags->follow.no_policy, "no policy for NEW")
      ->excludes(new_policy);
  for (CLI::App* sub : {add, list, remove, follow}) sub->fallthrough();
  app.footer(
      "  setlog trust add example.org/pets --key example.org/pets+1a2b3c4d+...\n"
      "  setlog trust add example.org/pets --policy witnesses.policy\n"
      "  setlog trust follow example.org/pets\n\n"
      "Only `follow` needs a server. The policy is asked for by all commands that give "
      "a verdict\n"
      "(head, in, verify, inclusion, consistency, entries, tags, diff, audit), unless\n"
      "they are given another with --policy: the log and its quorum must have signed.\n"
      "Kept in SETLOG_HOME. A changed policy file is stored by `trust add` again.");
  return [flags = std::move(flags), add, list, follow](Session& session) {
    if (follow->parsed()) return FollowSuccessor(flags->follow, session);
    if (add->parsed()) return Add(*flags, session);
    return list->parsed() ? List(*flags, session) : Remove(*flags, session);
  };
}

}  // namespace setlog
