#include "client/evidence_file.h"

#include "absl/strings/str_format.h"
#include "client/message_file.h"
#include "proto/evidence_forms.h"

namespace setlog {

absl::StatusOr<Evidence> ParseEvidenceFile(std::string_view bytes) {
  const absl::StatusOr<v1::Evidence> message = ParseMessageFile<v1::Evidence>(
      bytes, {"an evidence file", kMaxEvidenceFileBytes});
  if (!message.ok()) return message.status();
  absl::StatusOr<Evidence> evidence = EvidenceFromProto(*message);
  if (evidence.ok()) return evidence;
  return absl::InvalidArgumentError(absl::StrFormat(
      "not an evidence file: %s", std::string(evidence.status().message())));
}

std::string FormatEvidenceFile(const Evidence& evidence) {
  return FormatMessageFile(EvidenceToProto(evidence));
}

std::string FormatBinaryEvidenceFile(const Evidence& evidence) {
  return FormatBinaryMessageFile(EvidenceToProto(evidence));
}

}  // namespace setlog
