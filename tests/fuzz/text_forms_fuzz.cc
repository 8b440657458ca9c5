// base64, hex, decimal numbers and UTF-8: one spelling each, beside slow models.
#include <string>

#include "fuzz/law.h"
#include "log/base64.h"
#include "log/decimal.h"
#include "log/utf8.h"

namespace setlog {
namespace {

// Where `text` stops being UTF-8: decoded and encoded anew, character by character.
size_t Utf8Prefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<uint8_t>(text[at]);
    const size_t length = lead < 0x80       ? 1
                          : lead >> 5 == 6  ? 2
                          : lead >> 4 == 14 ? 3
                          : lead >> 3 == 30 ? 4
                                            : 0;
    if (length == 0 || at + length > text.size()) return at;
    uint32_t value = length == 1 ? lead : lead & (0x7f >> length);
    for (size_t i = 1; i < length; ++i) {
      const auto byte = static_cast<uint8_t>(text[at + i]);
      if (byte >> 6 != 2) return at;
      value = value << 6 | (byte & 0x3f);
    }
    const size_t shortest = value < 0x80      ? 1
                            : value < 0x800   ? 2
                            : value < 0x10000 ? 3
                                              : 4;
    const bool surrogate = value >= 0xd800 && value < 0xe000;
    if (shortest != length || surrogate || value > 0x10ffff) return at;
    at += length;
  }
  return at;
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const Bytes bytes(data, size);
  const std::string_view text = AsText(bytes);
  Law(BytesFromBase64(ToBase64(bytes)) == text, "base64 comes back");
  Law(BytesFromHex(ToHex(bytes)) == text, "hex comes back");
  if (const auto decoded = BytesFromBase64(text)) {
    Law(ToBase64(AsBytes(*decoded)) == text, "base64 has one spelling");
    Law(HashFromBase64(text).has_value() == (decoded->size() == Hash::kSize),
        "a hash is 32 bytes of it");
  } else {
    Law(!HashFromBase64(text), "a hash is base64");
  }
  if (const auto decoded = BytesFromHex(text)) {
    Law(ToHex(AsBytes(*decoded)) == text, "hex has one spelling");
  }
  if (const auto number = ParseDecimal(text)) {
    Law(std::to_string(*number) == text, "a number has one spelling");
  } else if (size > 0 && size < 20 && text[0] != '0') {
    Law(text.find_first_not_of("0123456789") != text.npos, "digits are a number");
  }
  const std::optional<size_t> ill = FirstIllFormedUtf8(text);
  Law(ill.value_or(size) == Utf8Prefix(text), "UTF-8 ends where it ends");
  return 0;
}
