#include "client/proof_file.h"

#include "absl/strings/str_format.h"
#include "proto/message_file.h"

namespace setlog {

absl::StatusOr<ProofFile> ParseProofFile(std::string_view bytes) {
  const absl::StatusOr<v1::Proof> message =
      ParseMessageFile<v1::Proof>(bytes, {"a proof file", kMaxProofFileBytes});
  if (!message.ok()) return message.status();
  absl::StatusOr<ProofFile> proof = ProofFromProto(*message);
  if (proof.ok()) return proof;
  return absl::InvalidArgumentError(
      absl::StrFormat("not a proof file: %s", std::string(proof.status().message())));
}

std::string FormatProofFile(const ProofFile& proof) {
  return FormatMessageFile(ProofToProto(proof));
}

std::string FormatBinaryProofFile(const ProofFile& proof) {
  return FormatBinaryMessageFile(ProofToProto(proof));
}

}  // namespace setlog
