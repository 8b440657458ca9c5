// server/budget.h -- how many records somebody may have proven in a time.
//
//   const Budget daily{10000, 86'400'000'000};
//   Bucket bucket;                                  // full
//   bucket.Take(daily, 4096, now_us);               // true, and 4,096 fewer are left
//   bucket.Left(daily, now_us);                     // 5904
//
// A token bucket: it holds `records`, and fills up at an even pace, all of them in
// `period_us`. Its whole state is the time at which it is full again: each record taken
// puts that off by its share of the period, rounded up to a microsecond for all that
// are taken together. Pure; not thread-safe.
#ifndef SETLOG_SERVER_BUDGET_H_
#define SETLOG_SERVER_BUDGET_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace setlog {

struct Budget {
  static constexpr uint64_t kMaxRecords = 1'000'000'000;
  static constexpr int64_t kMinPeriodUs = 1'000'000;
  static constexpr int64_t kMaxPeriodUs = int64_t{3650} * 24 * 3600 * 1'000'000;

  uint64_t records = 0;   // 0: none, ever
  int64_t period_us = 0;  // 0 if records is
  friend bool operator==(const Budget&, const Budget&) = default;

  // InvalidArgument for what no bucket can hold.
  absl::Status Check() const {
    if (records == 0 && period_us == 0) return absl::OkStatus();
    if (records > 0 && records <= kMaxRecords && period_us >= kMinPeriodUs &&
        period_us <= kMaxPeriodUs) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrFormat(
        "a budget is 1 to %d records in 1s to 3650d, or none at all", kMaxRecords));
  }

  // The time in which so many come back; at most records of them, for a budget that
  // has any.
  int64_t TimeOf(uint64_t count) const {
    const auto time = static_cast<unsigned __int128>(count) *
                      static_cast<unsigned __int128>(period_us);
    return static_cast<int64_t>((time + records - 1) / records);
  }
};

inline constexpr Budget kDefaultBudget{10000, int64_t{24} * 3600 * 1'000'000};

class Bucket {
 public:
  Bucket() = default;
  explicit Bucket(int64_t full_us) : full_us_(full_us) {}

  // When it is full (again).
  int64_t full_us() const { return full_us_; }

  // How long until so many are there: 0 if they are, -1 for more than it ever holds.
  int64_t WaitFor(const Budget& budget, uint64_t count, int64_t now_us) const {
    if (count > budget.records) return -1;
    if (count == 0) return 0;
    const int64_t wait =
        Missing(budget, now_us) + budget.TimeOf(count) - budget.period_us;
    return std::max<int64_t>(wait, 0);
  }
  // False, and nothing taken, if they are not there.
  bool Take(const Budget& budget, uint64_t count, int64_t now_us) {
    if (WaitFor(budget, count, now_us) != 0) return false;
    if (count > 0) full_us_ = now_us + Missing(budget, now_us) + budget.TimeOf(count);
    return true;
  }
  // How many are there.
  uint64_t Left(const Budget& budget, int64_t now_us) const {
    if (budget.records == 0) return 0;
    const auto there =
        static_cast<unsigned __int128>(budget.period_us - Missing(budget, now_us));
    return static_cast<uint64_t>(there * budget.records /
                                 static_cast<uint64_t>(budget.period_us));
  }

 private:
  // What it lacks of full, as time. Never more than all, whatever it was filled by and
  // wherever the clock has gone since: nobody waits longer than one period.
  int64_t Missing(const Budget& budget, int64_t now_us) const {
    return std::clamp<int64_t>(full_us_ - now_us, 0, budget.period_us);
  }

  int64_t full_us_ = INT64_MIN / 2;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_BUDGET_H_
