#include "tools/strict_json.h"

#include <optional>
#include <set>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

using nlohmann::json;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

absl::Status Wrong(std::string_view key, std::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrFormat("field \"%s\" is not %s", key, wanted));
}

// A string in lower-case hex, decoded.
std::optional<std::string> DecodeHex(const json& value) {
  if (!value.is_string()) return std::nullopt;
  return BytesFromHex(value.get_ref<const std::string&>());
}

std::optional<Hash> DecodeHash(const json& value) {
  if (!value.is_string()) return std::nullopt;
  return HashFromHex(value.get_ref<const std::string&>());
}

}  // namespace

absl::StatusOr<StrictJson> StrictJson::Parse(std::string_view line) {
  // The parser would skip it.
  // The parser would take it for the end and not look at what follows.
  if (line.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("not JSON: a NUL byte");
  }
  if (line.starts_with(kByteOrderMark)) {
    return absl::InvalidArgumentError("a byte order mark before the JSON object");
  }
  // The parser keeps the last of two equal keys; another one may keep the first.
  std::vector<std::set<std::string>> keys;
  std::optional<std::string> duplicate;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == json::parse_event_t::key) {
      const std::string& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second && !duplicate) duplicate = key;
    }
    return true;
  };
  json value = json::parse(line, watch, /*allow_exceptions=*/false);
  if (value.is_discarded() || !value.is_object()) {
    return absl::InvalidArgumentError("the line is not one JSON object");
  }
  if (duplicate) {
    return absl::InvalidArgumentError(
        absl::StrFormat("field \"%s\" stands there twice", *duplicate));
  }
  return StrictJson(std::move(value));
}

absl::StatusOr<const json*> StrictJson::Field(const std::string& key) const {
  const auto found = value_.find(key);
  if (found == value_.end()) {
    return absl::InvalidArgumentError(absl::StrFormat("field \"%s\" is missing", key));
  }
  return &*found;
}

absl::StatusOr<uint64_t> StrictJson::Uint(const std::string& key) const {
  absl::StatusOr<const json*> field = Field(key);
  if (!field.ok()) return field.status();
  // Unsigned is what the parser calls an integer literal without sign that fits.
  if (!(*field)->is_number_unsigned()) {
    return Wrong(key, "an integer from 0 to 2^64-1 in plain decimal");
  }
  return (*field)->get<uint64_t>();
}

absl::StatusOr<std::string> StrictJson::Text(const std::string& key) const {
  absl::StatusOr<const json*> field = Field(key);
  if (!field.ok()) return field.status();
  if (!(*field)->is_string()) return Wrong(key, "a string");
  return (*field)->get<std::string>();
}

absl::StatusOr<std::string> StrictJson::Hex(const std::string& key) const {
  absl::StatusOr<const json*> field = Field(key);
  if (!field.ok()) return field.status();
  std::optional<std::string> bytes = DecodeHex(**field);
  if (!bytes) return Wrong(key, "lower-case hex");
  return *std::move(bytes);
}

absl::StatusOr<Hash> StrictJson::Digest(const std::string& key) const {
  absl::StatusOr<const json*> field = Field(key);
  if (!field.ok()) return field.status();
  const std::optional<Hash> hash = DecodeHash(**field);
  if (!hash) return Wrong(key, "a hash of 64 lower-case hex digits");
  return *hash;
}

absl::StatusOr<std::vector<Hash>> StrictJson::Hashes(const std::string& key) const {
  absl::StatusOr<const json*> field = Field(key);
  if (!field.ok()) return field.status();
  constexpr std::string_view kWanted = "an array of hashes of 64 lower-case hex digits";
  if (!(*field)->is_array()) return Wrong(key, kWanted);
  std::vector<Hash> hashes;
  hashes.reserve((*field)->size());
  for (const json& element : **field) {
    const std::optional<Hash> hash = DecodeHash(element);
    if (!hash) return Wrong(key, kWanted);
    hashes.push_back(*hash);
  }
  return hashes;
}

absl::StatusOr<std::vector<std::string>> StrictJson::HexStrings(
    const std::string& key) const {
  absl::StatusOr<const json*> field = Field(key);
  if (!field.ok()) return field.status();
  constexpr std::string_view kWanted = "an array of strings of lower-case hex";
  if (!(*field)->is_array()) return Wrong(key, kWanted);
  std::vector<std::string> strings;
  strings.reserve((*field)->size());
  for (const json& element : **field) {
    std::optional<std::string> bytes = DecodeHex(element);
    if (!bytes) return Wrong(key, kWanted);
    strings.push_back(*std::move(bytes));
  }
  return strings;
}

absl::StatusOr<std::vector<uint8_t>> StrictJson::SmallUints(
    const std::string& key) const {
  absl::StatusOr<const json*> field = Field(key);
  if (!field.ok()) return field.status();
  constexpr std::string_view kWanted = "an array of integers from 0 to 255";
  if (!(*field)->is_array()) return Wrong(key, kWanted);
  std::vector<uint8_t> values;
  for (const json& element : **field) {
    if (!element.is_number_unsigned()) return Wrong(key, kWanted);
    const auto value = element.get<uint64_t>();
    if (value > 255) return Wrong(key, kWanted);
    values.push_back(static_cast<uint8_t>(value));
  }
  return values;
}

absl::StatusOr<StrictJson> StrictJson::Object(const std::string& key) const {
  absl::StatusOr<const json*> field = Field(key);
  if (!field.ok()) return field.status();
  if (!(*field)->is_object()) return Wrong(key, "an object");
  return StrictJson(**field);
}

}  // namespace setlog
