// What goes to a witness and what comes back: strict codecs, and nothing is taken for a
// cosignature that is none.
#include "fuzz/law.h"
#include "golden_notes.h"
#include "log/checkpoint.h"
#include "log/witness_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const VerifierKey witness = Vkey(kWitnessVkey);
  const std::string_view text = AsText({data, size});
  RoundTrip(text, ParseAddCheckpoint, [](const AddCheckpoint& request) {
    return FormatAddCheckpoint(request).value_or("");
  });
  if (const auto request = ParseAddCheckpoint(text); request.ok()) {
    Law(request->proof.size() <= kMaxWitnessProof, "a proof has at most 63 hashes");
    Law(text.ends_with(request->note), "its end is the note, byte for byte");
  }
  const std::optional<uint64_t> tree_size = ParseTreeSize(kTreeSizeType, text);
  Law(!tree_size || FormatTreeSize(*tree_size).starts_with(text),
      "one way to write it");

  // The golden line is the only one that this key ever wrote for this text.
  const absl::StatusOr<WitnessCosignature> read =
      ReadCosignature(kText7, text, witness);
  Law(!read.ok() || FormatSignatureLine(read->line) == kWitnessLine7,
      "nothing else is a cosignature");
  return 0;
}
