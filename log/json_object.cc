#include "log/json_object.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/show_bytes.h"

namespace setlog {
namespace {

const JsonValue& Null() {
  static const JsonValue value{nullptr};
  return value;
}

}  // namespace

JsonObject::JsonObject(const JsonValue& value, std::string where, absl::Status* status)
    : value_(value), where_(std::move(where)), status_(status) {
  if (value_.AsObject() == nullptr) Refuse("must be an object");
}

bool JsonObject::HasValue(std::string_view key) const {
  const JsonValue* value = Find(key);
  return value != nullptr && !std::holds_alternative<std::nullptr_t>(value->value);
}

void JsonObject::Only(std::initializer_list<std::string_view> keys) {
  const JsonValue::Object* members = value_.AsObject();
  if (members == nullptr) return;
  for (const JsonMember& member : *members) {
    if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
      Refuse(ShowForeign(member.key), "is not known");
    }
  }
}

const std::string& JsonObject::String(std::string_view key) {
  static const std::string empty;
  const JsonValue& value = Required(key);
  if (const std::string* text = value.AsString()) return *text;
  Refuse(key, "must be a string");
  return empty;
}

std::optional<std::string> JsonObject::OptionalString(std::string_view key) {
  if (Find(key) == nullptr) return std::nullopt;
  return String(key);
}

bool JsonObject::Bool(std::string_view key) {
  const bool* value = Required(key).AsBool();
  if (value == nullptr) Refuse(key, "must be true or false");
  return value != nullptr && *value;
}

uint64_t JsonObject::Uint(std::string_view key) {
  const std::optional<uint64_t> number = Required(key).AsUint();
  if (!number) Refuse(key, "must be an integer from 0");
  return number.value_or(0);
}

Hash JsonObject::HexHash(std::string_view key) {
  const std::optional<Hash> hash = HashFromHex(String(key));
  if (!hash) Refuse(key, "must be 64 lower-case hex digits");
  return hash.value_or(Hash());
}

std::string JsonObject::Base64(std::string_view key) {
  std::optional<std::string> bytes = BytesFromBase64(String(key));
  if (!bytes || bytes->empty()) Refuse(key, "must be bytes in base64");
  return std::move(bytes).value_or("");
}

const JsonValue::Array& JsonObject::Array(std::string_view key) {
  static const JsonValue::Array empty;
  const JsonValue& value = Required(key);
  if (const JsonValue::Array* array = value.AsArray()) return *array;
  Refuse(key, "must be an array");
  return empty;
}

JsonObject JsonObject::Object(std::string_view key) {
  return JsonObject(Required(key), absl::StrFormat("%s: %s", where_, key), status_);
}

JsonObject JsonObject::Item(std::string_view key, const JsonValue::Array& array,
                            size_t index) {
  return JsonObject(array[index], absl::StrFormat("%s: %s[%d]", where_, key, index),
                    status_);
}

void JsonObject::Expect(std::string_view key, std::string_view text) {
  if (String(key) != text) Refuse(key, absl::StrFormat("must be \"%s\"", text));
}

void JsonObject::Refuse(std::string_view key, std::string_view what) {
  Refuse(absl::StrFormat("key \"%s\" %s", key, what));
}

void JsonObject::Refuse(std::string_view what) {
  if (!status_->ok()) return;
  *status_ = absl::InvalidArgumentError(absl::StrFormat("%s: %s", where_, what));
}

const JsonValue& JsonObject::Required(std::string_view key) {
  if (const JsonValue* value = Find(key)) return *value;
  Refuse(key, "is missing");
  return Null();
}

}  // namespace setlog
