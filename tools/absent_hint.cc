#include "tools/absent_hint.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_replace.h"
#include "log/jcs.h"
#include "log/json.h"

namespace setlog {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string WithoutFinalNewline(const std::string& text) {
  if (text.ends_with("\r\n")) return text.substr(0, text.size() - 2);
  if (text.ends_with("\n")) return text.substr(0, text.size() - 1);
  return text;
}

std::string WithLineFeeds(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\r\n", "\n"}});
}

std::string WithoutMark(const std::string& text) {
  return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

// The text itself if it is no well-formed UTF-8.
std::string InNfc(const std::string& text) {
  uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (length < 0) return text;
  const std::unique_ptr<uint8_t, decltype(&std::free)> owned(mapped, &std::free);
  return {reinterpret_cast<const char*>(mapped), static_cast<size_t>(length)};
}

std::string Normal(const std::string& text) {
  return WithoutFinalNewline(WithLineFeeds(WithoutMark(InNfc(text))));
}

struct Change {
  const char* words;
  std::string (*apply)(const std::string&);
};
constexpr Change kChanges[] = {{"without its final newline", WithoutFinalNewline},
                               {"with LF for CRLF", WithLineFeeds},
                               {"without its byte order mark", WithoutMark},
                               {"in Unicode form NFC", InNfc},
                               {"with all of these changes", Normal}};

void ChangeStrings(JsonValue& value, std::string (*apply)(const std::string&)) {
  if (auto* text = std::get_if<std::string>(&value.value)) {
    *text = apply(*text);
  } else if (auto* array = std::get_if<JsonValue::Array>(&value.value)) {
    for (JsonValue& element : *array) ChangeStrings(element, apply);
  } else if (auto* object = std::get_if<JsonValue::Object>(&value.value)) {
    for (JsonMember& member : *object) ChangeStrings(member.value, apply);
  }
}

// The canonical bytes after the change; nothing if they cannot be read.
std::optional<std::string> Changed(SchemeKind scheme, std::string_view canonical,
                                   const Change& change) {
  if (scheme == SchemeKind::kBytes || scheme == SchemeKind::kText) {
    return change.apply(std::string(canonical));
  }
  absl::StatusOr<JsonValue> value = ParseJson(canonical);
  if (!value.ok()) return std::nullopt;
  ChangeStrings(*value, change.apply);
  return CanonicalJson(*value);
}

}  // namespace

std::vector<Variant> VariantsOf(SchemeKind scheme, std::string_view canonical) {
  std::vector<Variant> variants;
  const Hash original = RecordHash(canonical);
  for (const Change& change : kChanges) {
    const std::optional<std::string> changed = Changed(scheme, canonical, change);
    if (!changed) continue;
    const Hash hash = RecordHash(*changed);
    const bool is_known =
        hash == original ||
        std::any_of(variants.begin(), variants.end(),
                    [&hash](const Variant& other) { return other.hash == hash; });
    if (!is_known) variants.push_back({change.words, hash});
  }
  return variants;
}

}  // namespace setlog
