// Evidence files: a strict codec in both forms, and no bytes convict an honest log.
#include "client/evidence_file.h"
#include "evidence_samples.h"
#include "fuzz/message_file_law.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const Trust trust = HonestLog().trust();
  const absl::StatusOr<Evidence> evidence =
      MessageFileRoundTrip(AsText({data, size}), ParseEvidenceFile, FormatEvidenceFile,
                           FormatBinaryEvidenceFile);
  if (!evidence.ok()) return 0;
  const size_t bytes = FormatEvidenceFile(*evidence).size();
  Law(CheckEvidenceFits(*evidence, bytes).ok() &&
          !CheckEvidenceFits(*evidence, bytes - 1).ok(),
      "what fits is told by its size");
  Law(!VerifyEvidence(*evidence, trust).ok(), "nobody is convicted by honest material");
  return 0;
}
