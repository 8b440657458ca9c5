#include "client/head_follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/covering.h"
#include "client/refused.h"
#include "client/tree_client.h"
#include "log/entry.h"
#include "log/note.h"
#include "log/proof.h"
#include "log/witness_judge.h"
#include "proto/forms.h"

namespace setlog {
namespace {

// Another process that moves the state again and again between question and answer is
// no reason to ask for ever.
constexpr int kTries = 16;

std::string NamesOfSigners(const std::string& note) {
  std::string names;
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return "nobody";
  for (const NoteSignature& line : parsed->signatures) {
    names += absl::StrFormat("%s%s+%08x", names.empty() ? "" : ", ", line.key_name,
                             line.key_id);
  }
  return names;
}

// The note with the lines of those whose word counts: anybody can add others, and each
// copy would be one more file.
std::string WithoutOthers(const std::string& note, const Trust& trust) {
  std::vector<VerifierKey> keys;
  if (trust.log_key) keys.push_back(*trust.log_key);
  if (trust.policy) {
    for (const Policy::Log& log : trust.policy->logs) {
      if (log.key != trust.log_key) keys.push_back(log.key);
    }
    for (const Policy::Witness& witness : trust.policy->witnesses) {
      keys.push_back(witness.key);
    }
  }
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return note;
  const Note kept = WithoutStrangers(*parsed, keys);
  return kept.signatures.empty() ? note : FormatNote(kept);
}

std::optional<TagEntry> TagOf(const VersionProof& proof) {
  if (!proof.tag) return std::nullopt;
  const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(proof.tag->entry));
  if (!entry.ok() || !std::holds_alternative<TagEntry>(*entry)) return std::nullopt;
  return std::get<TagEntry>(*entry);
}

}  // namespace

HeadFollower::HeadFollower(const Connection* connection, const StateDirectory* state,
                           TrustOptions options)
    : connection_(connection),
      state_(state),
      options_(std::move(options)),
      seen_(state, options_.origin) {}

absl::StatusOr<VerifierKey> HeadFollower::KeyFromServer() const {
  v1::GetLogRequest request;
  request.set_origin(options_.origin);
  const absl::StatusOr<v1::GetLogResponse> response =
      connection_->Call(connection_->reader(), &v1::Reader::Stub::GetLog, request);
  if (!response.ok()) return response.status();
  absl::StatusOr<VerifierKey> key = ParseVkey(response->vkey());
  if (!key.ok()) return Refused(options_.origin, key.status());
  if (key->name != options_.origin || key->type != SignatureType::kEd25519) {
    return Refused(options_.origin, "the server names a key that is not this log's");
  }
  return key;
}

absl::StatusOr<HeadFollower::KeyChoice> HeadFollower::ChooseKey(
    const std::optional<KnownLog>& known) const {
  const std::string& origin = options_.origin;
  KeyChoice choice{.trust = {options_.key, options_.policy}};
  const auto differs = [&](const VerifierKey& other, const char* where) {
    return Refused(origin,
                   absl::StrFormat("the key %s is %s, the known one is %s", where,
                                   FormatVkey(other), FormatVkey(known->key)));
  };
  if (options_.key) {
    if (options_.key->name != origin || options_.key->type != SignatureType::kEd25519) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s is not a key of %s", FormatVkey(*options_.key), origin));
    }
    if (known && known->key != *options_.key) return differs(*options_.key, "given");
    choice.pinned = true;
  }
  if (options_.policy) {
    std::vector<VerifierKey> named;
    for (const Policy::Log& log : options_.policy->logs) {
      if (log.key.name == origin) named.push_back(log.key);
    }
    const auto names = [&](const VerifierKey& key) {
      return std::find(named.begin(), named.end(), key) != named.end();
    };
    if (known && !named.empty() && !names(known->key)) {
      return differs(named.front(), "of the policy");
    }
    if (!named.empty()) choice.pinned = true;
  }
  if (known) {
    choice.trust.log_key = known->key;
    choice.pinned = choice.pinned || known->pinned;
    if (!choice.trust.policy && options_.use_stored_policy && !known->policy.empty()) {
      absl::StatusOr<Policy> policy = ParsePolicy(known->policy);
      if (!policy.ok()) return policy.status();
      choice.trust.policy = *std::move(policy);
    }
  } else if (!options_.key && !options_.policy) {
    if (!options_.trust_on_first_use) {
      return Refused(origin,
                     "no key of this log is known: give --key or --policy, or let "
                     "`setlog trust add` know it");
    }
    absl::StatusOr<VerifierKey> key = KeyFromServer();
    if (!key.ok()) return key.status();
    choice.trust.log_key = *std::move(key);
    choice.learnt = true;
  }
  return choice;
}

