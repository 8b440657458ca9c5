#include "tools/print_conviction.h"

#include <string>

#include "absl/strings/str_format.h"
#include "tools/verdict.h"

namespace setlog {

ExitCode PrintConviction(const Conviction& found, bool pinned,
                         const absl::Status& status, Output& out) {
  const Misbehaviour& proven = found.misbehaviour;
  Json json{{"verdict", kMisbehaviour}, {"origin", proven.origin},
            {"kind", proven.kind},      {"what", proven.what},
            {"pinned", pinned},         {"error", std::string(status.message())}};
  json["evidence"] = found.path.empty() ? Json::array() : Json::array({found.path});
  out.Verdict(json, kMisbehaviour,
              absl::StrFormat(" of %s: %s", proven.origin, proven.what));
  if (found.path.empty()) {
    out.Error("the evidence could not be saved: make room and ask again");
    return ExitCode::kMisbehaviour;
  }
  out.Detail("  evidence  " + found.path);
  out.Detail(absl::StrFormat(
      "  Anybody can check it: setlog verify FILE --key %s\n"
      "  Keep it, tell the log's witnesses and whoever relies on it, and do not trust\n"
      "  its newer answers.",
      FormatVkey(proven.log_key)));
  return ExitCode::kMisbehaviour;
}

}  // namespace setlog
