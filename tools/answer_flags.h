// tools/answer_flags.h -- which version an answer must be for.
//
//   AnswerFlags flags;                        // --at v1 --max-lag 100 --expect absent
//   AddAnswerFlags(app, flags, help_of_at);
//   absl::StatusOr<At> at = AtOf(flags);      // digits only are a size
//
// Who must have signed, and when: tools/trust_flags.h.
#ifndef SETLOG_TOOLS_ANSWER_FLAGS_H_
#define SETLOG_TOOLS_ANSWER_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/head_follower.h"
#include "tools/cli_types.h"

namespace setlog {

struct AnswerFlags {
  std::string at;
  std::string expect = "present";
  std::optional<uint64_t> max_lag;

  bool expects_absent() const { return expect == "absent"; }
};
// `at_help` says what a number is in --at.
void AddAnswerFlags(CLI::App& app, AnswerFlags& flags, const std::string& at_help);

// InvalidArgument for what is neither a tag's name nor a decimal number.
absl::StatusOr<At> AtOf(const AnswerFlags& flags);

}  // namespace setlog

#endif  // SETLOG_TOOLS_ANSWER_FLAGS_H_
