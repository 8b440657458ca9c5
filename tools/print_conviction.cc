#include "tools/print_conviction.h"

#include <span>
#include <string>

#include "absl/strings/str_format.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

// The verdict with what `fields` say besides; `advice` if there is a file to keep.
ExitCode Print(const Conviction& found, Json fields, const std::string& advice,
               Output& out) {
  const Misbehaviour& proven = found.misbehaviour;
  fields["kind"] = proven.kind;
  fields["what"] = proven.what;
  fields["evidence"] = found.path.empty() ? Json::array() : Json::array({found.path});
  out.Verdict(fields, kMisbehaviour,
              absl::StrFormat(" of %s: %s", proven.origin, proven.what));
  if (found.path.empty()) {
    out.Error("the evidence could not be saved: make room and ask again");
  } else {
    out.Detail(advice);
  }
  if (!found.remembered) {
    out.Error("the conviction could not be remembered here: make room and ask again");
  }
  return ExitCode::kMisbehaviour;
}

}  // namespace

ExitCode PrintConviction(const Conviction& found, bool pinned,
                         const absl::Status& status, Json json, Output& out) {
  const Misbehaviour& proven = found.misbehaviour;
  json["verdict"] = kMisbehaviour;
  json["origin"] = proven.origin;
  json["pinned"] = pinned;
  json["error"] = std::string(status.message());
  return Print(
      found, std::move(json),
      absl::StrFormat(
          "  evidence  %s\n"
          "  Anybody can check it: setlog verify FILE --key %s\n"
          "  Keep it, tell the log's witnesses and whoever relies on it, and do "
          "not trust\n"
          "  its newer answers.",
          found.path, FormatVkey(proven.log_key)),
      out);
}

ExitCode ReportEvidence(const Evidence& evidence, const VerifierKey& key, bool pinned,
                        const StateDirectory& state, Json json, Output& out) {
  const Trust trust{.log_key = key};
  const std::optional<Conviction> found =
      Convict(state, trust, std::span(&evidence, 1));
  if (!found) return out.Fail(VerifyEvidence(evidence, trust).status());
  json["error"] = found->misbehaviour.what;
  return Print(
      *found, std::move(json),
      absl::StrFormat(
          "%s\n"
          "  evidence: %s\n"
          "  The log's own key signed all of it. Keep the file, tell the log's "
          "witnesses\n"
          "  and whoever relies on it (`setlog verify` shows it to anybody), and "
          "do not\n"
          "  trust its newer answers.",
          KeyDetail(key, pinned), found->path),
      out);
}

}  // namespace setlog
