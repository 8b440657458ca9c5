#include "log/json.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace setlog {
namespace {

// Long keys and literals are cut, so that a message stays a line.
std::string Shown(std::string_view text) {
  constexpr size_t kShownBytes = 80;
  if (text.size() <= kShownBytes) return std::string(text);
  size_t end = kShownBytes;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

// Reads the text and tells the handler how far the lexer has come: SAX events carry no
// position of their own.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** progress) : at_(at), progress_(progress) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *progress_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }
  friend bool operator!=(const Cursor& a, const Cursor& b) { return a.at_ != b.at_; }

 private:
  const char* at_;
  const char** progress_;
};

// "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while
// parsing value - invalid literal; last read: '...'; expected X" without the parts that
// repeat the input (which may be long or no UTF-8) or the position.
std::string PlainMessage(std::string_view what) {
  constexpr std::string_view kSyntax = "syntax error ";
  constexpr std::string_view kLastRead = "; last read: '";
  constexpr std::string_view kExpected = "'; expected ";
  if (what.find("number overflow") != what.npos) return "number overflows a double";
  if (size_t at = what.find(kSyntax); at != what.npos) what.remove_prefix(at);
  std::string expected;
  if (size_t at = what.find(kLastRead); at != what.npos) {
    if (size_t tail = what.rfind(kExpected); tail != what.npos && tail > at) {
      expected = what.substr(tail + 1);
    }
    what = what.substr(0, at);
  }
  return std::string(what) + expected;
}

class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(std::string_view text, size_t max_values)
      : begin_(text.data()),
        end_(text.data() + text.size()),
        at_(begin_),
        values_left_(max_values) {}

  Cursor first() { return Cursor(begin_, &at_); }
  Cursor last() { return Cursor(end_, &at_); }
  absl::Status Error() const {
    return absl::InvalidArgumentError(absl::StrFormat("column %d: %s", column_, what_));
  }
  JsonValue TakeRoot() { return std::move(root_); }

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool string(std::string& value) override { return Add(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) override { return Fail(1, "binary value"); }
  bool number_integer(int64_t value) override {
    if (value < -kMaxExactInteger) return RefuseInteger();
    return Add(static_cast<double>(value));
  }
  bool number_unsigned(uint64_t value) override {
    if (value > static_cast<uint64_t>(kMaxExactInteger)) return RefuseInteger();
    return Add(static_cast<double>(value));
  }
  bool number_float(double value, const std::string& literal) override {
    // The lexer falls back to a double when an integer literal exceeds 64 bits.
    if (literal.find_first_of(".eE") == literal.npos) return RefuseInteger();
    return Add(value);
  }
  bool start_object(size_t) override { return Open<JsonValue::Object>(); }
  bool start_array(size_t) override { return Open<JsonValue::Array>(); }
  bool key(std::string& key) override {
    auto& object = std::get<JsonValue::Object>(open_.back()->value);
    object.push_back(JsonMember{std::move(key), JsonValue{}, StringColumn()});
    return true;
  }
  bool end_object() override {
    auto& object = std::get<JsonValue::Object>(open_.back()->value);
    const auto less = [](const JsonMember& a, const JsonMember& b) {
      return JsonKeyLess(a.key, b.key);
    };
    if (!std::is_sorted(object.begin(), object.end(), less)) {
      std::sort(object.begin(), object.end(), less);
    }
    const auto twin = std::adjacent_find(
        object.begin(), object.end(),
        [](const JsonMember& a, const JsonMember& b) { return a.key == b.key; });
    if (twin != object.end()) {
      return Fail(std::max(twin->column, std::next(twin)->column),
                  absl::StrFormat("duplicate key \"%s\"", Shown(twin->key)));
    }
    return Close();
  }
  bool end_array() override { return Close(); }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    const size_t past_end = static_cast<size_t>(end_ - begin_) + 1;
    return Fail(std::clamp<size_t>(position, 1, past_end), PlainMessage(error.what()));
  }

