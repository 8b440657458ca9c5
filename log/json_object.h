// log/json_object.h -- reads the members of JSON objects and remembers the first thing
// that is wrong with them, so that a parser reads like its format.
//
//   absl::Status status;
//   JsonObject user(*json, "user", &status);
//   user.Only({"name", "home"});
//   name = user.String("name");
//   JsonObject home = user.Object("home");
//   city = home.String("city");
//   if (!status.ok()) return status;  // "user: home: key "city" is missing"
//
// What is wrong is InvalidArgument, and the values read are then of no meaning. The
// JSON must outlive its readers. Not thread-safe.
#ifndef SETLOG_LOG_JSON_OBJECT_H_
#define SETLOG_LOG_JSON_OBJECT_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "log/bytes.h"
#include "log/json.h"

namespace setlog {

class JsonObject {
 public:
  // `where` is what messages begin with. `status` must outlive this object, and is left
  // alone once it is not OK.
  JsonObject(const JsonValue& value, std::string where, absl::Status* status);

  // The member, or nullptr.
  const JsonValue* Find(std::string_view key) const { return value_.Find(key); }
  // Whether the member is there and is not null.
  bool HasValue(std::string_view key) const;
  // Refuses every member but these.
  void Only(std::initializer_list<std::string_view> keys);

  // "" and so on for what is missing or of another kind, which is then refused.
  const std::string& String(std::string_view key);
  std::optional<std::string> OptionalString(std::string_view key);
  bool Bool(std::string_view key);
  uint64_t Uint(std::string_view key);
  Hash HexHash(std::string_view key);
  // Strict base64 (log/base64.h) of at least one byte.
  std::string Base64(std::string_view key);
  const JsonValue::Array& Array(std::string_view key);
  JsonObject Object(std::string_view key);
  // Item `index` of `array`, the member `key`, as an object.
  JsonObject Item(std::string_view key, const JsonValue::Array& array, size_t index);

  // Refuses any other value of the member.
  void Expect(std::string_view key, std::string_view text);
  void Refuse(std::string_view key, std::string_view what);

 private:
  void Refuse(std::string_view what);
  const JsonValue& Required(std::string_view key);

  const JsonValue& value_;
  const std::string where_;
  absl::Status* const status_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_JSON_OBJECT_H_
