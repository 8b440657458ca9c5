#include "tools/answer_flags.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/entry.h"
#include "tools/flags.h"

namespace setlog {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

}  // namespace

void AddAnswerFlags(CLI::App& app, AnswerFlags& flags, const std::string& at_help) {
  app.add_option("--at", flags.at, at_help)->type_name("TAG|SIZE");
  AddNumber(app, "--max-lag", flags.max_lag,
            "the set may be this many entries behind the head");
  AddDuration(app, "--max-age", flags.max_age_us,
              "the policy's quorum must have cosigned within this time");
  app.add_flag("--require-replay", flags.require_replay,
               "the policy's group `replay` must have recomputed the set");
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

Demands DemandsOf(const AnswerFlags& flags, int64_t now_s) {
  Demands demands{.max_lag = flags.max_lag, .require_replay = flags.require_replay};
  if (flags.max_age_us) {
    const int64_t oldest_s = now_s - *flags.max_age_us / kMicrosPerSecond;
    demands.oldest_cosignature_s =
        static_cast<uint64_t>(std::max<int64_t>(0, oldest_s));
  }
  return demands;
}

int64_t NowSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace setlog