absl::StatusOr<VerifiedHead> HeadFollower::Follow(const At& at, Demands demands,
                                                  Under under) {
  contradiction_.reset();
  conviction_.reset();
  if (at.tag) demands.tag = at.tag;
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<std::optional<KnownLog>> known = state_->Load(options_.origin);
    if (!known.ok()) return known.status();
    absl::StatusOr<KeyChoice> choice = ChooseKey(*known);
    if (!choice.ok()) return choice.status();
    if (choice->trust.policy && choice->trust.policy->quorum) under = Under::kCosigned;

    v1::GetHeadRequest request;
    request.set_origin(options_.origin);
    if (*known && (*known)->head) {
      request.set_known_size((*known)->head->checkpoint.size);
    }
    if (at.tag) request.set_tag(*at.tag);
    if (at.size) request.set_size(*at.size);
    request.set_cosigned(under == Under::kCosigned);
    const absl::StatusOr<v1::Head> head =
        connection_->Call(connection_->reader(), &v1::Reader::Stub::GetHead, request);
    if (absl::IsOutOfRange(head.status()) && request.known_size() > 0) {
      return AfterOutOfRange(head.status(), *known, *choice);
    }
    if (!head.ok()) return head.status();

    absl::StatusOr<VerifiedHead> verified =
        Accept(*head, *known, *choice, at, demands, under);
    if (!verified.ok()) return verified.status();
    const absl::StatusOr<bool> remembered = Remember(*known, *verified);
    if (!remembered.ok()) return remembered.status();
    if (*remembered) return verified;
  }
  return absl::AbortedError(absl::StrFormat(
      "other processes keep changing what is known of %s", options_.origin));
}

// Either at.size is beyond the head, or the head is now smaller than the known one.
absl::StatusOr<VerifiedHead> HeadFollower::AfterOutOfRange(
    const absl::Status& status, const std::optional<KnownLog>& known,
    const KeyChoice& choice) {
  v1::GetHeadRequest request;
  request.set_origin(options_.origin);
  const absl::StatusOr<v1::Head> head =
      connection_->Call(connection_->reader(), &v1::Reader::Stub::GetHead, request);
  if (absl::IsNotFound(head.status())) {
    return Refused(options_.origin,
                   absl::StrFormat("the server has no head of size %d, and then none "
                                   "that it shows (%s)",
                                   known->head->checkpoint.size,
                                   std::string(head.status().message())));
  }
  if (!head.ok()) return head.status();
  offered_.reset();
  // The newest head, which witnesses may not have seen yet.
  Trust trust = choice.trust;
  if (trust.policy) trust.policy->quorum.reset();
  const absl::StatusOr<TrustedHead> offered = VerifyHead(head->checkpoint(), trust);
  if (!offered.ok()) return NotTrusted(offered.status(), head->checkpoint(), choice);
  if (offered->checkpoint.origin == options_.origin &&
      offered->checkpoint.size < known->head->checkpoint.size) {
    return Contradict(
        *known->head, {head->checkpoint(), offered->checkpoint}, choice,
        absl::StrFormat("the head went back from size %d to %d",
                        known->head->checkpoint.size, offered->checkpoint.size));
  }
  return status;
}

absl::StatusOr<bool> HeadFollower::MeetsQuorum(const std::string& note) const {
  const absl::StatusOr<std::optional<KnownLog>> known = state_->Load(options_.origin);
  if (!known.ok()) return known.status();
  const absl::StatusOr<KeyChoice> choice = ChooseKey(*known);
  if (!choice.ok()) return choice.status();
  const Trust& trust = choice->trust;
  return trust.policy && trust.policy->quorum && VerifyHead(note, trust).ok();
}

