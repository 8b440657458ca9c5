#include "log/note_text.h"

#include <utf8proc.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "log/bytes.h"

namespace setlog {
namespace {

struct CodePoint {
  utf8proc_int32_t value;
  size_t bytes;  // 0 = what comes next is not UTF-8
};

// The first code point of `text`, which is not empty. Surrogates, overlong forms and
// values beyond U+10FFFF are not UTF-8.
CodePoint FirstCodePoint(std::string_view text) {
  utf8proc_int32_t value = -1;
  const utf8proc_ssize_t bytes =
      utf8proc_iterate(AsBytes(text).data(), text.size(), &value);
  return {value, bytes > 0 ? static_cast<size_t>(bytes) : 0};
}

// Unicode's White_Space property: the separators, five controls and NEL.
bool IsUnicodeSpace(utf8proc_int32_t c) {
  if ((c >= '\t' && c <= '\r') || c == 0x85) return true;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::Status CheckNoteText(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = FirstCodePoint(text.substr(i));
    if (c.bytes == 0) {
      return absl::InvalidArgumentError(absl::StrFormat("no UTF-8 at byte %d", i));
    }
    if (c.value < 0x20 && c.value != '\n') {
      return absl::InvalidArgumentError(
          absl::StrFormat("control character 0x%02x at byte %d", c.value, i));
    }
    i += c.bytes;
  }
  return absl::OkStatus();
}

absl::Status CheckKeyName(std::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError("the key name is empty");
  if (absl::Status status = CheckNoteText(name); !status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("key name: %s", std::string(status.message())));
  }
  for (size_t i = 0; i < name.size();) {
    const CodePoint c = FirstCodePoint(name.substr(i));
    if (c.value == '+' || IsUnicodeSpace(c.value)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("key name \"%s\" contains a space or a '+'",
                          absl::CHexEscape(std::string(name))));
    }
    i += c.bytes;
  }
  return absl::OkStatus();
}

}  // namespace setlog
