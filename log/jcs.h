// log/jcs.h -- the canonical form of JSON (RFC 8785, "JCS").
//
//   JsonValue value = *ParseJson(R"({ "b": 1E30, "a": [true, "\u20ac"] })");
//   CanonicalJson(value);  // {"a":[true,"€"],"b":1e+30}
//
// No white space; members sorted by the UTF-16 code units of their keys; numbers as
// ECMAScript prints them; the shortest escapes. Pure functions; thread-safe.
//
// The canonical form of a double in (2^53, 10^21) has neither '.' nor 'e', so ParseJson
// takes it for an integer literal and refuses it: refused, never hashed otherwise.
#ifndef SETLOG_LOG_JCS_H_
#define SETLOG_LOG_JCS_H_

#include <string>
#include <string_view>

#include "log/json.h"

namespace setlog {

// The canonical bytes of `value`, whose strings are well-formed UTF-8, numbers finite
// and keys distinct (all of which ParseJson promises), nested at most kMaxJsonDepth.
// O(size), and a sort for each object whose members are not in order.
std::string CanonicalJson(const JsonValue& value);

// The parts of it, for callers that know the order of their members.
// Section 3.2.2.2: the string in quotes.
void AppendCanonicalString(std::string* out, std::string_view text);
// Section 3.2.2.3: the shortest digits that give the same finite double.
void AppendCanonicalNumber(std::string* out, double number);

}  // namespace setlog

#endif  // SETLOG_LOG_JCS_H_
