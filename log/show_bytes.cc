#include "log/show_bytes.h"

#include "absl/strings/escaping.h"
#include "log/utf8.h"

namespace setlog {
namespace {

// Characters whole: a cut in the middle of one is no damage of the record.
std::string_view CutAt(std::string_view bytes, size_t max_bytes) {
  if (bytes.size() <= max_bytes) return bytes;
  while (max_bytes > 0 && (bytes[max_bytes] & 0xC0) == 0x80) --max_bytes;
  return bytes.substr(0, max_bytes);
}

// C1 control characters, U+0080 to U+009F, are well-formed UTF-8 and steer terminals.
bool IsC1Control(std::string_view text, size_t i) {
  return text[i] == '\xC2' && i + 1 < text.size() &&
         static_cast<unsigned char>(text[i + 1]) < 0xA0;
}

// Of well-formed UTF-8.
void AppendShown(std::string_view text, std::string* shown) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const size_t escaped = IsC1Control(text, i) ? 2 : byte < 0x20 || byte == 0x7F;
    if (escaped == 0) {
      shown->push_back(text[i]);
    } else {
      shown->append(absl::CHexEscape(std::string(text.substr(i, escaped))));
      i += escaped - 1;
    }
  }
}

}  // namespace

std::string ShowBytes(std::string_view bytes, size_t max_bytes, bool complete) {
  std::string_view rest = CutAt(bytes, max_bytes);
  const bool cut = rest.size() < bytes.size();
  std::string shown;
  while (const std::optional<size_t> bad = FirstIllFormedUtf8(rest)) {
    AppendShown(rest.substr(0, *bad), &shown);
    shown.append(absl::CHexEscape(std::string(1, rest[*bad])));
    rest.remove_prefix(*bad + 1);
  }
  AppendShown(rest, &shown);
  if (!complete || cut) shown += "...";
  return shown;
}

std::string ShowForeign(std::string_view text) {
  return ShowBytes(text, kMaxForeignBytes, true);
}

std::string ShowLine(std::string_view text) {
  return ShowBytes(text, text.size(), true);
}

}  // namespace setlog
