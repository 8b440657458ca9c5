#include "client/seen_versions.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/message_file.h"
#include "client/proof_file.h"
#include "proto/forms.h"

namespace setlog {

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
  return ReplaceFile(state_->SeenFile(origin_, name),
                     FormatMessageFile(VersionToProto(version)), 0600);
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

absl::Status SeenVersions::Keep(const VersionProof& version,
                                const std::optional<std::string>& tag) const {
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
