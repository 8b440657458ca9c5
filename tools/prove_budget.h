// tools/prove_budget.h -- a budget for queries of private logs, as flags spell it.
//
//   *ParseBudget("10000/1d");      // {10000, 86'400'000'000}
//   *ParseBudget("0");             // none
//   FormatBudget({10000, kDay});   // "10000/1d"
//
// A number of records, a slash, and a duration of tools/units.h. Thread-safe: pure
// functions.
#ifndef SETLOG_TOOLS_PROVE_BUDGET_H_
#define SETLOG_TOOLS_PROVE_BUDGET_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/budget.h"

namespace setlog {

// InvalidArgument, showing the form, also for what Budget::Check refuses.
absl::StatusOr<Budget> ParseBudget(std::string_view text);

// In the largest unit that has no rest.
std::string FormatBudget(const Budget& budget);

}  // namespace setlog

#endif  // SETLOG_TOOLS_PROVE_BUDGET_H_
