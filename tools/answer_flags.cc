#include "tools/answer_flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/entry.h"
#include "tools/flags.h"

namespace setlog {

void AddAnswerFlags(CLI::App& app, AnswerFlags& flags, const std::string& at_help) {
  app.add_option("--at", flags.at, at_help)->type_name("TAG|SIZE");
  AddNumber(app, "--max-lag", flags.max_lag,
            "the set may be this many entries behind the head");
  app.add_option("--expect", flags.expect,
                 "what exit code 0 is for: present (default) or absent")
      ->check(CLI::IsMember({"present", "absent"}))
      ->type_name("WORD");
}

absl::StatusOr<At> AtOf(const AnswerFlags& flags) {
  if (flags.at.empty()) return At{};
  if (const auto size = ParseDecimal(flags.at)) return At{.size = *size};
  if (const absl::Status status = CheckTagName(flags.at); !status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--at %s: neither a size nor a tag: %s", flags.at,
                        std::string(status.message())));
  }
  return At{.tag = flags.at};
}

}  // namespace setlog
