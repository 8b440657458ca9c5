#include "log/origin.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace setlog {
namespace {

// Names of the read API's paths (tiles, checkpoints, lookups) and of directories.
constexpr std::string_view kReservedComponents[] = {".", "..", "tile", "checkpoint",
                                                    "lookup"};
// Pages of the server itself, at the root of its paths.
constexpr std::string_view kReservedOrigins[] = {"metrics", "healthz"};

bool IsHostChar(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '-';
}

bool IsComponentChar(char c) {
  return IsHostChar(c) || absl::ascii_isupper(c) || c == '_' || c == '~';
}

// Origins come from strangers and messages go to terminals, so bytes are escaped.
absl::Status Invalid(std::string_view origin, std::string_view why) {
  const std::string shown = absl::CHexEscape(std::string(origin));
  return absl::InvalidArgumentError(absl::StrFormat("origin \"%s\": %s", shown, why));
}

}  // namespace

absl::Status CheckOrigin(std::string_view origin) {
  if (origin.empty()) return absl::InvalidArgumentError("the origin is empty");
  if (origin.size() > kMaxOriginBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "an origin has at most %d bytes, not %d", kMaxOriginBytes, origin.size()));
  }
  bool is_host = true;
  for (size_t begin = 0; begin <= origin.size();) {
    const size_t end = std::min(origin.find('/', begin), origin.size());
    const std::string_view component = origin.substr(begin, end - begin);
    if (component.empty()) {
      return Invalid(origin, "a component is empty (a slash too many)");
    }
    if (is_host && !std::ranges::all_of(component, IsHostChar)) {
      return Invalid(origin, "before the first slash only a-z 0-9 . - are allowed");
    }
    if (!std::ranges::all_of(component, IsComponentChar)) {
      return Invalid(origin, "only A-Z a-z 0-9 . _ ~ - and slashes are allowed");
    }
    if (std::ranges::count(kReservedComponents, component) != 0) {
      return Invalid(origin, absl::StrFormat("no component may be \"%s\"", component));
    }
    is_host = false;
    begin = end + 1;
  }
  if (std::ranges::count(kReservedOrigins, origin) != 0) {
    return Invalid(origin, "this name is reserved for the server's own pages");
  }
  return absl::OkStatus();
}

}  // namespace setlog
