// A model's training data: whatever parses is what its heads give, byte for byte.
#include "client/training_data.h"
#include "fuzz/law.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view bytes = AsText({data, size});
  const absl::StatusOr<std::vector<DataHead>> heads = ParseTrainingData(bytes);
  if (!heads.ok()) return 0;
  const absl::StatusOr<std::string> again = FormatTrainingData(*heads);
  Law(again.ok() && *again == bytes, "what parses is written the same way");
  for (const DataHead& head : *heads) {
    Law(MakeDataHead(head.proof, head.version.log_key).ok(),
        "every head verifies under its key");
  }
  return 0;
}
