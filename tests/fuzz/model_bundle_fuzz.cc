// Signature files of models: what parses is written as the same bundle, as far as
// setlog writes such.
#include "fuzz/law.h"
#include "log/json.h"
#include "model/bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  absl::StatusOr<ModelBundle> bundle = ParseModelBundle(text);
  if (!bundle.ok()) {
    Law(absl::IsInvalidArgument(bundle.status()), "malformed is InvalidArgument");
    Law(!bundle.status().message().empty(), "a refusal says why");
    return 0;
  }
  Law(ParseJson(text).ok(), "a bundle is strict JSON");
  Law(!bundle->payload.empty() && !bundle->signature.empty(), "something is signed");
  for (const TlogEntry& entry : bundle->tlog_entries) {
    Law(entry.log_id.size() == Hash::kSize, "a log's id is a hash");
    Law(!entry.inclusion || entry.inclusion->path.size() <= 64, "a path is short");
  }
  if (std::holds_alternative<FulcioMaterial>(bundle->material)) return 0;
  bundle->tlog_entries.clear();
  bundle->timestamps.clear();
  const std::string written = FormatModelBundle(*bundle);
  const absl::StatusOr<ModelBundle> again = ParseModelBundle(written);
  Law(again.ok() && *again == *bundle, "what parses is written as the same bundle");
  Law(FormatModelBundle(*again) == written, "and has one writing");
  return 0;
}
