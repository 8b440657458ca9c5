#include "log/checkpoint.h"

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/decimal.h"
#include "log/note_text.h"
#include "log/sha256.h"

namespace setlog {
namespace {

// The lines of `text` without their line feeds; nothing if the last has none.
std::optional<std::vector<std::string_view>> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == text.npos) return std::nullopt;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace

absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text) {
  if (absl::Status status = CheckNoteText(text); !status.ok()) return status;
  const std::optional<std::vector<std::string_view>> lines = Lines(text);
  if (!lines || lines->size() < 3) {
    return absl::InvalidArgumentError(
        "a checkpoint has at least three lines: origin, size, root hash");
  }
  for (std::string_view line : *lines) {
    if (line.empty()) {
      return absl::InvalidArgumentError("a checkpoint has no empty line");
    }
  }
  const std::optional<uint64_t> size = ParseDecimal((*lines)[1]);
  if (!size) {
    return absl::InvalidArgumentError(
        "checkpoint: the size is no decimal number below 2^64 without leading zeros");
  }
  const std::optional<Hash> root = HashFromBase64((*lines)[2]);
  if (!root) {
    return absl::InvalidArgumentError(
        "checkpoint: the root is not the padded base64 of 32 bytes");
  }
  return Checkpoint{std::string((*lines)[0]), *size, *root,
                    std::vector<std::string>(lines->begin() + 3, lines->end())};
}

absl::StatusOr<std::string> FormatCheckpoint(const Checkpoint& checkpoint) {
  std::string text = absl::StrFormat("%s\n%d\n%s\n", checkpoint.origin, checkpoint.size,
                                     ToBase64(checkpoint.root));
  for (const std::string& extension : checkpoint.extensions) {
    text += extension;
    text.push_back('\n');
  }
  const absl::StatusOr<Checkpoint> parsed = ParseCheckpoint(text);
  if (!parsed.ok()) return parsed.status();
  if (*parsed != checkpoint) {
    return absl::InvalidArgumentError("checkpoint: a line contains a line feed");
  }
  return text;
}

absl::Status CheckEmptyRoot(const Checkpoint& checkpoint) {
  if (checkpoint.size == 0 && checkpoint.root != Sha256(Bytes())) {
    return absl::DataLossError("a checkpoint of size 0 has not the empty tree's root");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint,
                                           const SigningKey& key) {
  if (key.name != checkpoint.origin) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the key of %s may not sign a checkpoint of %s", key.name, checkpoint.origin));
  }
  if (!CheckEmptyRoot(checkpoint).ok()) {
    return absl::InvalidArgumentError("an empty tree's root is H(\"\")");
  }
  absl::StatusOr<std::string> text = FormatCheckpoint(checkpoint);
  if (!text.ok()) return text.status();
  absl::StatusOr<NoteSignature> signature = SignNote(*text, key);
  if (!signature.ok()) return signature.status();
  return FormatNote({*std::move(text), {*std::move(signature)}});
}

absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view bytes,
                                          const VerifierKey& key) {
  const absl::StatusOr<Note> note = ParseNote(bytes);
  if (!note.ok()) return note.status();
  if (absl::Status status = VerifyNote(*note, key); !status.ok()) return status;
  absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(note->text);
  if (!checkpoint.ok()) return checkpoint.status();
  if (checkpoint->origin != key.name) {
    return absl::DataLossError(
        absl::StrFormat("the key of %s signed a checkpoint whose origin is %s",
                        key.name, checkpoint->origin));
  }
  if (absl::Status status = CheckEmptyRoot(*checkpoint); !status.ok()) return status;
  return checkpoint;
}

}  // namespace setlog
