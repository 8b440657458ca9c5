#include "tools/units.h"

#include <limits>
#include <optional>
#include <span>

#include "absl/strings/str_format.h"
#include "log/decimal.h"

namespace setlog {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kSizes[] = {{"MiB", uint64_t{1} << 20},
                           {"GiB", uint64_t{1} << 30},
                           {"M", uint64_t{1} << 20},
                           {"G", uint64_t{1} << 30}};
constexpr uint64_t kSecond = 1'000'000;
constexpr Unit kTimes[] = {{"d", 24 * 3600 * kSecond},
                           {"h", 3600 * kSecond},
                           {"m", 60 * kSecond},
                           {"s", kSecond},
                           {"ms", 1000}};

std::optional<uint64_t> Parse(std::string_view text, std::span<const Unit> units,
                              uint64_t limit) {
  const size_t digits = text.find_first_not_of("0123456789");
  if (digits == text.npos) return std::nullopt;
  const std::optional<uint64_t> number = ParseDecimal(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name != text.substr(digits)) continue;
    if (*number > limit / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<uint64_t> ParseSize(std::string_view text) {
  const std::optional<uint64_t> bytes =
      Parse(text, kSizes, std::numeric_limits<uint64_t>::max());
  if (bytes) return *bytes;
  return absl::InvalidArgumentError(absl::StrFormat(
      "\"%s\" is no size: write an integer and MiB or GiB, like 512MiB", text));
}

absl::StatusOr<int64_t> ParseDuration(std::string_view text) {
  const std::optional<uint64_t> duration =
      Parse(text, kTimes, std::numeric_limits<int64_t>::max());
  if (duration) return static_cast<int64_t>(*duration);
  return absl::InvalidArgumentError(absl::StrFormat(
      "\"%s\" is no duration: write an integer and ms, s, m, h or d, like 90s", text));
}

std::string FormatDuration(int64_t duration_us) {
  uint64_t rest = duration_us < 0 ? 0 : static_cast<uint64_t>(duration_us);
  std::string text;
  int shown = 0;
  for (const Unit& unit : kTimes) {
    const uint64_t number = rest / unit.factor;
    rest %= unit.factor;
    if (number == 0 && shown == 0) continue;
    if (number > 0) {
      absl::StrAppendFormat(&text, "%s%d %s", text.empty() ? "" : " ", number,
                            unit.name);
    }
    if (++shown == 2) break;
  }
  return text.empty() ? "0 s" : text;
}

std::string FormatCount(uint64_t count, std::string_view thing) {
  return absl::StrFormat("%d %s%s", count, thing, count == 1 ? "" : "s");
}

}  // namespace setlog
