#include "client/seen_versions.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/proof_file.h"
#include "log/note.h"
#include "proto/forms.h"
#include "proto/message_file.h"

namespace setlog {
namespace {

// The note with the log's own signature alone. Lines of other keys are authenticated by
// nothing, may take 1 MiB, and count for nothing in evidence.
absl::StatusOr<std::string> OwnNote(std::string_view bytes, const VerifierKey& key) {
  absl::StatusOr<Note> note = ParseNote(bytes);
  if (!note.ok()) return note.status();
  const NoteSignature* own = FindSignature(*note, key);
  if (own == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a head that %s did not sign", FormatVkey(key)));
  }
  return FormatNote({note->text, {*own}});
}

}  // namespace

absl::StatusOr<std::optional<VersionProof>> SeenVersions::Read(
    std::string_view name) const {
  const std::string path = state_->SeenFile(origin_, name);
  const absl::StatusOr<std::string> bytes = ReadSmallFile(path, kMaxProofFileBytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  if (!bytes.ok()) return bytes.status();
  const auto message =
      ParseMessageFile<v1::Head>(*bytes, {"a version", kMaxProofFileBytes});
  absl::Status status = message.status();
  if (message.ok()) {
    absl::StatusOr<VersionProof> version = VersionFromProto(*message);
    if (version.ok()) return *std::move(version);
    status = version.status();
  }
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged (%s): restore it, or remove it to forget what this log answered "
      "before",
      path, std::string(status.message())));
}

absl::Status SeenVersions::Write(std::string_view name,
                                 const VersionProof& version) const {
  const std::string path = state_->SeenFile(origin_, name);
  const std::string bytes = FormatMessageFile(VersionToProto(version));
  // What could not be read again would stop every later command.
  if (bytes.size() > kMaxProofFileBytes) {
    return absl::DataLossError(
        absl::StrFormat("%s: a version of the set of %d bytes is too large to be kept",
                        origin_, bytes.size()));
  }
  return ReplaceFile(path, bytes, 0600);
}

absl::StatusOr<std::vector<VersionProof>> SeenVersions::Load(
    const std::optional<std::string>& tag) const {
  std::vector<std::string> names = {""};
  if (tag) names.push_back(*tag);
  std::vector<VersionProof> versions;
  for (const std::string& name : names) {
    absl::StatusOr<std::optional<VersionProof>> version = Read(name);
    if (!version.ok()) return version.status();
    if (*version) versions.push_back(**std::move(version));
  }
  return versions;
}

absl::Status SeenVersions::Keep(VersionProof version,
                                const std::optional<std::string>& tag,
                                const VerifierKey& key) const {
  absl::StatusOr<std::string> note = OwnNote(version.checkpoint, key);
  if (!note.ok()) return note.status();
  version.checkpoint = *std::move(note);
  const absl::StatusOr<std::optional<VersionProof>> newest = Read("");
  if (!newest.ok()) return newest.status();
  if (!*newest || (*newest)->index.position < version.index.position) {
    if (absl::Status s = Write("", version); !s.ok()) return s;
  }
  if (!tag) return absl::OkStatus();
  const absl::StatusOr<std::optional<VersionProof>> tagged = Read(*tag);
  if (!tagged.ok()) return tagged.status();
  return *tagged ? absl::OkStatus() : Write(*tag, version);
}

}  // namespace setlog
