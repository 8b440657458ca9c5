// Signed notes: a strict codec; a signature is for these bytes and no others.
#include "fuzz/law.h"
#include "golden_notes.h"
#include "log/note.h"
#include "log/note_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const SigningKey key = LogKey();
  static const VerifierKey vkey = key.Verifier(SignatureType::kEd25519);
  const std::string_view bytes = AsText({data, size});
  RoundTrip(bytes, ParseNote, FormatNote);
  RoundTrip(bytes, ParseSignatureLines, [](const std::vector<NoteSignature>& lines) {
    std::string text;
    for (const NoteSignature& line : lines) text += FormatSignatureLine(line);
    return text;
  });
  const absl::StatusOr<Note> note = ParseNote(bytes);
  if (!note.ok()) return 0;
  Law(note->text.ends_with('\n') && !note->signatures.empty(), "a note has both parts");
  Law(CheckNoteText(note->text).ok(), "its text has allowed characters only");

  // Golden texts are the only ones that this key ever signed.
  const bool verified = VerifyNote(*note, vkey).ok();
  Law(!verified || note->text == kText7, "nothing unsigned verifies");
  const absl::StatusOr<NoteSignature> signature = SignNote(note->text, key);
  Law(signature.ok(), "what a note holds can be signed");
  Note signed_note = WithSignature(*note, *signature);
  Law(VerifyNote(signed_note, vkey).ok(), "a signature verifies");
  const absl::StatusOr<Note> again = ParseNote(FormatNote(signed_note));
  Law(again.ok() && *again == signed_note, "a signed note is a note");
  signed_note.text.insert(size % signed_note.text.size(), "x");
  Law(absl::IsDataLoss(VerifyNote(signed_note, vkey)), "for this text only");
  return 0;
}
