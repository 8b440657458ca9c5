// log/decimal.h -- decimal integers as signed text writes them.
//
//   *ParseDecimal("7");     // 7
//   ParseDecimal("07");     // nothing: a number has one spelling
//   ParseDecimal("+7");     // nothing
//   ParseDecimal("18446744073709551616");  // nothing: 2^64 does not fit
//
// Thread-safe: a pure function.
#ifndef SETLOG_LOG_DECIMAL_H_
#define SETLOG_LOG_DECIMAL_H_

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace setlog {

// The value of `text`: ASCII digits only, no leading zero except in "0", below 2^64.
inline std::optional<uint64_t> ParseDecimal(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace setlog

#endif  // SETLOG_LOG_DECIMAL_H_
