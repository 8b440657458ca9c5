// Manifests: only the RFC 8785 form parses, and what was understood can be written.
#include "fuzz/law.h"
#include "log/entry.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/manifest.h"
#include "log/scheme.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const Bytes body(data, size);
  const absl::StatusOr<Manifest> manifest = ParseManifest(body);
  if (!manifest.ok()) {
    Law(absl::IsInvalidArgument(manifest.status()) ||
            absl::IsUnimplemented(manifest.status()),
        "a manifest is malformed, or of a kind not known here");
    // UNSUPPORTED is not said of what no version could mean.
    if (absl::IsUnimplemented(manifest.status())) {
      Law(ParseJson(AsText(body)).ok(), "unsupported manifests are JSON all the same");
    }
    return 0;
  }
  Law(size <= kMaxManifestBytes, "a manifest is short");
  const absl::StatusOr<JsonValue> json = ParseJson(AsText(body));
  Law(json.ok() && CanonicalJson(*json) == AsText(body), "a manifest is canonical");
  const absl::StatusOr<std::string> again = FormatManifest(*manifest);
  Law(again.ok(), "what was parsed can be written");
  const absl::StatusOr<Manifest> same = ParseManifest(AsBytes(*again));
  Law(same.ok() && *same == *manifest, "and is the same manifest");
  Law(again->size() <= size, "writing drops what means nothing, and adds nothing");
  const absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(*manifest);
  Law(!scheme.ok() || scheme->name() == manifest->scheme, "a scheme keeps its name");
  return 0;
}