absl::StatusOr<VerifiedHead> HeadFollower::Adopt(const v1::Head& head) {
  contradiction_.reset();
  conviction_.reset();
  absl::StatusOr<std::optional<KnownLog>> known = state_->Load(options_.origin);
  if (!known.ok()) return known.status();
  if (*known && (*known)->head) {
    return absl::FailedPreconditionError(
        absl::StrFormat("a head of %s is known already", options_.origin));
  }
  absl::StatusOr<KeyChoice> choice = ChooseKey(*known);
  if (!choice.ok()) return choice.status();
  absl::StatusOr<VerifiedHead> verified =
      Accept(head, *known, *choice, {}, {}, Under::kNewest);
  if (!verified.ok()) return verified.status();
  const absl::StatusOr<bool> remembered = Remember(*known, *verified);
  if (!remembered.ok()) return remembered.status();
  // Somebody else has met the log in between: then it is followed from there.
  if (!*remembered) return Follow({}, {});
  return verified;
}

absl::StatusOr<VerifiedHead> HeadFollower::Accept(const v1::Head& head,
                                                  const std::optional<KnownLog>& known,
                                                  const KeyChoice& choice, const At& at,
                                                  const Demands& demands, Under under) {
  const std::string& origin = options_.origin;
  offered_.reset();
  absl::StatusOr<VersionProof> proof = VersionFromProto(head);
  if (!proof.ok()) {
    return CheckCheckpoint(head, known, choice, under, Refused(origin, proof.status()));
  }
  offered_ = *proof;
  absl::StatusOr<Version> version = VerifyVersion(*proof, choice.trust, demands);
  if (!version.ok()) {
    const absl::Status refused =
        NotTrusted(version.status(), proof->checkpoint, choice);
    const absl::Status shown = CheckCheckpoint(head, known, choice, under, refused);
    if (contradiction_) return shown;
    return CheckAgainstSeen(*proof, choice, MalformedEntriesIn(*proof), refused);
  }
  if (version->checkpoint.origin != origin) {
    return Refused(origin, absl::StrFormat("the server answered with a head of %s",
                                           version->checkpoint.origin));
  }
  if (at.size && version->index_position >= *at.size) {
    return Refused(origin,
                   absl::StrFormat("the index entry at position %d is not below %d",
                                   version->index_position, *at.size));
  }
  if (!at.tag && version->tag) return Refused(origin, "a tag that nobody asked for");
  if (known) {
    if (absl::Status s = CheckAgainstKnown(*known, head, *version, choice, at, under);
        !s.ok()) {
      return s;
    }
  }
  if (absl::Status s = CheckAgainstSeen(*proof, choice, {}, absl::OkStatus());
      !s.ok()) {
    return s;
  }
  uint64_t seen_size = version->checkpoint.size;
  if (known && known->head) {
    seen_size = std::max(seen_size, known->head->checkpoint.size);
  }
  if (const uint64_t lag = seen_size - version->index.m;
      !at.tag && !at.size && demands.max_lag && lag > *demands.max_lag) {
    return Refused(origin,
                   absl::StrFormat("the set of m = %d is %d entries behind the head of "
                                   "size %d that was seen; allowed are %d",
                                   version->index.m, lag, seen_size, *demands.max_lag));
  }
  return VerifiedHead{*std::move(proof), *std::move(version), choice.pinned,
                      choice.learnt, seen_size};
}

absl::Status HeadFollower::CheckCheckpoint(const v1::Head& offered,
                                           const std::optional<KnownLog>& known,
                                           const KeyChoice& choice, Under under,
                                           const absl::Status& status) {
  // A cosigned head may be an older one; files have but one.
  const bool alone = !offered.has_manifest() && !offered.has_index();
  if (!known || !known->head) return status;
  Trust trust = choice.trust;
  if (trust.policy) trust.policy->quorum.reset();
  const absl::StatusOr<TrustedHead> head = VerifyHead(offered.checkpoint(), trust);
  if (!head.ok() || head->checkpoint.origin != options_.origin) return status;
  const Checkpoint& before = known->head->checkpoint;
  const Checkpoint& now = head->checkpoint;
  if (now.size < before.size && (alone || under == Under::kNewest)) {
    return Contradict(*known->head, {offered.checkpoint(), now}, choice,
                      absl::StrFormat("the head went back from size %d to %d",
                                      before.size, now.size));
  }
  if (now.size == before.size && now.root != before.root) {
    return Contradict(
        *known->head, {offered.checkpoint(), now}, choice,
        absl::StrFormat("two heads of size %d have different roots", now.size));
  }
  return status;
}

