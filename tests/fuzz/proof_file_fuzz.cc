// Proof files: a strict codec in both forms, and no verdict that is not the truth.
#include "fuzz/proof_log.h"
#include "log/jcs.h"
#include "log/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static ProofLog& log = ProofLog::Shared();
  const std::string_view bytes = AsText({data, size});
  const absl::StatusOr<ProofFile> file = ParseProofFile(bytes);
  if (!file.ok()) {
    Law(absl::IsInvalidArgument(file.status()), "malformed is InvalidArgument");
    return 0;
  }
  const std::string text = FormatProofFile(*file);
  const std::string binary = FormatBinaryProofFile(*file);
  if (const absl::StatusOr<JsonValue> json = ParseJson(bytes); json.ok()) {
    Law(CanonicalJson(*json) == CanonicalJson(ParseJson(text).value()),
        "a file is the JSON value that its message has");
  } else {
    Law(bytes == binary, "or the binary form that it has");
  }
  for (const std::string& form : {text, binary}) {
    const absl::StatusOr<ProofFile> again = ParseProofFile(form);
    Law(again.ok() && *again == *file, "both forms come back");
  }
  CheckVerdict(log, *file);
  return 0;
}
