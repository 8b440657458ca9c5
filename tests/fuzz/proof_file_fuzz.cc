// Proof files: a strict codec in both forms, and no verdict that is not the truth.
#include "fuzz/message_file_law.h"
#include "fuzz/proof_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static ProofLog& log = ProofLog::Shared();
  const absl::StatusOr<ProofFile> file = MessageFileRoundTrip(
      AsText({data, size}), ParseProofFile, FormatProofFile, FormatBinaryProofFile);
  if (file.ok()) CheckVerdict(log, *file);
  return 0;
}
