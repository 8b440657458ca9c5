// tools/strict_json.h -- one line of JSON whose fields are hashes and integers.
//
//   absl::StatusOr<StrictJson> line = StrictJson::Parse(R"({"size":7,"path":[]})");
//   absl::StatusOr<uint64_t> size = line->Uint("size");           // 7
//   absl::StatusOr<std::vector<Hash>> path = line->Hashes("path");  // none
//
// Stricter than JSON, so that no proof is judged that two readers could read
// differently: no duplicate keys, no byte order mark, integers in plain decimal from 0
// to 2^64-1 (no 5.0, 5e0, true, "5"), hex in lower case. (log/json.h has JSON's own
// numbers, which are doubles.) Fields that nobody asks for are legal.
// Thread-compatible.
#ifndef SETLOG_TOOLS_STRICT_JSON_H_
#define SETLOG_TOOLS_STRICT_JSON_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

class StrictJson {
 public:
  // InvalidArgument unless `line` is exactly one JSON object.
  static absl::StatusOr<StrictJson> Parse(std::string_view line);

  // The field `key`. InvalidArgument, naming it, if it is missing or of another form.
  absl::StatusOr<uint64_t> Uint(const std::string& key) const;
  absl::StatusOr<std::string> Text(const std::string& key) const;
  absl::StatusOr<std::string> Hex(const std::string& key) const;  // decoded
  absl::StatusOr<Hash> Digest(const std::string& key) const;
  absl::StatusOr<std::vector<Hash>> Hashes(const std::string& key) const;
  // An array of byte strings in hex, decoded.
  absl::StatusOr<std::vector<std::string>> HexStrings(const std::string& key) const;
  // An array of integers from 0 to 255.
  absl::StatusOr<std::vector<uint8_t>> SmallUints(const std::string& key) const;
  absl::StatusOr<StrictJson> Object(const std::string& key) const;

 private:
  explicit StrictJson(nlohmann::json value) : value_(std::move(value)) {}
  absl::StatusOr<const nlohmann::json*> Field(const std::string& key) const;

  nlohmann::json value_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_STRICT_JSON_H_
