// Checkpoints: a strict codec under the note's.
#include "fuzz/law.h"
#include "golden_notes.h"
#include "log/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const VerifierKey vkey = Vkey(kLogVkey);
  const std::string_view text = AsText({data, size});
  RoundTrip(text, ParseCheckpoint,
            [](const Checkpoint& c) { return FormatCheckpoint(c).value_or(""); });
  if (const absl::StatusOr<Checkpoint> head = ParseCheckpoint(text); head.ok()) {
    Law(!head->origin.empty(), "an origin is not empty");
    const bool honest = head->size != 0 || ToHex(head->root).starts_with("e3b0c442");
    Law(honest || !CheckEmptyRoot(*head).ok(), "an empty tree has one root");
  }
  // The same bytes as a whole note.
  const absl::StatusOr<Checkpoint> opened = OpenCheckpoint(text, vkey);
  if (opened.ok()) {
    Law(opened->origin == vkey.name, "a key speaks for its own log");
    Law(opened->size == 7 && ToHex(opened->root) == kRoot7, "and only what it signed");
  }
  return 0;
}
