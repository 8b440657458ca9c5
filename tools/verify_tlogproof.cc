#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "log/proof.h"
#include "log/tlog_proof.h"
#include "log/tree.h"
#include "tools/offline_trust.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"

namespace setlog {
namespace {

constexpr std::string_view kMagic = "c2sp.org/tlog-proof@v1\n";

Json Fields(std::string_view word, const std::optional<Hash>& hash) {
  return {{"verdict", word},        {"hash", hash ? Json(ToHex(*hash)) : Json(nullptr)},
          {"origin", nullptr},      {"index_size", nullptr},
          {"size", nullptr},        {"position", nullptr},
          {"cosigned_at", nullptr}, {"replayed_by", Json::array()},
          {"pinned", false}};
}

// The file does not say which scheme its log has.
absl::StatusOr<RecordScheme> SchemeOf(const VerifyQuestion& question) {
  SchemeFlags flags = question.scheme;
  if (flags.scheme.empty()) flags.scheme = "bytes/1";
  absl::StatusOr<Manifest> manifest = ManifestOf(flags, /*origin=*/"");
  if (!manifest.ok()) return manifest.status();
  return RecordScheme::FromManifest(*manifest);
}

// The head, once the add of `hash` is shown to stand under it.
absl::StatusOr<TrustedHead> VerifyAdd(const TlogProof& proof, const Hash& hash,
                                      const VerifyQuestion& question,
                                      const Trust& trust) {
  absl::StatusOr<TrustedHead> head = VerifyHead(proof.checkpoint, trust);
  if (!head.ok()) return head.status();
  if (absl::Status s = CheckFreshness(*head, trust, question.demands); !s.ok())
    return s;
  const Hash leaf = LeafHash(AsBytes(Encode(AddEntry{hash})));
  const absl::Status included = VerifyInclusion(
      proof.index, head->checkpoint.size, leaf, proof.path, head->checkpoint.root);
  if (included.ok()) return head;
  std::string why =
      absl::StrFormat("no add of %s stands at position %d (%s)", ToHex(hash),
                      proof.index, std::string(included.message()));
  if (!question.record_file.empty() && question.scheme.scheme.empty()) {
    why += "; the record was hashed as it is (bytes/1): --scheme names another scheme";
  }
  return absl::DataLossError(why);
}

}  // namespace

bool IsTlogProof(std::string_view bytes) { return bytes.starts_with(kMagic); }

ExitCode VerifyTlogProofFile(const std::string& bytes, const VerifyQuestion& question,
                             Output& out) {
  const Demands& demands = question.demands;
  if (demands.tag || demands.m || demands.max_lag || demands.require_replay) {
    return out.Fail(absl::InvalidArgumentError(
        "a .tlog-proof says nothing about a version of the set: --at, --max-lag and "
        "--require-replay need a .setproof (`setlog in ... --out FILE`)"));
  }
  const absl::StatusOr<RecordScheme> scheme = SchemeOf(question);
  if (!scheme.ok()) return out.Fail(scheme.status());
  const absl::StatusOr<std::optional<Hash>> asked = AskedHash(question, *scheme);
  if (!asked.ok()) return out.Fail(asked.status());
  if (!*asked) {
    return out.Fail(absl::InvalidArgumentError(
        "a .tlog-proof does not hold its record: name it with --record FILE or --hash "
        "HEX"));
  }
  const absl::StatusOr<TlogProof> proof = ParseTlogProof(bytes);
  if (!proof.ok()) {
    return PrintUnverified(Fields(kUnverified, *asked), proof.status(), out);
  }
  const auto trust = FindTrust(question.named, proof->checkpoint);
  if (!trust.ok()) {
    return PrintUnverified(Fields(kUnverified, *asked), trust.status(), out);
  }
  if (const auto found = ConvictByMemory(proof->checkpoint, nullptr)) {
    return PrintMemoryConviction(*found, Fields(kMisbehaviour, *asked), out);
  }
  WarnOfKnownConviction(proof->checkpoint, out);
  const auto head = VerifyAdd(*proof, **asked, question, trust->trust);
  absl::Status status = head.status();
  if (head.ok()) {
    const absl::Status kept = KeepKey(head->log_key, trust->pinned);
    // Other origins than setlog's have no place to be remembered in.
    if (absl::IsDataLoss(kept)) status = kept;
  }
  Json json = Fields(status.ok() ? kLogged : kUnverified, *asked);
  json["pinned"] = trust->pinned;
  if (!status.ok()) return PrintUnverified(std::move(json), status, out);

  const Checkpoint& checkpoint = head->checkpoint;
  json["origin"] = checkpoint.origin;
  json["size"] = checkpoint.size;
  json["position"] = proof->index;
  json["cosigned_at"] = OrNull(head->policy.quorum_time_s);
  if (head->policy.replay) json["replayed_by"] = head->policy.replay->cosigned;
  out.Verdict(json, kLogged,
              absl::StrFormat(": an add of the record at position %d of %s, size %d",
                              proof->index, checkpoint.origin, checkpoint.size));
  out.Detail("  record  " + ToHex(**asked));
  out.Detail(FreshnessDetail(head->policy.quorum_time_s));
  out.Detail(KeyDetail(head->log_key, trust->pinned));
  out.Detail(
      "  This says nothing about the set, which the record may have left: ask with\n"
      "  `setlog in`.");
  return ExitCode::kHolds;
}

}  // namespace setlog
