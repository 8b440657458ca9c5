// tools/answer_flags.h -- which version an answer must be for, and how good it must be.
//
//   AnswerFlags flags;              // --at v1 --max-lag 100 --max-age 2h --expect
//   absent AddAnswerFlags(app, flags); absl::StatusOr<At> at = AtOf(flags); // digits
//   only are a size Demands demands = DemandsOf(flags, now_s);     // all but --at
#ifndef SETLOG_TOOLS_ANSWER_FLAGS_H_
#define SETLOG_TOOLS_ANSWER_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/head_follower.h"
#include "log/verify.h"

namespace setlog {

struct AnswerFlags {
  std::string at;
  std::string expect = "present";
  std::optional<uint64_t> max_lag;
  std::optional<int64_t> max_age_us;
  bool require_replay = false;

  bool expects_absent() const { return expect == "absent"; }
};
// `at_help` says what a number is in --at.
void AddAnswerFlags(CLI::App& app, AnswerFlags& flags, const std::string& at_help);

// InvalidArgument for what is neither a tag's name nor a decimal number.
absl::StatusOr<At> AtOf(const AnswerFlags& flags);

Demands DemandsOf(const AnswerFlags& flags, int64_t now_s);

// POSIX seconds.
int64_t NowSeconds();

}  // namespace setlog

#endif  // SETLOG_TOOLS_ANSWER_FLAGS_H_
