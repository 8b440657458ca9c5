#include "log/verify.h"

#include "absl/strings/str_format.h"
#include "log/proof.h"
#include "log/tree.h"
#include "log/vrf.h"

namespace setlog {
namespace {

absl::Status Refused(std::string what) { return absl::DataLossError(std::move(what)); }

// The entry at its place, decoded, of the type that the caller expects.
template <typename T>
absl::StatusOr<T> ProvenAs(const ProvenEntry& proven, const Checkpoint& checkpoint) {
  if (absl::Status s = VerifyEntry(proven, checkpoint); !s.ok()) return s;
  absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(proven.entry));
  if (!entry.ok()) return entry.status();
  if (absl::Status s = CheckPosition(*entry, proven.position); !s.ok()) return s;
  if (T* wanted = std::get_if<T>(&*entry)) return std::move(*wanted);
  return Refused(absl::StrFormat("the entry at position %d is of type %s",
                                 proven.position, NameOf(TypeOf(*entry))));
}

absl::Status CheckDemands(const Version& version, const Demands& demands) {
  const uint64_t m = version.index.m;
  if (demands.tag && (!version.tag || version.tag->name != *demands.tag)) {
    return Refused(absl::StrFormat(
        "the proof is for %s, not for version %s",
        version.tag ? "version " + version.tag->name : absl::StrFormat("m = %d", m),
        *demands.tag));
  }
  if (demands.m && m != *demands.m) {
    return Refused(
        absl::StrFormat("the proof is for m = %d, not for m = %d", m, *demands.m));
  }
  const uint64_t lag = version.checkpoint.size - m;
  if (!demands.tag && !demands.m && demands.max_lag && lag > *demands.max_lag) {
    return Refused(absl::StrFormat(
        "the set of m = %d is %d entries behind the head of size %d; allowed are %d", m,
        lag, version.checkpoint.size, *demands.max_lag));
  }
  if (demands.require_replay && !version.replay_met) {
    return Refused("set root not audited: the group replay did not cosign this head");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrustedHead> VerifyHead(const std::string& note, const Trust& trust) {
  if (!trust.log_key && !trust.policy) {
    return Refused("no key of this log is known: give --key or --policy");
  }
  std::optional<PolicyResult> policy;
  std::optional<VerifierKey> key = trust.log_key;
  if (trust.policy) {
    absl::StatusOr<PolicyResult> result = EvaluatePolicy(*trust.policy, note);
    if (!result.ok()) return result.status();
    if (!result->log_key) {
      return Refused(absl::StrFormat("no log of the policy signed this head of %s",
                                     result->checkpoint.origin));
    }
    if (!result->quorum_met) {
      return Refused(absl::StrFormat(
          "the policy's quorum is not met for this head of size %d: %s",
          result->checkpoint.size, DescribeQuorum(*trust.policy, *result)));
    }
    if (!key) key = result->log_key;
    policy = *std::move(result);
  }
  absl::StatusOr<Checkpoint> checkpoint = OpenCheckpoint(note, *key);
  if (!checkpoint.ok()) return checkpoint.status();
  if (!policy) {
    policy.emplace();
    policy->checkpoint = *checkpoint;
    policy->log_key = key;
    policy->quorum_met = true;
  }
  return TrustedHead{*std::move(checkpoint), *key, *std::move(policy)};
}

absl::Status VerifyEntry(const ProvenEntry& entry, const Checkpoint& checkpoint) {
  return VerifyInclusion(entry.position, checkpoint.size,
                         LeafHash(AsBytes(entry.entry)), entry.path, checkpoint.root);
}

absl::Status CheckFreshness(const TrustedHead& head, const Trust& trust,
                            const Demands& demands) {
  if (!demands.oldest_cosignature_s) return absl::OkStatus();
  if (!head.policy.quorum_time_s || !trust.policy) {
    return Refused("no freshness without witnesses: no quorum of a policy cosigned");
  }
  const std::optional<uint64_t> time_s =
      QuorumTimeUpTo(*trust.policy, head.policy, demands.latest_cosignature_s);
  if (!time_s) {
    return Refused(
        "the head shows no freshness: its quorum is met only by cosignatures from the "
        "future, so the clock here is behind, or those of its witnesses are ahead");
  }
  if (*time_s < *demands.oldest_cosignature_s) {
    return Refused("the head is stale: its quorum is met only by older cosignatures");
  }
  return absl::OkStatus();
}

absl::StatusOr<Version> VerifyVersion(const VersionProof& proof, const Trust& trust,
                                      const Demands& demands) {
  absl::StatusOr<TrustedHead> head = VerifyHead(proof.checkpoint, trust);
  if (!head.ok()) return head.status();
  const Checkpoint& checkpoint = head->checkpoint;

  if (proof.manifest.position != 0) return Refused("the manifest is not at position 0");
  absl::StatusOr<ManifestEntry> json =
      ProvenAs<ManifestEntry>(proof.manifest, checkpoint);
  if (!json.ok()) return json.status();
  absl::StatusOr<Manifest> manifest = ParseManifest(AsBytes(json->json));
  if (!manifest.ok()) return manifest.status();
  if (manifest->origin != checkpoint.origin) {
    return Refused(absl::StrFormat("the manifest is of %s, the head of %s",
                                   manifest->origin, checkpoint.origin));
  }

  absl::StatusOr<IndexEntry> index = ProvenAs<IndexEntry>(proof.index, checkpoint);
  if (!index.ok()) return index.status();

  Version version{.checkpoint = checkpoint,
                  .log_key = head->log_key,
                  .manifest = *std::move(manifest),
                  .index = *index,
                  .index_position = proof.index.position};
  if (proof.tag) {
    absl::StatusOr<TagEntry> tag = ProvenAs<TagEntry>(*proof.tag, checkpoint);
    if (!tag.ok()) return tag.status();
    if (tag->m != index->m) {
      return Refused(absl::StrFormat("version %s is m = %d, the index entry is for %d",
                                     tag->name, tag->m, index->m));
    }
    if (proof.index.position >= proof.tag->position) {
      return Refused("the tag does not come after the index entry that it names");
    }
    version.tag = *std::move(tag);
  }
  version.cosigned_at_s = head->policy.quorum_time_s;
  if (head->policy.replay) {
    version.replayed_by = head->policy.replay->cosigned;
    version.replay_group_size = head->policy.replay->witnesses;
    version.replay_met = head->policy.replay->met;
  }
  if (absl::Status s = CheckDemands(version, demands); !s.ok()) return s;
  if (absl::Status s = CheckFreshness(*head, trust, demands); !s.ok()) return s;
  return version;
}

absl::StatusOr<Hash> ValueOf(const Manifest& manifest, const AnswerProof& proof) {
  if (!manifest.labels) {
    if (proof.vrf_proof.empty()) return proof.record;
    return Refused("a VRF proof for a log without VRF labels");
  }
  if (proof.vrf_proof.empty()) {
    return Refused(
        "no VRF proof, and the log is a private one: its entries are labels");
  }
  const absl::StatusOr<VrfPublicKey> key =
      VrfPublicKey::Parse(manifest.labels->public_key);
  if (!key.ok()) {
    return Refused(absl::StrFormat("the manifest's VRF key: %s",
                                   std::string(key.status().message())));
  }
  const absl::StatusOr<VrfProof> pi = VrfProof::Parse(AsBytes(proof.vrf_proof));
  if (!pi.ok()) return pi.status();
  const absl::StatusOr<VrfOutput> beta = key->Verify(proof.record, *pi);
  if (!beta.ok()) return beta.status();
  return LabelOf(*beta);
}

absl::StatusOr<Answer> VerifyAnswer(const Version& version, const AnswerProof& proof) {
  const absl::StatusOr<Hash> value = ValueOf(version.manifest, proof);
  if (!value.ok()) return value.status();
  return VerifyValue(version, *value, proof);
}

absl::StatusOr<Answer> VerifyValue(const Version& version, const Hash& value,
                                   const AnswerProof& proof) {
  if (proof.lookup.count != version.index.n) {
    return Refused("the lookup proof is not for the index entry's number of members");
  }
  absl::StatusOr<bool> present =
      VerifyLookup(version.index.set_root, value, proof.lookup);
  if (!present.ok()) return present.status();

  Answer answer;
  if (!proof.added) {
    if (*present) return Refused("PRESENT without the entry that added the record");
    if (proof.removed) return Refused("a remove entry without the add before it");
    return answer;
  }
  if (*present == proof.removed.has_value()) {
    return Refused(*present ? "PRESENT with an entry that removed the record"
                            : "ABSENT with an entry that added the record");
  }
  absl::StatusOr<AddEntry> added = ProvenAs<AddEntry>(*proof.added, version.checkpoint);
  if (!added.ok()) return added.status();
  if (added->value != value) return Refused("the add entry is another record's");
  if (proof.added->position >= version.index.m) {
    return Refused("the record was added after this version");
  }
  answer.verdict = SetVerdict::kPresent;
  answer.added_at = proof.added->position;
  if (!proof.removed) return answer;

  absl::StatusOr<RemoveEntry> removed =
      ProvenAs<RemoveEntry>(*proof.removed, version.checkpoint);
  if (!removed.ok()) return removed.status();
  if (removed->value != value) {
    return Refused("the remove entry is another record's");
  }
  if (proof.removed->position <= proof.added->position ||
      proof.removed->position >= version.index.m) {
    return Refused("the remove entry is not between the add and this version");
  }
  answer.verdict = SetVerdict::kRemoved;
  answer.removed_at = proof.removed->position;
  return answer;
}

}  // namespace setlog
