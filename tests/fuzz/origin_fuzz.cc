// Origins, beside the grammar of log/origin.h as a regular expression.
#include <regex>

#include "fuzz/law.h"
#include "log/note_text.h"
#include "log/origin.h"

namespace setlog {
namespace {

bool IsOrigin(std::string_view text) {
  static const std::regex grammar("[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*");
  static const std::regex reserved("(.*/)?(\\.|\\.\\.|tile|checkpoint|lookup)(/.*)?");
  // std::regex recurses for each character.
  if (text.empty() || text.size() > 255 || text.find('\0') != text.npos) return false;
  const std::string origin(text);
  return std::regex_match(origin, grammar) && !std::regex_match(origin, reserved) &&
         origin != "metrics" && origin != "healthz";
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  const absl::Status status = CheckOrigin(text);
  Law(status.ok() == IsOrigin(text), "an origin is what the grammar says");
  Law(status.ok() || absl::IsInvalidArgument(status), "else InvalidArgument");
  Law(!status.ok() || CheckKeyName(text).ok(), "an origin can name a key");
  return 0;
}
