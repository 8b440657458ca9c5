#include "tools/model_report.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "log/show_bytes.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

Json JsonOf(const ModelSigner& signer) {
  Json json = {{"curve", signer.curve}, {"key", signer.hint}};
  if (signer.method == "key") return json;
  json["names"] = signer.names;
  json["issuer"] = signer.issuer;
  if (signer.method == "certificate") {
    json["subject"] = signer.subject;
    json["not_before"] = ShowTime(signer.not_before_us);
    json["not_after"] = ShowTime(signer.not_after_us);
    return json;
  }
  json["times"] = Json::array();
  for (const int64_t time_us : signer.times_us) {
    json["times"].push_back(ShowTime(time_us));
  }
  json["log"] = signer.log_url;
  json["log_index"] = signer.log_index;
  return json;
}

// "  signer   the P-256 key 537eef07..." or, of a certificate, whose it is.
std::string SignerLines(const ModelSigner& signer) {
  const std::string key = absl::StrFormat("%s key %s", signer.curve, signer.hint);
  if (signer.method == "key") return "  signer   the " + key;
  std::vector<std::string> lines;
  if (!signer.subject.empty()) lines.push_back(ShowForeign(signer.subject));
  for (const std::string& name : signer.names) lines.push_back(ShowForeign(name));
  lines.push_back("as issued by " + ShowForeign(signer.issuer));
  if (signer.method == "certificate") {
    lines.push_back(absl::StrFormat("valid %s to %s", ShowTime(signer.not_before_us),
                                    ShowTime(signer.not_after_us)));
  }
  for (const int64_t time_us : signer.times_us) {
    lines.push_back("signed at " + ShowTime(time_us));
  }
  if (!signer.log_url.empty()) {
    lines.push_back(absl::StrFormat("in the log %s as entry %d",
                                    ShowForeign(signer.log_url), signer.log_index));
  }
  lines.push_back(key);
  std::string text;
  for (const std::string& line : lines) {
    text += (text.empty() ? "  signer   " : "\n           ") + line;
  }
  return text;
}

std::string FilesLine(const CheckedModel& checked) {
  std::string line =
      absl::StrFormat("  files    %d, %s", checked.files, ShowSize(checked.bytes));
  // The rate of an instant means nothing.
  if (checked.seconds > 0.1) {
    absl::StrAppendFormat(&line, " in %.2f s, %.2f GB a second", checked.seconds,
                          static_cast<double>(checked.bytes) / 1e9 / checked.seconds);
  }
  return line;
}

// What the signer left out on purpose, but for what everybody leaves out.
std::string IgnoredLine(const std::vector<std::string>& paths) {
  std::string line;
  for (const std::string& path : paths) {
    if (std::ranges::count(DefaultIgnorePaths(), path) > 0) continue;
    line += (line.empty() ? "  not in   the signature, as the signer chose: " : ", ") +
            ShowLine(path);
  }
  return line;
}

std::string_view WordOf(const CheckedModel& checked) {
  if (checked.undecided()) return kUnverified;
  return checked.verified() ? kVerified : kRefused;
}

std::string Sentence(const ModelCheckFlags& flags, const CheckedModel& checked) {
  if (!checked.refused.ok()) {
    return absl::StrFormat(" %s: %s", flags.signature, checked.refused.message());
  }
  if (checked.verified()) {
    return absl::StrFormat(" %s is what was signed as \"%s\": %d files", flags.model,
                           checked.claimed->statement.subject, checked.files);
  }
  if (checked.undecided()) {
    return absl::StrFormat(": %s: %d of its files could not be read", flags.model,
                           checked.differences.size());
  }
  const size_t count = checked.differences.size();
  return absl::StrFormat(" %s is not what was signed as \"%s\": %d difference%s",
                         flags.model, checked.claimed->statement.subject, count,
                         count == 1 ? "" : "s");
}