absl::Status HeadFollower::CheckAgainstKnown(const KnownLog& known,
                                             const v1::Head& offered,
                                             const Version& version,
                                             const KeyChoice& choice, const At& at,
                                             Under under) {
  // Behind a head that nobody cosigned, perhaps; never behind one that met the quorum.
  const bool behind = under == Under::kCosigned && known.head &&
                      version.checkpoint.size < known.head->checkpoint.size;
  const bool met = behind && known.cosigned && choice.trust.policy &&
                   VerifyHead(known.cosigned->note, choice.trust).ok();
  if (met && version.checkpoint.size < known.cosigned->checkpoint.size) {
    return Contradict(
        *known.cosigned, {offered.checkpoint(), version.checkpoint}, choice,
        absl::StrFormat("the cosigned head went back from size %d to %d",
                        known.cosigned->checkpoint.size, version.checkpoint.size));
  }
  if (known.head) {
    const Checkpoint& before = known.head->checkpoint;
    const Checkpoint& now = version.checkpoint;
    const auto contradict = [&](const std::string& what) {
      return Contradict(*known.head, {offered.checkpoint(), now}, choice, what);
    };
    const absl::StatusOr<std::vector<Hash>> path =
        SplitHashes(offered.consistency(), "consistency");
    if (!path.ok()) return Refused(options_.origin, path.status());
    if (now.size < before.size && !behind) {
      return contradict(absl::StrFormat("the head went back from size %d to %d",
                                        before.size, now.size));
    }
    if (now.size == before.size && now.root != before.root) {
      return contradict(
          absl::StrFormat("two heads of size %d have different roots", now.size));
    }
    const Checkpoint& older = behind ? now : before;
    const Checkpoint& newer = behind ? before : now;
    // Of the empty tree everything is a continuation.
    const absl::Status consistent =
        older.size == 0
            ? absl::OkStatus()
            : VerifyConsistency(older.size, newer.size, older.root, newer.root, *path);
    if (!consistent.ok()) {
      return contradict(
          absl::StrFormat("the head of size %d is not shown to continue the one of "
                          "size %d (%s)",
                          newer.size, older.size, std::string(consistent.message())));
    }
  }
  const uint64_t least_m = !behind ? known.highest_m : met ? known.cosigned_m : 0;
  if (!at.tag && !at.size && version.index.m < least_m) {
    const absl::Status stale =
        Refused(options_.origin,
                absl::StrFormat("the newest index entry went back from m = %d to %d",
                                least_m, version.index.m));
    return CheckAgainstSeen(*offered_, choice, {}, stale);
  }
  return absl::OkStatus();
}

absl::Status HeadFollower::CheckAgainstSeen(const VersionProof& offered,
                                            const KeyChoice& choice,
                                            std::vector<Evidence> candidates,
                                            const absl::Status& status) {
  // A key that this very server named convicts nobody but whoever made it up.
  if (choice.learnt) return status;
  const std::optional<TagEntry> tag = TagOf(offered);
  const auto seen = seen_.Load(tag ? std::optional(tag->name) : std::nullopt);
  if (!seen.ok()) return status.ok() ? seen.status() : status;
  VersionProof shown = offered;
  shown.checkpoint = WithoutOthers(offered.checkpoint, choice.trust);
  for (const VersionProof& before : *seen) {
    for (Evidence& evidence : ContradictionsIn(shown, before)) {
      candidates.push_back(std::move(evidence));
    }
  }
  conviction_ = Convict(*state_, choice.trust, candidates);
  if (!conviction_) return status;
  return Refused(options_.origin, conviction_->misbehaviour.what);
}

std::vector<Evidence> HeadFollower::EvidenceOf(const KnownHead& known,
                                               const KnownHead& offered) const {
  if (known.checkpoint.size == offered.checkpoint.size) {
    return {TwoRoots{known.note, offered.note}};
  }
  const bool grew = known.checkpoint.size < offered.checkpoint.size;
  const KnownHead& smaller = grew ? known : offered;
  const KnownHead& larger = grew ? offered : known;
  // Where the offered head is the smaller one its server will hardly know the other.
  const TreeClient tree(connection_, larger.checkpoint);
  const uint64_t size = smaller.checkpoint.size;
  absl::StatusOr<std::vector<Hash>> left = HashesBefore(tree, size);
  if (!left.ok()) return {};
  absl::StatusOr<std::vector<Hash>> right = HashesAfter(tree, size);
  if (!right.ok()) return {};
  return {Fork{smaller.note, larger.note, *std::move(left), *std::move(right)}};
}

