#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/proof_file.h"
#include "tools/offline_trust.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"

namespace setlog {
namespace {

Json Fields(std::string_view word, const ProofFile* file, const Version* version,
            const Answer* answer, bool pinned) {
  Json json{{"verdict", word}};
  json["hash"] = file ? Json(ToHex(file->answer.record)) : Json(nullptr);
  json["origin"] = version ? Json(version->manifest.origin) : Json(nullptr);
  json["index_size"] = version ? Json(version->index.m) : Json(nullptr);
  json["size"] = version ? Json(version->checkpoint.size) : Json(nullptr);
  json["position"] = OrNull(answer ? answer->added_at : std::nullopt);
  json["cosigned_at"] = OrNull(version ? version->cosigned_at_s : std::nullopt);
  json["replayed_by"] = version ? Json(version->replayed_by) : Json::array();
  json["pinned"] = pinned;
  if (answer && answer->removed_at) json["removed_position"] = *answer->removed_at;
  if (version && version->tag) json["tag"] = version->tag->name;
  return json;
}

absl::Status CheckSet(const Version& version, const std::optional<NamedSet>& set) {
  if (!set || (version.manifest.origin == set->origin && version.index == set->index)) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrFormat(
      "the file is for another set: that of %s at size %d, root %s, and not that of %s "
      "at size %d, root %s",
      version.manifest.origin, version.index.m, ToHex(version.index.set_root),
      set->origin, set->index.m, ToHex(set->index.set_root)));
}

void PrintEvidence(const ProofFile& file, const Version& version, const Hash& value,
                   const Answer& answer, const VerifyQuestion& question,
                   const OfflineTrust& trust, Output& out) {
  const std::string hash = ToHex(file.answer.record);
  if (!question.record_file.empty()) {
    out.Detail(absl::StrFormat("  record  %s (%s)", hash, question.record_file));
  } else if (!question.hashes.empty()) {
    out.Detail("  record  " + hash);
  } else {
    out.Detail("  record  " + hash +
               ", the file's own: neither --record nor --hash was given");
  }
  if (version.manifest.labels) out.Detail("  label   " + ToHex(value));
  if (answer.added_at) {
    out.Detail(absl::StrFormat("          added at position %d", *answer.added_at));
  }
  if (answer.removed_at) {
    out.Detail(absl::StrFormat("          removed at position %d", *answer.removed_at));
  }
  out.Detail(VersionDetail(version));
  out.Detail(FreshnessDetail(version.cosigned_at_s));
  out.Detail(KeyDetail(version.log_key, trust.pinned));
  if (version.manifest.labels) out.Detail(PrivateDetail());
}

}  // namespace

ExitCode VerifySetProofFile(const std::string& bytes, const VerifyQuestion& question,
                            Output& out) {
  const absl::StatusOr<ProofFile> file = ParseProofFile(bytes);
  if (!file.ok()) {
    return PrintUnverified(Fields(kUnverified, nullptr, nullptr, nullptr, false),
                           file.status(), out);
  }
  const auto unverified = [&](const absl::Status& why, const Version* version,
                              bool pinned) {
    return PrintUnverified(Fields(WordOf(why), &*file, version, nullptr, pinned), why,
                           out);
  };
  const auto trust = FindTrust(question.named, file->version.checkpoint);
  if (!trust.ok()) return unverified(trust.status(), nullptr, false);
  // Whatever else the file shows, and whatever was demanded of it.
  if (const auto found = ConvictByMemory(file->version.checkpoint, &file->version)) {
    return PrintMemoryConviction(
        *found, Fields(kMisbehaviour, &*file, nullptr, nullptr, found->pinned), out);
  }
  WarnOfKnownConviction(file->version.checkpoint, out);
  const auto version = VerifyVersion(file->version, trust->trust, question.demands);
  if (!version.ok()) return unverified(version.status(), nullptr, trust->pinned);
  if (const absl::Status same = CheckSet(*version, question.set); !same.ok()) {
    return unverified(same, &*version, trust->pinned);
  }

  const auto scheme = RecordScheme::FromManifest(version->manifest);
  if (!scheme.ok()) return unverified(scheme.status(), &*version, trust->pinned);
  const auto asked = AskedHash(question, *scheme);
  if (!asked.ok()) return out.Fail(asked.status());
  if (*asked && **asked != file->answer.record) {
    return unverified(
        absl::DataLossError(absl::StrFormat(
            "the file is for another record: the one asked about has the hash %s, the "
            "file's is %s",
            ToHex(**asked), ToHex(file->answer.record))),
        &*version, trust->pinned);
  }
  const auto value = ValueOf(version->manifest, file->answer);
  if (!value.ok()) return unverified(value.status(), &*version, trust->pinned);
  const auto answer = VerifyValue(*version, *value, file->answer);
  if (!answer.ok()) return unverified(answer.status(), &*version, trust->pinned);
  if (const absl::Status kept = KeepKey(version->log_key, trust->pinned); !kept.ok()) {
    if (absl::IsDataLoss(kept)) return unverified(kept, &*version, trust->pinned);
    out.Note("the key could not be remembered: " + std::string(kept.message()));
  }
  const std::string_view word = WordOf(answer->verdict);
  Json json = Fields(word, &*file, &*version, &*answer, trust->pinned);
  if (version->manifest.labels) json["label"] = ToHex(*value);
  out.Verdict(json, word, VerdictSentence(*version, answer->verdict));
  PrintEvidence(*file, *version, *value, *answer, question, *trust, out);
  const ExitCode code = CodeOf(answer->verdict);
  return question.expect_absent ? ExpectAbsent(code) : code;
}

}  // namespace setlog