Json ProblemsOf(const CheckedModel& checked) {
  Json problems = Json::array();
  if (!checked.refused.ok()) {
    problems.push_back(
        {{"kind", "signature"}, {"detail", std::string(checked.refused.message())}});
  }
  for (const ModelDifference& difference : checked.differences) {
    problems.push_back(JsonOf(difference));
  }
  return problems;
}

}  // namespace

std::string ShowTime(int64_t time_us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(time_us),
                          absl::UTCTimeZone());
}

std::string ShowSize(uint64_t bytes) {
  if (bytes < 1'000'000) return absl::StrFormat("%d bytes", bytes);
  const double size = static_cast<double>(bytes);
  return size < 1e9 ? absl::StrFormat("%.2f MB", size / 1e6)
                    : absl::StrFormat("%.2f GB", size / 1e9);
}

std::string_view WordOf(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kChanged:
      return "changed";
    case DifferenceKind::kAdded:
      return "added";
    case DifferenceKind::kMissing:
      return "missing";
    case DifferenceKind::kRenamed:
      return "renamed";
    case DifferenceKind::kOdd:
      return "odd";
    case DifferenceKind::kUnread:
      return "unread";
  }
  return "unknown";
}

Json JsonOf(const ModelDifference& difference) {
  Json json = {{"kind", WordOf(difference.kind)}, {"name", difference.name}};
  if (!difference.other.empty()) json["other"] = difference.other;
  if (!difference.detail.empty()) json["detail"] = difference.detail;
  return json;
}

std::string LineOf(const ModelDifference& difference) {
  std::string line =
      absl::StrFormat("%-8s %s", WordOf(difference.kind), ShowLine(difference.name));
  if (!difference.other.empty()) line += " is now " + ShowLine(difference.other);
  if (!difference.detail.empty()) line += " (" + difference.detail + ")";
  return line;
}

Json ReportOf(const ModelCheckFlags& flags, const CheckedModel& checked) {
  Json json = {{"verdict", WordOf(checked)},
               {"model", flags.model},
               {"signature", flags.signature}};
  if (checked.claimed) {
    const SignedModel& claimed = *checked.claimed;
    json["method"] = claimed.signer.method;
    json["signer"] = JsonOf(claimed.signer);
    json["subject"] = claimed.statement.subject;
    json["digest"] = NameOf(claimed.statement.serialization.digest);
    json["ignored"] = claimed.statement.serialization.ignore_paths;
    json["files"] = checked.files;
    json["bytes"] = checked.bytes;
  }
  json["problems"] = ProblemsOf(checked);
  json["warnings"] = checked.warnings;
  return json;
}

ExitCode PrintReport(const Json& report, const ModelCheckFlags& flags,
                     const CheckedModel& checked, Output& out) {
  std::string sentence = Sentence(flags, checked);
  if (report.contains("error")) {
    sentence += "; but " + report["error"].get<std::string>();
  }
  out.Verdict(report, report["verdict"].get<std::string>(), sentence);
  for (const ModelDifference& difference : checked.differences) {
    out.Detail("  " + LineOf(difference));
  }
  if (checked.claimed) {
    out.Detail(SignerLines(checked.claimed->signer));
    out.Detail(FilesLine(checked));
    const std::string ignored =
        IgnoredLine(checked.claimed->statement.serialization.ignore_paths);
    if (!ignored.empty()) out.Detail(ignored);
    for (const std::string& warning : checked.warnings) {
      out.Detail("  warning  " + warning);
    }
  } else {
    out.Detail("  No file of the model was looked at.");
  }
  if (checked.undecided()) return ExitCode::kUnverified;
  return checked.verified() ? ExitCode::kHolds : ExitCode::kDoesNotHold;
}

ExitCode PrintUndecided(const absl::Status& why, const ModelCheckFlags& flags,
                        Output& out) {
  if (ForStatus(why) == ExitCode::kUsage) return out.Fail(why);
  const std::string message(why.message());
  out.Verdict({{"verdict", WordOf(why)},
               {"model", flags.model},
               {"signature", flags.signature},
               {"error", message}},
              WordOf(why), ": " + message);
  return ExitCode::kUnverified;
}

}  // namespace setlog
