#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "client/evidence_file.h"
#include "tools/offline_trust.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"

namespace setlog {
namespace {

Json Fields(std::string_view word, const Misbehaviour* proven, bool pinned) {
  Json json{{"verdict", word}};
  json["origin"] = proven ? Json(proven->origin) : Json(nullptr);
  json["kind"] = proven ? Json(proven->kind) : Json(nullptr);
  json["what"] = proven ? Json(proven->what) : Json(nullptr);
  json["pinned"] = pinned;
  return json;
}

// Evidence is about a log, and holds or does not; nothing else can be asked of it.
bool AsksForMore(const VerifyQuestion& question) {
  const Demands& demands = question.demands;
  return !question.record_file.empty() || !question.hashes.empty() || demands.tag ||
         demands.m || demands.max_lag || demands.oldest_cosignature_s ||
         demands.require_replay || question.expect_absent;
}

}  // namespace

bool IsEvidence(std::string_view file, std::string_view bytes) {
  return file.ends_with(kEvidenceExtension) || ParseEvidenceFile(bytes).ok();
}

ExitCode VerifyEvidenceFile(const std::string& bytes, const VerifyQuestion& question,
                            Output& out) {
  if (AsksForMore(question)) {
    return out.Fail(absl::InvalidArgumentError(
        "evidence is about a log, not about a record or a version: only --key and "
        "--policy go with it"));
  }
  const auto unverified = [&](const absl::Status& why, bool pinned) {
    Json json = Fields(WordOf(why), nullptr, pinned);
    json["error"] = std::string(why.message());
    out.Verdict(json, WordOf(why), ": " + std::string(why.message()));
    out.Detail("  No misbehaviour was shown, and nothing else either.");
    return ExitCode::kUnverified;
  };
  const absl::StatusOr<Evidence> evidence = ParseEvidenceFile(bytes);
  if (!evidence.ok()) return unverified(evidence.status(), false);
  const auto trust = FindTrust(question.named, AnyCheckpoint(*evidence));
  if (!trust.ok()) return unverified(trust.status(), false);
  const auto proven = VerifyEvidence(*evidence, trust->trust);
  if (!proven.ok()) return unverified(proven.status(), trust->pinned);
  const absl::Status kept = KeepKey(proven->log_key, trust->pinned);
  if (absl::IsDataLoss(kept)) return unverified(kept, trust->pinned);
  KeepConviction(*evidence, proven->log_key);

  out.Verdict(Fields(kMisbehaviour, &*proven, trust->pinned), kMisbehaviour,
              absl::StrFormat(" of %s: %s", proven->origin, proven->what));
  out.Detail(KeyDetail(proven->log_key, trust->pinned));
  out.Detail(
      "  The log's own key signed all of it. Keep the file, tell the log's witnesses\n"
      "  and whoever relies on it, and do not trust its newer answers.");
  return ExitCode::kMisbehaviour;
}

}  // namespace setlog
