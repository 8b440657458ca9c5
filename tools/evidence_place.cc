#include "tools/evidence_place.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/evidence_file.h"
#include "log/sha256.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

absl::StatusOr<std::string> Write(const StateDirectory& state, std::string origin,
                                  const Evidence& evidence) {
  const std::string bytes = FormatEvidenceFile(evidence);
  if (bytes.size() > kMaxEvidenceFileBytes) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("evidence of %d bytes is too large for a file", bytes.size()));
  }
  // For people to recognise; what makes the name unique is the hash.
  origin.resize(std::min<size_t>(origin.size(), 100));
  std::replace(origin.begin(), origin.end(), '/', '+');
  const std::string path = absl::StrFormat(
      "%s/evidence/%s-%s%s", state.path(), origin,
      ToHex(Bytes(Sha256(AsBytes(bytes))).first(8)), kEvidenceExtension);
  if (absl::Status s = ReplaceFile(path, bytes, 0600); !s.ok()) return s;
  return path;
}

}  // namespace

ExitCode ReportEvidence(const Evidence& evidence, const VerifierKey& key, bool pinned,
                        const StateDirectory& state, Json json, Output& out) {
  const absl::StatusOr<Misbehaviour> proven =
      VerifyEvidence(evidence, {.log_key = key});
  if (!proven.ok()) return out.Fail(proven.status());
  const absl::StatusOr<std::string> path = Write(state, proven->origin, evidence);
  if (!path.ok()) {
    out.Error(absl::StrFormat("%s: %s; the evidence could not be written: %s",
                              proven->origin, proven->what,
                              std::string(path.status().message())));
    return ExitCode::kUnverified;
  }
  json["kind"] = proven->kind;
  json["error"] = proven->what;
  json["evidence"] = Json::array({*path});
  out.Verdict(json, kMisbehaviour,
              absl::StrFormat(" of %s: %s", proven->origin, proven->what));
  out.Detail(KeyDetail(key, pinned));
  out.Detail(absl::StrFormat(
      "  evidence: %s\n"
      "  The log's own key signed all of it. Keep the file, tell the log's witnesses\n"
      "  and whoever relies on it (`setlog verify` shows it to anybody), and do not\n"
      "  trust its newer answers.",
      *path));
  return ExitCode::kMisbehaviour;
}

}  // namespace setlog
