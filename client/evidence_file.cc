#include "client/evidence_file.h"

#include "absl/strings/str_format.h"
#include "proto/evidence_forms.h"
#include "proto/message_file.h"

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

absl::Status CheckEvidenceFits(const Evidence& evidence, size_t max_bytes) {
  // Every byte becomes at least one of JSON; an entry without bytes, two in the binary
  // form, becomes a line, and the rest is names: well below 16 times as many and 1 MiB.
  constexpr size_t kMaxGrowth = 16;
  constexpr size_t kNames = size_t{1} << 20;
  const v1::Evidence message = EvidenceToProto(evidence);
  const size_t binary = message.ByteSizeLong();
  if (binary < max_bytes / kMaxGrowth && binary * kMaxGrowth + kNames <= max_bytes) {
    return absl::OkStatus();
  }
  size_t size = binary;
  if (size <= max_bytes) size = FormatMessageFile(message).size();
  if (size <= max_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "it would be larger than an evidence file may be, %d bytes", max_bytes));
}

std::string FormatEvidenceFile(const Evidence& evidence) {
  return FormatMessageFile(EvidenceToProto(evidence));
}

std::string FormatBinaryEvidenceFile(const Evidence& evidence) {
  return FormatBinaryMessageFile(EvidenceToProto(evidence));
}

}  // namespace setlog
