#include "tools/evidence_place.h"

#include <optional>
#include <span>

#include "absl/strings/str_format.h"
#include "client/conviction.h"
#include "tools/verdict.h"

namespace setlog {

ExitCode ReportEvidence(const Evidence& evidence, const VerifierKey& key, bool pinned,
                        const StateDirectory& state, Json json, Output& out) {
  const Trust trust{.log_key = key};
  const std::optional<Conviction> found =
      Convict(state, trust, std::span(&evidence, 1));
  if (!found) return out.Fail(VerifyEvidence(evidence, trust).status());
  const Misbehaviour& proven = found->misbehaviour;
  json["kind"] = proven.kind;
  json["what"] = proven.what;
  json["error"] = proven.what;
  json["evidence"] = found->path.empty() ? Json::array() : Json::array({found->path});
  out.Verdict(json, kMisbehaviour,
              absl::StrFormat(" of %s: %s", proven.origin, proven.what));
  if (found->path.empty()) {
    out.Error("the evidence could not be saved: make room and run it again");
    return ExitCode::kMisbehaviour;
  }
  out.Detail(KeyDetail(key, pinned));
  out.Detail(absl::StrFormat(
      "  evidence: %s\n"
      "  The log's own key signed all of it. Keep the file, tell the log's witnesses\n"
      "  and whoever relies on it (`setlog verify` shows it to anybody), and do not\n"
      "  trust its newer answers.",
      found->path));
  return ExitCode::kMisbehaviour;
}

}  // namespace setlog
