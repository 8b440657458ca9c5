// Files of type .tlog-proof: a strict codec.
#include "fuzz/law.h"
#include "log/checkpoint.h"
#include "log/tlog_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  RoundTrip(text, ParseTlogProof,
            [](const TlogProof& proof) { return FormatTlogProof(proof).value_or(""); });
  if (const absl::StatusOr<TlogProof> proof = ParseTlogProof(text); proof.ok()) {
    Law(proof->path.size() <= kMaxTlogProofPath, "a path has at most 64 hashes");
    const absl::StatusOr<Note> note = ParseNote(proof->checkpoint);
    Law(note.ok() && ParseCheckpoint(note->text).ok(), "its end is a checkpoint");
    Law(text.ends_with(proof->checkpoint), "byte for byte");
  }
  return 0;
}
