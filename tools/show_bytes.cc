#include "tools/show_bytes.h"

#include "absl/strings/escaping.h"
#include "log/utf8.h"

namespace setlog {
namespace {

// C1 control characters, U+0080 to U+009F, are well-formed UTF-8 and steer terminals.
bool HasC1Controls(std::string_view text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0)
      return true;
  }
  return false;
}

// Characters whole: a cut in the middle of one is no damage of the record.
std::string_view CutAt(std::string_view bytes, size_t max_bytes) {
  if (bytes.size() <= max_bytes) return bytes;
  while (max_bytes > 0 && (bytes[max_bytes] & 0xC0) == 0x80) --max_bytes;
  return bytes.substr(0, max_bytes);
}

std::string EscapeControls(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      escaped += absl::CHexEscape(std::string(1, c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string ShowBytes(std::string_view bytes, size_t max_bytes, bool complete) {
  const std::string_view shown = CutAt(bytes, max_bytes);
  const bool is_text = !FirstIllFormedUtf8(shown) && !HasC1Controls(shown);
  std::string text =
      is_text ? EscapeControls(shown) : absl::CHexEscape(std::string(shown));
  if (!complete || shown.size() < bytes.size()) text += "...";
  return text;
}

}  // namespace setlog
