// log/json.h -- one strict JSON text (RFC 8259, I-JSON's limits) as a value tree.
//
//   absl::StatusOr<JsonValue> value = ParseJson(R"({"id":7,"text":"a"})");
//   const JsonValue* text = value->Find("text");  // nullptr: no such member
//   std::string canonical = CanonicalJson(*value);  // log/jcs.h
//   ParseJson(R"({"a":1,"a":2})");  // InvalidArgument: column 8: duplicate key "a"
//
// The parser is nlohmann_json's (its SAX interface); what RFC 8785 cannot represent, or
// readers would disagree about, is refused on top of it:
// - duplicate keys, lone surrogates, ill-formed UTF-8, a byte order mark, NUL bytes;
// - numbers that overflow a double; integer literals (no '.', 'e' or 'E') beyond 2^53
// in
//   magnitude, which readers round differently. 1E30 is no integer literal and is
//   legal;
// - anything but white space after the value; nesting deeper than kMaxJsonDepth.
// Values and functions are thread-compatible; nothing is shared.
#ifndef SETLOG_LOG_JSON_H_
#define SETLOG_LOG_JSON_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"

namespace setlog {

// Checked while parsing, so that neither the parser nor anything that walks the tree
// can be made to recurse without bound.
inline constexpr size_t kMaxJsonDepth = 256;

// 2^53: the largest magnitude up to which a double holds every integer.
inline constexpr int64_t kMaxExactInteger = int64_t{1} << 53;

struct JsonMember;

struct JsonValue {
  using Array = std::vector<JsonValue>;
  // Parsed objects have their members in the order of RFC 8785, with distinct keys.
  using Object = std::vector<JsonMember>;

  std::variant<std::nullptr_t, bool, double, std::string, Array, Object> value;

  // The alternative, or nullptr.
  const bool* AsBool() const { return std::get_if<bool>(&value); }
  const double* AsNumber() const { return std::get_if<double>(&value); }
  const std::string* AsString() const { return std::get_if<std::string>(&value); }
  const Array* AsArray() const { return std::get_if<Array>(&value); }
  const Object* AsObject() const { return std::get_if<Object>(&value); }
  // The number, if it is an integer in [0, 2^53].
  std::optional<uint64_t> AsUint() const;
  // The member's value; nullptr if there is none or this is no object. O(members).
  const JsonValue* Find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  JsonValue value;
  size_t column = 0;  // where the key begins in the text, from 1; 0: not parsed
};

// Orders keys by their UTF-16 code units, as RFC 8785 section 3.2.3 does. Both must be
// well-formed UTF-8. Differs from byte order only between U+E000..U+FFFF and beyond.
bool JsonKeyLess(std::string_view a, std::string_view b);

// The value of `text`. InvalidArgument: "column N: what is wrong", N counting bytes
// from 1. O(size), and O(k log k) for an object of k keys. A value takes 40 to 240
// bytes and may be written in two ("0,"): who reads a stranger's text says how many
// there may be, arrays and objects included, and a text that has more is read no
// further.
absl::StatusOr<JsonValue> ParseJson(std::string_view text,
                                    size_t max_values = SIZE_MAX);

}  // namespace setlog

#endif  // SETLOG_LOG_JSON_H_
