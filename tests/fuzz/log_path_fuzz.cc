// Paths of the read API, beside their grammar as a regular expression.
#include <regex>

#include "fuzz/law.h"
#include "log/log_path.h"
#include "log/origin.h"

namespace setlog {
namespace {

// The form of a page; numbers are judged by the law of one spelling.
bool HasForm(const std::string& text) {
  static const std::regex grammar(
      "/([a-z0-9.-]+(/[A-Za-z0-9._~-]+)*)/"
      "(checkpoint(/newest)?|lookup/[0-9a-f]{64}|"
      "tile/([0-9]{1,2}|entries)/(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?)");
  return std::regex_match(text, grammar);
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  if (size > 1000) return 0;  // std::regex recurses for each character
  const std::string text(AsText({data, size}));
  const absl::StatusOr<LogPath> path = ParseLogPath(text);
  if (!path.ok()) {
    Law(absl::IsInvalidArgument(path.status()) || absl::IsNotFound(path.status()),
        "malformed, or no page");
    return 0;
  }
  Law(CheckOrigin(path->origin).ok(), "of a log that there can be");
  Law(FormatLogPath(*path) == text, "one spelling for each page");
  Law(HasForm(text), "a path is what the grammar says");
  return 0;
}
