// model/digest.h -- the digest of a file of a model, by one of the kinds OMS knows.
//
//   std::optional<DigestKind> kind = DigestKindNamed("blake2b");
//   Digest digest = *DigestFromHex(*kind, "786a02f7...");
//   ToHex(digest);  // lower case
//
//   sha256    32 bytes
//   blake2b   64 bytes, no key
//   blake3    32 bytes; a name that is known, but no library here computes it
//
// Source: OpenSSF Model Signing 1.0, "resources". Thread-safe: pure functions.
#ifndef SETLOG_MODEL_DIGEST_H_
#define SETLOG_MODEL_DIGEST_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "log/bytes.h"

namespace setlog {

enum class DigestKind : uint8_t { kSha256, kBlake2b, kBlake3 };

std::string_view NameOf(DigestKind kind);
// Nothing for any other name: they are compared as bytes.
std::optional<DigestKind> DigestKindNamed(std::string_view name);
size_t SizeOf(DigestKind kind);

struct Digest {
  static constexpr size_t kMaxSize = 64;
  std::array<uint8_t, kMaxSize> bytes{};  // zeros beyond `size`
  uint8_t size = 0;

  operator Bytes() const { return Bytes(bytes).first(size); }
  friend bool operator==(const Digest&, const Digest&) = default;
};

// `bytes` must have at most Digest::kMaxSize.
Digest DigestFromBytes(Bytes bytes);
// Lower-case hex of exactly SizeOf(kind) bytes; nothing otherwise.
std::optional<Digest> DigestFromHex(DigestKind kind, std::string_view hex);

}  // namespace setlog

#endif  // SETLOG_MODEL_DIGEST_H_
