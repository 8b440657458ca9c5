#include "model/digest.h"

#include <algorithm>
#include <array>
#include <string>

namespace setlog {
namespace {

struct Named {
  DigestKind kind;
  std::string_view name;
  size_t size;
};
constexpr std::array<Named, 3> kKinds = {{{DigestKind::kSha256, "sha256", 32},
                                          {DigestKind::kBlake2b, "blake2b", 64},
                                          {DigestKind::kBlake3, "blake3", 32}}};

const Named& Of(DigestKind kind) { return kKinds[static_cast<size_t>(kind)]; }

}  // namespace

std::string_view NameOf(DigestKind kind) { return Of(kind).name; }

size_t SizeOf(DigestKind kind) { return Of(kind).size; }

std::optional<DigestKind> DigestKindNamed(std::string_view name) {
  for (const Named& known : kKinds) {
    if (known.name == name) return known.kind;
  }
  return std::nullopt;
}

Digest DigestFromBytes(Bytes bytes) {
  Digest digest;
  digest.size = static_cast<uint8_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

std::optional<Digest> DigestFromHex(DigestKind kind, std::string_view hex) {
  const std::optional<std::string> bytes = BytesFromHex(hex);
  if (!bytes || bytes->size() != SizeOf(kind)) return std::nullopt;
  return DigestFromBytes(AsBytes(*bytes));
}

}  // namespace setlog
