#include "tools/version_name.h"

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/entry.h"
#include "log/origin.h"
#include "tools/verdict.h"

namespace setlog {

absl::StatusOr<At> ParseVersion(const std::string& text) {
  if (text == "@head") return At{};  // no tag can be called so
  if (text.find_first_not_of("0123456789") != std::string::npos || text.empty()) {
    if (absl::Status s = CheckTagName(text); !s.ok()) return s;
    return At{.tag = text};
  }
  const std::optional<uint64_t> size = ParseDecimal(text);
  if (size && *size > 0) return At{.size = *size};
  return absl::InvalidArgumentError(
      absl::StrFormat("\"%s\" is no version: a tag, a size from 1 on, or @head", text));
}

absl::StatusOr<VersionName> ParseVersionName(const std::string& text) {
  const size_t end = text.find('@');
  VersionName name{.origin = text.substr(0, end)};
  absl::Status status = CheckOrigin(name.origin);
  if (status.ok() && end != text.npos) {
    name.at.tag = text.substr(end + 1);
    status = CheckTagName(*name.at.tag);
  } else if (status.ok() && text.find('/') == text.npos) {
    status = absl::InvalidArgumentError("which log has it? `setlog logs` lists them");
  }
  if (status.ok()) return name;
  return absl::InvalidArgumentError(absl::StrFormat(
      "\"%s\" is not ORIGIN@TAG: %s", text, std::string(status.message())));
}

std::string TextOf(const VersionName& name) {
  return name.at.tag ? name.origin + "@" + *name.at.tag : name.origin;
}

Json JsonOf(const At& at) {
  if (at.tag) return *at.tag;
  return OrNull(at.size);
}

}  // namespace setlog
