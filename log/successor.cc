#include "log/successor.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "log/origin.h"

namespace setlog {

absl::StatusOr<std::string> SuccessorTag(const VerifierKey& key) {
  std::string name = std::string(kSuccessorPrefix) + FormatVkey(key);
  if (absl::Status s = CheckTagName(name); !s.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s cannot be named by the log before it: the key of a successor stands in the "
        "name of a tag, so its origin has at most 191 bytes and no `~`",
        key.name));
  }
  return name;
}

std::optional<VerifierKey> SuccessorNamed(std::string_view tag) {
  if (!tag.starts_with(kSuccessorPrefix)) return std::nullopt;
  absl::StatusOr<VerifierKey> key = ParseVkey(tag.substr(kSuccessorPrefix.size()));
  if (!key.ok() || key->type != SignatureType::kEd25519) return std::nullopt;
  if (!CheckOrigin(key->name).ok()) return std::nullopt;
  return *std::move(key);
}

absl::Status CheckSuccessorTag(std::string_view tag, std::string_view origin) {
  if (!tag.starts_with(kSuccessorPrefix)) return absl::OkStatus();
  const std::optional<VerifierKey> key = SuccessorNamed(tag);
  if (!key) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "tag %s: `%s` is followed by the key of the log that goes on in the place of "
        "this one, as `setlog handover` writes it: choose another name",
        tag, kSuccessorPrefix));
  }
  if (key->name == origin) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s cannot be its own successor: a log has one key for life", origin));
  }
  return absl::OkStatus();
}

Manifest ManifestAfter(const Manifest& old, std::string origin, ParentVersion parent) {
  Manifest manifest = old;
  manifest.origin = std::move(origin);
  manifest.labels.reset();  // a VRF's labels are made with a key of the old log's
  manifest.parent = std::move(parent);
  return manifest;
}

ParentVersion ParentOf(const Version& version) {
  return {version.manifest.origin, FormatVkey(version.log_key), version.index.m,
          version.index.set_root};
}

bool SameRecords(const Manifest& a, const Manifest& b) {
  return a.scheme == b.scheme && a.fields == b.fields && a.columns == b.columns &&
         a.unicode == b.unicode && a.labels == b.labels;
}

}  // namespace setlog
