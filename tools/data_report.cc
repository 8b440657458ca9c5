#include "tools/data_report.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "tools/model_report.h"
#include "tools/signed_data.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

bool AsksForTrust(const TrustFlags& flags) {
  return !flags.vkey.empty() || !flags.policy_file.empty() || flags.max_age_us ||
         flags.require_replay;
}

DataReport Failed(const absl::Status& why, ExitCode code) {
  return {.code = code, .error = std::string(why.message())};
}

// The verdict on one version; how the command ends is in `report`.
void AddHead(const DataHead& head, const JudgedHead& judged, bool asked,
             DataReport& report) {
  Json json = JsonOf(head);
  std::string line = "  data     " + SentenceOf(head) + "\n           ";
  if (judged.status.ok()) {
    const Version& version = judged.head->version;
    json["verdict"] = kVerified;
    json["pinned"] = judged.head->pinned;
    json["cosigned_at"] = OrNull(version.cosigned_at_s);
    json["replayed_by"] = version.replayed_by;
    absl::StrAppendFormat(&line,
                          "the signer says that it was trained on this; its log's key "
                          "(%s) signed this set; %s",
                          judged.head->pinned ? "pinned" : "not pinned",
                          AuditWords(version));
  } else {
    const std::string why(judged.status.message());
    const bool claimed = absl::IsNotFound(judged.status) && !asked;
    const std::string_view word = claimed ? kClaimed : WordOf(judged.status);
    json["verdict"] = word;
    json["error"] = WhyNotBelieved(head, judged);
    absl::StrAppendFormat(&line, "%s: %s",
                          claimed ? "claimed by the signer, not checked" : word, why);
    if (absl::IsNotFound(judged.status)) {
      absl::StrAppendFormat(&line, "\n           the signer names the key %s",
                            FormatVkey(head.version.log_key));
    }
    if (!claimed) {
      report.code = ExitCode::kUnverified;
      report.error = absl::StrFormat("%s: %s", head.Name(), why);
    }
  }
  report.json.push_back(std::move(json));
  report.lines.push_back(std::move(line));
}

}  // namespace

DataReport ReportData(const std::string& model, const ModelStatement& statement,
                      const TrustFlags& flags, Output& out) {
  const bool asked = AsksForTrust(flags);
  const absl::StatusOr<std::vector<DataHead>> heads = SignedDataHeads(model, statement);
  if (absl::IsNotFound(heads.status()) && !asked) return {};
  if (!heads.ok()) return Failed(heads.status(), ExitCode::kUnverified);
  DataReport report;
  for (const DataHead& head : *heads) {
    absl::StatusOr<JudgedHead> judged = JudgeHead(head, flags, out);
    if (!judged.ok()) return Failed(judged.status(), ForStatus(judged.status()));
    WarnOfKnownConviction(head.proof.checkpoint, out);
    if (judged->conviction) {
      report.conviction = std::move(judged->conviction);
      report.code = ExitCode::kMisbehaviour;
      return report;
    }
    AddHead(head, *judged, asked, report);
  }
  return report;
}

}  // namespace setlog
