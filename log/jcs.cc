#include "log/jcs.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace setlog {
namespace {

void Append(std::string* out, const JsonValue& value);

void AppendMember(std::string* out, char separator, const JsonMember& member) {
  out->push_back(separator);
  AppendCanonicalString(out, member.key);
  out->push_back(':');
  Append(out, member.value);
}

void AppendObject(std::string* out, const JsonValue::Object& object) {
  const auto less = [](const JsonMember& a, const JsonMember& b) {
    return JsonKeyLess(a.key, b.key);
  };
  if (object.empty()) {
    out->append("{}");
    return;
  }
  char separator = '{';
  if (std::is_sorted(object.begin(), object.end(), less)) {  // as parsed objects are
    for (const JsonMember& member : object) {
      AppendMember(out, std::exchange(separator, ','), member);
    }
  } else {
    std::vector<const JsonMember*> members;
    for (const JsonMember& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [&](const JsonMember* a, const JsonMember* b) { return less(*a, *b); });
    for (const JsonMember* member : members) {
      AppendMember(out, std::exchange(separator, ','), *member);
    }
  }
  out->push_back('}');
}

void AppendArray(std::string* out, const JsonValue::Array& array) {
  out->push_back('[');
  for (size_t i = 0; i < array.size(); ++i) {
    if (i > 0) out->push_back(',');
    Append(out, array[i]);
  }
  out->push_back(']');
}

// Recurses as deep as the value is nested: at most kMaxJsonDepth.
void Append(std::string* out, const JsonValue& value) {
  if (const bool* boolean = value.AsBool()) {
    out->append(*boolean ? "true" : "false");
  } else if (const double* number = value.AsNumber()) {
    AppendCanonicalNumber(out, *number);
  } else if (const std::string* text = value.AsString()) {
    AppendCanonicalString(out, *text);
  } else if (const JsonValue::Array* array = value.AsArray()) {
    AppendArray(out, *array);
  } else if (const JsonValue::Object* object = value.AsObject()) {
    AppendObject(out, *object);
  } else {
    out->append("null");
  }
}

}  // namespace

std::string CanonicalJson(const JsonValue& value) {
  std::string out;
  Append(&out, value);
  return out;
}

void AppendCanonicalString(std::string* out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t plain = 0;  // text[plain, i) needs no escape and is not yet copied
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(plain, i - plain));
    plain = i + 1;
    out->push_back('\\');
    switch (c) {
      case '"':
      case '\\':
        out->push_back(static_cast<char>(c));
        break;
      case '\b':
        out->push_back('b');
        break;
      case '\t':
        out->push_back('t');
        break;
      case '\n':
        out->push_back('n');
        break;
      case '\f':
        out->push_back('f');
        break;
      case '\r':
        out->push_back('r');
        break;
      default:
        out->append("u00");
        out->push_back(kHex[c >> 4]);
        out->push_back(kHex[c & 15]);
    }
  }
  out->append(text.substr(plain));
  out->push_back('"');
}

// ECMAScript's Number::toString: with digits s (k of them) and the point after the
// first n of them, plain for -6 < n <= 21, else with an exponent.
void AppendCanonicalNumber(std::string* out, double number) {
  if (number == 0) {  // also -0
    out->push_back('0');
    return;
  }
  if (number < 0) {
    out->push_back('-');
    number = -number;
  }
  // to_chars gives "d[.ddd]e[+-]xx" with the shortest digits, nearest to the value.
  char buffer[40];
  const char* end = std::to_chars(buffer, buffer + sizeof(buffer), number,
                                  std::chars_format::scientific)
                        .ptr;
  const char* e = std::find(static_cast<const char*>(buffer), end, 'e');
  std::string digits(1, buffer[0]);
  if (e > buffer + 2) digits.append(buffer + 2, static_cast<size_t>(e - buffer - 2));
  int exponent = 0;
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  const int n = exponent + 1, k = static_cast<int>(digits.size());

  if (k <= n && n <= 21) {
    out->append(digits).append(static_cast<size_t>(n - k), '0');
  } else if (0 < n && n <= 21) {
    out->append(digits, 0, static_cast<size_t>(n)).push_back('.');
    out->append(digits, static_cast<size_t>(n));
  } else if (-6 < n && n <= 0) {
    out->append("0.").append(static_cast<size_t>(-n), '0').append(digits);
  } else {
    out->push_back(digits[0]);
    if (k > 1) out->append(".").append(digits, 1);
    out->append(exponent < 0 ? "e-" : "e+");
    out->append(std::to_string(exponent < 0 ? -exponent : exponent));
  }
}

}  // namespace setlog
