// log/note.h -- signed notes: a text and the signatures of named keys.
//
//   absl::StatusOr<Note> note = ParseNote(bytes);
//   absl::Status ok = VerifyNote(*note, vkey);     // only then look at note->text
//   *note = WithSignature(*note, SignNote(note->text, key));
//   std::string bytes = FormatNote(*note);
//
//   note = text LF 1*signature-line              text ends in LF; split at the LAST LF
//   LF signature-line = em dash (E2 80 94) SP key name SP base64(u32 key ID |
//   signature) LF
//
// Source: C2SP signed-note. Thread-safe: pure functions.
#ifndef SETLOG_LOG_NOTE_H_
#define SETLOG_LOG_NOTE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/skey.h"
#include "log/vkey.h"

namespace setlog {

// The only bound on the number of signatures. Room for 200 of the longest known kind
// (ML-DSA, 3.3 kB a line), which are carried along although they are not verified here.
inline constexpr size_t kMaxNoteBytes = size_t{1} << 20;

struct NoteSignature {
  std::string key_name;
  uint32_t key_id;
  std::string signature;  // binary, without the key ID; at least one byte

  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

struct Note {
  std::string text;  // with its last LF, without the blank line
  std::vector<NoteSignature> signatures;

  friend bool operator==(const Note&, const Note&) = default;
};

// InvalidArgument unless `bytes` is a note of at most kMaxNoteBytes, of allowed
// characters (CheckNoteText) and with at least one signature; FormatNote then gives
// back exactly `bytes`. Verifies nothing.
absl::StatusOr<Note> ParseNote(std::string_view bytes);
std::string FormatNote(const Note& note);

// The same for signature lines alone, one or more: what a witness answers.
absl::StatusOr<std::vector<NoteSignature>> ParseSignatureLines(std::string_view lines);
std::string FormatSignatureLine(const NoteSignature& signature);

// The note with one more line, or with the line of the same name and ID replaced: of
// two such lines readers see only the first, so a newer cosignature must not come
// after.
Note WithSignature(Note note, NoteSignature signature);

// The first line with the key's name and ID, or nullptr. Later ones are ignored by
// every function of setlog, as by other readers of notes. Points into `note`.
const NoteSignature* FindSignature(const Note& note, const VerifierKey& key);

// An Ed25519 (type 0x01) signature of `text`. InvalidArgument if it could not stand in
// a note: CheckNoteText refuses it, or it does not end in LF.
absl::StatusOr<NoteSignature> SignNote(std::string_view text, const SigningKey& key);

// OK iff the note has a line with the name and ID of `key`, of type 0x01, and its
// signature is right. NotFound without such a line; DataLoss if it does not verify
// (then the whole note is to be rejected, whoever else signed it). InvalidArgument for
// a cosigner's key: that is VerifyCosignature's. Lines of other keys are not looked at.
absl::Status VerifyNote(const Note& note, const VerifierKey& key);

}  // namespace setlog

#endif  // SETLOG_LOG_NOTE_H_