absl::Status HeadFollower::Contradict(const KnownHead& seen, const KnownHead& shown,
                                      const KeyChoice& choice,
                                      const std::string& what) {
  const KnownHead known{WithoutOthers(seen.note, choice.trust), seen.checkpoint};
  const KnownHead offered{WithoutOthers(shown.note, choice.trust), shown.checkpoint};
  HeadContradiction found{known.note, offered.note, "", ""};
  // Whoever has an old head can show it, and must not use up the room for the notes of
  // others, which may be all that is left of a fork.
  const std::string_view kind =
      offered.checkpoint.size < known.checkpoint.size ? kRollbackNote : ".note";
  absl::StatusOr<std::string> known_path =
      state_->SaveEvidence(options_.origin, found.known, kind);
  absl::StatusOr<std::string> offered_path =
      state_->SaveEvidence(options_.origin, found.offered, kind);
  std::string where;
  if (!known_path.ok() || !offered_path.ok()) {
    const absl::Status& why =
        known_path.ok() ? offered_path.status() : known_path.status();
    where = absl::StrFormat("the notes could not be saved (%s)",
                            std::string(why.message()));
  } else {
    found.known_path = *std::move(known_path);
    found.offered_path = *std::move(offered_path);
    where = absl::StrFormat("the notes are %s and %s", found.known_path,
                            found.offered_path);
  }
  contradiction_ = std::move(found);
  const absl::Status refused = Refused(
      options_.origin,
      absl::StrFormat("%s; %s; no evidence against the log could be made of them", what,
                      where));
  std::vector<Evidence> candidates = EvidenceOf(known, offered);
  conviction_ = Convict(*state_, choice.trust, candidates);
  if (conviction_)
    return Refused(options_.origin, absl::StrFormat("%s; %s", what, where));
  // The server gives no proof, but what it shows under the new head may say enough.
  return offered_ ? CheckAgainstSeen(*offered_, choice, {}, refused) : refused;
}

absl::Status HeadFollower::NotTrusted(const absl::Status& status,
                                      const std::string& note,
                                      const KeyChoice& choice) const {
  if (!absl::IsNotFound(status) || !choice.trust.log_key) {
    return Refused(options_.origin, status);
  }
  const absl::StatusOr<VerifierKey> claimed = KeyFromServer();
  return Refused(
      options_.origin,
      absl::StrFormat("the head is not signed by the known key %s but by %s; its "
                      "server names %s",
                      FormatVkey(*choice.trust.log_key), NamesOfSigners(note),
                      claimed.ok() ? FormatVkey(*claimed) : std::string("no key")));
}

absl::StatusOr<bool> HeadFollower::Remember(const std::optional<KnownLog>& known,
                                            const VerifiedHead& head) const {
  bool unchanged = true;
  const absl::Status updated =
      state_->Update(options_.origin, [&](std::optional<KnownLog>& log) {
        // What was verified is that the head continues the one that was known then.
        unchanged = log.has_value() == known.has_value() &&
                    (!log || (log->key == known->key && log->head == known->head));
        if (!unchanged) return absl::OkStatus();
        if (!log) log = KnownLog{.key = head.version.log_key};
        log->pinned = log->pinned || head.pinned;
        // The same head with other cosignatures is not worth a write to the disk; and
        // one that was asked for although it is older takes nothing back.
        if (!log->head || log->head->checkpoint.size < head.version.checkpoint.size) {
          log->head = KnownHead{head.proof.checkpoint, head.version.checkpoint};
        }
        log->highest_m = std::max(log->highest_m, head.version.index.m);
        if (head.version.cosigned_at_s) {
          if (!log->cosigned ||
              log->cosigned->checkpoint.size < head.version.checkpoint.size) {
            log->cosigned = KnownHead{head.proof.checkpoint, head.version.checkpoint};
          }
          log->cosigned_m = std::max(log->cosigned_m, head.version.index.m);
        }
        return absl::OkStatus();
      });
  if (!updated.ok()) return updated;
  if (!unchanged) return false;
  const std::optional<TagEntry> tag = TagOf(head.proof);
  const absl::Status kept = seen_.Keep(
      head.proof, tag ? std::optional(tag->name) : std::nullopt, head.version.log_key);
  if (!kept.ok()) return kept;
  return true;
}

}  // namespace setlog
