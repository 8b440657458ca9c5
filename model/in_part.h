// model/in_part.h -- says in which part of something an error is.
//
//   if (!bundle.ok()) return InPart("the signature file", bundle.status());
#ifndef SETLOG_MODEL_IN_PART_H_
#define SETLOG_MODEL_IN_PART_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace setlog {

// The same error, its message after "PART: ".
inline absl::Status InPart(std::string_view part, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrFormat("%s: %s", part, std::string(status.message())));
}

}  // namespace setlog

#endif  // SETLOG_MODEL_IN_PART_H_
