#include "tools/verdict.h"

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace setlog {

std::string_view WordOf(SetVerdict verdict) {
  switch (verdict) {
    case SetVerdict::kPresent:
      return "PRESENT";
    case SetVerdict::kAbsent:
      return "ABSENT";
    case SetVerdict::kRemoved:
      return "REMOVED";
  }
  return kUnverified;
}

ExitCode CodeOf(SetVerdict verdict) {
  return verdict == SetVerdict::kPresent ? ExitCode::kHolds : ExitCode::kDoesNotHold;
}

std::string_view WordOf(const absl::Status& failure) {
  return absl::IsUnimplemented(failure) ? kUnsupported : kUnverified;
}

std::string AuditWords(const Version& version) {
  if (!version.replay_met) return "set root not audited";
  return absl::StrFormat("set recomputed by %d of %s", version.replayed_by.size(),
                         kReplayGroup);
}

std::string SetPhrase(const Version& version) {
  const std::string tag =
      version.tag ? absl::StrFormat("version %s, ", version.tag->name) : "";
  return absl::StrFormat("the set that %s committed to at size %d (%s%s%s)",
                         version.manifest.origin, version.index.m, tag,
                         version.manifest.scheme,
                         version.manifest.labels ? ", private" : "");
}

std::string VerdictSentence(const Version& version, SetVerdict verdict) {
  const char* preposition = verdict == SetVerdict::kPresent ? "in" : "from";
  const bool no_label =
      version.manifest.labels.has_value() && verdict == SetVerdict::kAbsent;
  return absl::StrFormat(
      " %s %s%s; %s", preposition, SetPhrase(version),
      no_label ? ": its owner committed no label for this record" : "",
      AuditWords(version));
}

std::string VersionDetail(const Version& version, uint64_t seen_size) {
  std::string detail = absl::StrFormat(
      "  set     at size %d; the head has size %d, %d entries more\n"
      "          claimed count %d members",
      version.index.m, version.checkpoint.size,
      version.checkpoint.size - version.index.m, version.index.n);
  if (seen_size > version.checkpoint.size) {
    detail += absl::StrFormat(
        "\n  newer   a head of size %d was seen here, which this answer does not cover",
        seen_size);
  }
  return detail;
}

std::string FreshnessDetail(std::optional<uint64_t> cosigned_at_s) {
  if (!cosigned_at_s) return "  time    not shown: no quorum of witnesses asked for";
  return "  time    the quorum cosigned this head since " +
         absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(static_cast<int64_t>(*cosigned_at_s)),
                          absl::UTCTimeZone());
}

std::string PrivateDetail() {
  return "  private ABSENT means that the owner committed no label for this record, "
         "not "
         "that\n"
         "          none of the entries that were not opened is this record's data";
}

std::string KeyDetail(const VerifierKey& key, bool pinned) {
  return absl::StrFormat("  key     %s (%s)", FormatVkey(key),
                         pinned ? "pinned" : "not pinned: `setlog trust add` pins it");
}

Json OrNull(std::optional<uint64_t> number) {
  return number ? Json(*number) : Json(nullptr);
}

}  // namespace setlog
