// JSON: beside nlohmann_json as it is, with every refusal on top of it accounted for.
#include <nlohmann/json.hpp>

#include "fuzz/law.h"
#include "log/jcs.h"
#include "log/json.h"

namespace setlog {
namespace {

constexpr std::string_view kOwnRefusals[] = {
    "byte order mark", "NUL byte", "duplicate key", "beyond 2^53", "nested deeper",
};

bool IsOwnRefusal(std::string_view message) {
  for (std::string_view refusal : kOwnRefusals) {
    if (message.find(refusal) != message.npos) return true;
  }
  return false;
}

bool Same(const JsonValue& ours, const nlohmann::json& theirs) {
  if (const auto* array = ours.AsArray()) {
    if (!theirs.is_array() || theirs.size() != array->size()) return false;
    for (size_t i = 0; i < array->size(); ++i) {
      if (!Same((*array)[i], theirs[i])) return false;
    }
    return true;
  }
  if (const auto* object = ours.AsObject()) {
    if (!theirs.is_object() || theirs.size() != object->size()) return false;
    for (const JsonMember& member : *object) {
      const auto found = theirs.find(member.key);
      if (found == theirs.end() || !Same(member.value, *found)) return false;
    }
    return true;
  }
  if (const auto* text = ours.AsString()) return theirs == *text;
  if (const auto* number = ours.AsNumber()) {
    return theirs.is_number() && theirs.get<double>() == *number;
  }
  if (const auto* truth = ours.AsBool()) return theirs == *truth;
  return theirs.is_null();
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  const absl::StatusOr<JsonValue> ours = ParseJson(text);
  const nlohmann::json theirs =
      nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!ours.ok()) {
    Law(absl::IsInvalidArgument(ours.status()), "malformed is InvalidArgument");
    const std::string message(ours.status().message());
    Law(message.starts_with("column "), "an error names its column");
    Law(theirs.is_discarded() || IsOwnRefusal(message), "nothing is refused in vain");
    return 0;
  }
  Law(!theirs.is_discarded() && Same(*ours, theirs), "one text has one value");
  const std::string canonical = CanonicalJson(*ours);
  Law(Same(*ours, nlohmann::json::parse(canonical)), "its canonical form has the same");
  const absl::StatusOr<JsonValue> again = ParseJson(canonical);
  // A double in (2^53, 10^21) is written as an integer, which is not read again.
  Law(again.ok() ? CanonicalJson(*again) == canonical
                 : again.status().message().find("beyond 2^53") != std::string::npos,
      "the canonical form is its own, or is refused");
  return 0;
}
