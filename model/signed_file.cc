#include "model/signed_file.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

absl::Status OtherContent(std::string_view name) {
  return absl::DataLossError(
      absl::StrFormat("%s is not what was signed under this name", name));
}

absl::StatusOr<Digest> DigestOf(DigestKind kind, Bytes content) {
  if (kind == DigestKind::kBlake3) {
    return absl::UnimplementedError("no library here computes blake3");
  }
  const EVP_MD* algorithm =
      kind == DigestKind::kSha256 ? EVP_sha256() : EVP_blake2b512();
  Digest digest;
  unsigned size = 0;
  if (EVP_Digest(content.data(), content.size(), digest.bytes.data(), &size, algorithm,
                 nullptr) != 1) {
    return absl::InternalError("OpenSSL could not hash");
  }
  digest.size = static_cast<uint8_t>(size);
  return digest;
}

}  // namespace

bool ListsFile(const ModelStatement& statement, std::string_view name) {
  return std::ranges::any_of(statement.resources, [&](const ModelResource& resource) {
    return PartNamed(resource.name, statement.serialization.method).path == name;
  });
}

absl::Status CheckSignedFile(const ModelStatement& statement, std::string_view name,
                             Bytes content) {
  const Serialization& how = statement.serialization;
  bool listed = false;
  uint64_t covered = 0;
  for (const ModelResource& resource : statement.resources) {
    FilePart part = PartNamed(resource.name, how.method);
    if (part.path != name) continue;
    if (part.end == 0) part.end = content.size();
    listed = true;
    if (part.end > content.size()) return OtherContent(name);
    covered += part.end - part.begin;
    const absl::StatusOr<Digest> digest =
        DigestOf(how.digest, content.subspan(part.begin, part.end - part.begin));
    if (!digest.ok()) return digest.status();
    if (*digest != resource.digest) return OtherContent(name);
  }
  if (!listed) {
    return absl::NotFoundError(absl::StrFormat("%s was not signed", name));
  }
  // The shards of a parsed statement do not overlap.
  return covered == content.size() ? absl::OkStatus() : OtherContent(name);
}

}  // namespace setlog
