#include "tools/prove_budget.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "tools/units.h"

namespace setlog {

absl::StatusOr<Budget> ParseBudget(std::string_view text) {
  if (text == "0") return Budget{};
  const size_t slash = text.find('/');
  const std::optional<uint64_t> records = ParseDecimal(text.substr(0, slash));
  absl::StatusOr<int64_t> period_us = absl::InvalidArgumentError("");
  if (slash != text.npos) period_us = ParseDuration(text.substr(slash + 1));
  if (!records || *records == 0 || !period_us.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" is no budget: write a number of records, / and a duration, like "
        "10000/1d, or 0 for none",
        text));
  }
  const Budget budget{*records, *period_us};
  if (absl::Status s = budget.Check(); !s.ok()) return s;
  return budget;
}

std::string FormatBudget(const Budget& budget) {
  if (budget.records == 0) return "0";
  struct Unit {
    const char* name;
    int64_t us;
  };
  constexpr Unit kUnits[] = {{"d", 86'400'000'000}, {"h", 3'600'000'000},
                             {"m", 60'000'000},     {"s", 1'000'000},
                             {"ms", 1000},          {"us", 1}};
  const Unit* unit = kUnits;
  while (budget.period_us % unit->us != 0) ++unit;
  return absl::StrFormat("%d/%d%s", budget.records, budget.period_us / unit->us,
                         unit->name);
}

}  // namespace setlog
