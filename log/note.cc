#include "log/note.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/note_text.h"
#include "log/signature_types.h"

namespace setlog {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a space
constexpr size_t kKeyIdBytes = 4;

absl::StatusOr<NoteSignature> ParseSignatureLine(std::string_view line) {
  if (!line.starts_with(kDash)) {
    return absl::InvalidArgumentError(
        "a signature line does not start with an em dash and a space");
  }
  line.remove_prefix(kDash.size());
  const size_t space = line.find(' ');
  if (space == line.npos) {
    return absl::InvalidArgumentError("a signature line has no signature");
  }
  const std::string_view name = line.substr(0, space);
  if (absl::Status status = CheckKeyName(name); !status.ok()) return status;
  std::optional<std::string> blob = BytesFromBase64(line.substr(space + 1));
  if (!blob || blob->size() <= kKeyIdBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the signature of %s is not the padded base64 of a key ID and a signature",
        name));
  }
  uint32_t id = 0;
  for (size_t i = 0; i < kKeyIdBytes; ++i) {
    id = id << 8 | static_cast<uint8_t>((*blob)[i]);
  }
  return NoteSignature{std::string(name), id, blob->substr(kKeyIdBytes)};
}

bool SameKey(const NoteSignature& signature, std::string_view name, uint32_t id) {
  return signature.key_id == id && signature.key_name == name;
}

}  // namespace

absl::StatusOr<std::vector<NoteSignature>> ParseSignatureLines(std::string_view lines) {
  if (lines.empty()) {
    return absl::InvalidArgumentError("there is no signature line");
  }
  std::vector<NoteSignature> signatures;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    if (end == lines.npos) {
      return absl::InvalidArgumentError("the last signature line has no line feed");
    }
    absl::StatusOr<NoteSignature> signature = ParseSignatureLine(lines.substr(0, end));
    if (!signature.ok()) return signature.status();
    signatures.push_back(*std::move(signature));
    lines.remove_prefix(end + 1);
  }
  return signatures;
}

absl::StatusOr<Note> ParseNote(std::string_view bytes) {
  if (bytes.size() > kMaxNoteBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a note has at most %d bytes, not %d", kMaxNoteBytes, bytes.size()));
  }
  if (absl::Status status = CheckNoteText(bytes); !status.ok()) return status;
  const size_t blank = bytes.rfind("\n\n");
  if (blank == bytes.npos) {
    return absl::InvalidArgumentError("a note has a blank line before its signatures");
  }
  absl::StatusOr<std::vector<NoteSignature>> signatures =
      ParseSignatureLines(bytes.substr(blank + 2));
  if (!signatures.ok()) return signatures.status();
  return Note{std::string(bytes.substr(0, blank + 1)), *std::move(signatures)};
}

std::string FormatSignatureLine(const NoteSignature& signature) {
  std::string blob;
  for (int shift = 24; shift >= 0; shift -= 8) {
    blob.push_back(static_cast<char>(signature.key_id >> shift));
  }
  blob += signature.signature;
  return absl::StrFormat("%s%s %s\n", kDash, signature.key_name,
                         ToBase64(AsBytes(blob)));
}

std::string FormatNote(const Note& note) {
  std::string bytes = note.text;
  bytes.push_back('\n');
  for (const NoteSignature& signature : note.signatures) {
    bytes += FormatSignatureLine(signature);
  }
  return bytes;
}

Note WithSignature(Note note, NoteSignature signature) {
  const auto old =
      std::ranges::find_if(note.signatures, [&](const NoteSignature& other) {
        return SameKey(other, signature.key_name, signature.key_id);
      });
  if (old == note.signatures.end()) {
    note.signatures.push_back(std::move(signature));
  } else {
    *old = std::move(signature);
  }
  return note;
}

const NoteSignature* FindSignature(const Note& note, const VerifierKey& key) {
  for (const NoteSignature& signature : note.signatures) {
    if (SameKey(signature, key.name, key.id)) return &signature;
  }
  return nullptr;
}

absl::StatusOr<NoteSignature> SignNote(std::string_view text, const SigningKey& key) {
  if (absl::Status status = CheckNoteText(text); !status.ok()) return status;
  if (!text.ends_with('\n')) {
    return absl::InvalidArgumentError("the text of a note ends in a line feed");
  }
  const Ed25519Signature signature = key.key.Sign(AsBytes(text));
  return NoteSignature{key.name, key.Verifier(SignatureType::kEd25519).id,
                       std::string(AsText(signature))};
}

absl::Status VerifyNote(const Note& note, const VerifierKey& key) {
  const SignatureKind* kind = FindSignatureKind(static_cast<uint8_t>(key.type));
  if (kind == nullptr || kind->verify == nullptr || kind->signer != Signer::kLog) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is a cosigner's key, not a log's", FormatVkey(key)));
  }
  const NoteSignature* line = FindSignature(note, key);
  if (line == nullptr) {
    return absl::NotFoundError(
        absl::StrFormat("the note is not signed by %s", FormatVkey(key)));
  }
  return kind->verify(key, note.text, AsBytes(line->signature)).status();
}

}  // namespace setlog
