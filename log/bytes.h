// log/bytes.h -- the three shapes that data has everywhere in setlog.
//
//   Bytes view = AsBytes("text");              // never owns, never ends in NUL
//   Hash h = *HashFromHex("e3b0c442...b855");  // 32 bytes, compared as bytes
//   std::string text = ToHex(h);               // lower case
#ifndef SETLOG_LOG_BYTES_H_
#define SETLOG_LOG_BYTES_H_

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace setlog {

using Bytes = std::span<const uint8_t>;

// A SHA-256 digest, or any other 32-byte value of the formats (a record's value r,
// its key K). Contiguous arrays of Hash are arrays of 32-byte strings.
struct Hash {
  static constexpr size_t kSize = 32;
  std::array<uint8_t, kSize> bytes{};

  const uint8_t* data() const { return bytes.data(); }
  uint8_t* data() { return bytes.data(); }
  operator Bytes() const { return Bytes(bytes); }

  friend bool operator==(const Hash& a, const Hash& b) {
    return std::memcmp(a.data(), b.data(), kSize) == 0;
  }
  friend std::strong_ordering operator<=>(const Hash& a, const Hash& b) {
    return std::memcmp(a.data(), b.data(), kSize) <=> 0;
  }
  template <typename H>
  friend H AbslHashValue(H state, const Hash& hash) {
    return H::combine_contiguous(std::move(state), hash.data(), kSize);
  }
};
static_assert(sizeof(Hash) == Hash::kSize);

inline Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The first 32 bytes of `bytes`, which must have at least that many.
inline Hash HashFromBytes(Bytes bytes) {
  Hash hash;
  std::memcpy(hash.data(), bytes.data(), Hash::kSize);
  return hash;
}

// Lower-case hex, two digits a byte.
std::string ToHex(Bytes bytes);
// Strict inverses: lower case only, exact length; nothing otherwise.
std::optional<std::string> BytesFromHex(std::string_view hex);
std::optional<Hash> HashFromHex(std::string_view hex);

// Unsigned big-endian integers, as in every format of setlog.
void AppendU64(std::string* out, uint64_t value);
// The integer in the first 8 bytes of `bytes`, which must have at least that many.
uint64_t ReadU64(Bytes bytes);

}  // namespace setlog

#endif  // SETLOG_LOG_BYTES_H_