 private:
  bool Fail(size_t column, std::string what) {
    column_ = column;
    what_ = std::move(what);
    return false;
  }

  // Where the next value goes: a new item, or the value of the member just begun.
  JsonValue& Slot() {
    if (open_.empty()) return root_;
    if (auto* array = std::get_if<JsonValue::Array>(&open_.back()->value)) {
      return array->emplace_back();
    }
    return std::get<JsonValue::Object>(open_.back()->value).back().value;
  }

  bool Count() {
    if (values_left_ == 0) return Fail(Offset(at_), "more values than are read here");
    --values_left_;
    return true;
  }

  template <typename T>
  bool Add(T value) {
    if (!Count()) return false;
    Slot().value.template emplace<T>(std::move(value));
    return true;
  }

  template <typename T>
  bool Open() {
    if (open_.size() == kMaxJsonDepth) {
      return Fail(Offset(at_),
                  absl::StrFormat("nested deeper than %d levels", kMaxJsonDepth));
    }
    if (!Count()) return false;
    JsonValue& slot = Slot();
    slot.value.template emplace<T>();
    open_.push_back(&slot);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  size_t Offset(const char* at) const { return static_cast<size_t>(at - begin_); }

  // The lexer has just read a string's closing quote: where is the opening one? An
  // unescaped quote cannot stand inside, nor a backslash before the string.
  size_t StringColumn() const {
    const char* at = at_ - 1;
    while (true) {
      do --at;
      while (*at != '"');
      size_t backslashes = 0;
      while (at - backslashes > begin_ && at[-1 - ptrdiff_t(backslashes)] == '\\') {
        ++backslashes;
      }
      if (backslashes % 2 == 0) return Offset(at) + 1;
    }
  }

  // The lexer stands at a number's end, or one character past it.
  bool RefuseInteger() {
    const auto in_number = [](char c) { return (c >= '0' && c <= '9') || c == '-'; };
    const char* end = at_;
    if (!in_number(end[-1])) --end;
    const char* start = end;
    while (start > begin_ && in_number(start[-1])) --start;
    const std::string_view literal(start, static_cast<size_t>(end - start));
    return Fail(Offset(start) + 1,
                absl::StrFormat("integer %s is beyond 2^53, where readers round it",
                                Shown(literal)));
  }

  const char* const begin_;
  const char* const end_;
  const char* at_;  // how far the lexer has read
  size_t values_left_;
  // The path to the container being filled. None of these moves meanwhile: only the
  // innermost one grows.
  std::vector<JsonValue*> open_;
  JsonValue root_;
  size_t column_ = 0;
  std::string what_;
};

}  // namespace

std::optional<uint64_t> JsonValue::AsUint() const {
  const double* number = AsNumber();
  if (number == nullptr || !(*number >= 0) || *number > kMaxExactInteger ||
      std::trunc(*number) != *number) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(*number);
}

const JsonValue* JsonValue::Find(std::string_view key) const {
  const Object* object = AsObject();
  if (object == nullptr) return nullptr;
  for (const JsonMember& member : *object) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

bool JsonKeyLess(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (at_a == a.end() || at_b == b.end()) return at_b != b.end();
  const auto x = static_cast<uint8_t>(*at_a), y = static_cast<uint8_t>(*at_b);
  // Lead bytes EE and EF (U+E000..U+FFFF) come after F0..F4, whose characters are
  // surrogate pairs D800.. in UTF-16. Such bytes are never continuation bytes.
  if (x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0)) return x > y;
  return x < y;
}

absl::StatusOr<JsonValue> ParseJson(std::string_view text, size_t max_values) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    return absl::InvalidArgumentError(
        "column 1: byte order mark before the JSON text; remove it");
  }
  // The lexer takes a NUL for the end of its input: what follows would go unread.
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("column %d: NUL byte in JSON text", nul + 1));
  }
  TreeBuilder builder(text, max_values);
  if (!nlohmann::json::sax_parse(builder.first(), builder.last(), &builder)) {
    return builder.Error();
  }
  return builder.TakeRoot();
}

}  // namespace setlog
