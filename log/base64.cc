#include "log/base64.h"

#include <sodium.h>

namespace setlog {
namespace {

constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;

}  // namespace

std::string ToBase64(Bytes bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();  // the NUL that C strings end with
  return text;
}

std::optional<std::string> BytesFromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  size_t length = 0;
  const int decoded = sodium_base642bin(
      reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
      text.size(), /*ignore=*/nullptr, &length, /*b64_end=*/nullptr, kVariant);
  // Decoding alone is not strict: libsodium 1.0.18 takes some bytes above 0x7F for '/'.
  std::string again = ToBase64(AsBytes(bytes).first(length));
  const bool same = decoded == 0 && again == text;
  sodium_memzero(again.data(), again.size());
  if (!same) {
    sodium_memzero(bytes.data(), bytes.size());
    return std::nullopt;
  }
  bytes.resize(length);
  return bytes;
}

std::optional<Hash> HashFromBase64(std::string_view text) {
  const std::optional<std::string> bytes = BytesFromBase64(text);
  if (!bytes || bytes->size() != Hash::kSize) return std::nullopt;
  return HashFromBytes(AsBytes(*bytes));
}

}  // namespace setlog
