// tools/at_flag.h -- `--at TAG|SIZE`: which version of the set.
//
//   ParseAt("v1.2")->tag;   // "v1.2"
//   ParseAt("1200")->size;  // 1200: digits only are a size, so no tag is called so
//   ParseAt("");            // neither: the newest
//
// Thread-safe: a pure function.
#ifndef SETLOG_TOOLS_AT_FLAG_H_
#define SETLOG_TOOLS_AT_FLAG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace setlog {

struct At {
  std::optional<std::string> tag;
  std::optional<uint64_t> size;
};

// InvalidArgument for what is neither a tag's name nor a decimal number.
absl::StatusOr<At> ParseAt(std::string_view text);

}  // namespace setlog

#endif  // SETLOG_TOOLS_AT_FLAG_H_
