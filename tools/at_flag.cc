#include "tools/at_flag.h"

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/entry.h"

namespace setlog {

absl::StatusOr<At> ParseAt(std::string_view text) {
  if (text.empty()) return At{};
  if (const auto size = ParseDecimal(text)) return At{.size = *size};
  if (const absl::Status status = CheckTagName(text); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--at %s: neither a size nor a tag: %s", text, std::string(status.message())));
  }
  return At{.tag = std::string(text)};
}

}  // namespace setlog
