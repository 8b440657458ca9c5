// Cosignatures: a strict codec; a word about one text and one time.
#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "golden_notes.h"
#include "log/checkpoint.h"
#include "log/cosignature.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const SigningKey key = WitnessKey();
  static const VerifierKey vkey = Vkey(kWitnessVkey);
  RoundTrip(
      AsText({data, size}),
      [](std::string_view blob) { return ParseCosignature(AsBytes(blob)); },
      [](const Cosignature& cosignature) {
        std::string blob;
        AppendU64(&blob, cosignature.time_s);
        return blob.append(AsText(cosignature.signature));
      });

  Choices choices(data, size);
  const uint64_t time_s = choices.Number();
  const bool damage = choices.Below(2) == 1;
  const size_t at = choices.Byte();
  const std::string text = choices.Rest();
  const absl::StatusOr<NoteSignature> line = SignCosignature(text, key, time_s);
  const bool may_sign =
      ParseCheckpoint(text).ok() && time_s != 0 && time_s <= kMaxCosignatureTime;
  Law(line.ok() == may_sign, "a witness cosigns checkpoints, at a time");
  if (!line.ok()) return 0;
  Note note{text, {*line}};
  if (damage) note.text.insert(at % text.size(), "0");
  const absl::StatusOr<uint64_t> verified = VerifyCosignature(note, vkey);
  Law(damage ? absl::IsDataLoss(verified.status())
             : verified.ok() && *verified == time_s,
      "a cosignature is for one text and time");
  if (damage) return 0;
  // Another time in front of the same signature.
  note.signatures[0].signature[7] ^= 1;
  Law(absl::IsDataLoss(VerifyCosignature(note, vkey).status()), "the time is signed");
  return 0;
}
