// Evidence files: a strict codec in both forms, and no bytes convict an honest log.
#include "client/evidence_file.h"
#include "evidence_samples.h"
#include "fuzz/law.h"
#include "log/jcs.h"
#include "log/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const Trust trust = HonestLog().trust();
  const std::string_view bytes = AsText({data, size});
  const absl::StatusOr<Evidence> evidence = ParseEvidenceFile(bytes);
  if (!evidence.ok()) {
    Law(absl::IsInvalidArgument(evidence.status()), "malformed is InvalidArgument");
    return 0;
  }
  const std::string text = FormatEvidenceFile(*evidence);
  const std::string binary = FormatBinaryEvidenceFile(*evidence);
  if (const absl::StatusOr<JsonValue> json = ParseJson(bytes); json.ok()) {
    Law(CanonicalJson(*json) == CanonicalJson(ParseJson(text).value()),
        "a file is the JSON value that its message has");
  } else {
    Law(bytes == binary, "or the binary form that it has");
  }
  for (const std::string& form : {text, binary}) {
    const absl::StatusOr<Evidence> again = ParseEvidenceFile(form);
    Law(again.ok() && *again == *evidence, "both forms come back");
  }
  Law(CheckEvidenceFits(*evidence, text.size()).ok() &&
          !CheckEvidenceFits(*evidence, text.size() - 1).ok(),
      "what fits is told by its size");
  Law(!VerifyEvidence(*evidence, trust).ok(), "nobody is convicted by honest material");
  return 0;
}
