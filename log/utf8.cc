#include "log/utf8.h"

#include <utf8proc.h>

#include <cstdint>
#include <cstring>

namespace setlog {

std::optional<size_t> FirstIllFormedUtf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    // Most text is ASCII: eight bytes at a time while no top bit is set.
    if (text.size() - at >= 8) {
      uint64_t word;
      std::memcpy(&word, bytes + at, 8);
      if ((word & 0x8080808080808080) == 0) {
        at += 8;
        continue;
      }
    }
    if (bytes[at] < 0x80) {
      ++at;
      continue;
    }
    // A character has at most four bytes, so the length given fits any signed type.
    const size_t left = text.size() - at < 4 ? text.size() - at : 4;
    utf8proc_int32_t code_point;
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(left), &code_point);
    if (length <= 0) return at;
    at += static_cast<size_t>(length);
  }
  return std::nullopt;
}

}  // namespace setlog
