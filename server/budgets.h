// server/budgets.h -- what each token has left of its queries of each private log.
//
//   absl::StatusOr<std::unique_ptr<Budgets>> budgets =
//       Budgets::Open(dir, &tokens, {10000, kDayUs}, clock);
//   absl::Status spent = (*budgets)->Spend(caller, origin, 100);
//
// One bucket (server/budget.h) a token and log; the token says how large it is, else
// the server's default. The admin's is not limited. DIR/budgets.json (docs/format.md)
// has the buckets that are not full:
//
//   {"budgets": [{"token": ..., "origin": ..., "full_us": 1}, ...]}
//
// The file is ahead of what is spent, by a 64th of a period or a second, whichever is
// more, and is replaced and synced when that is used up: after kill -9 or power loss a
// bucket lacks so much, and never has more than was left. A stop in peace writes what
// is true. A clock that goes back gives nothing until it has caught up; after a restart
// under such a clock a bucket is full after one period at the latest. Thread-safe.
#ifndef SETLOG_SERVER_BUDGETS_H_
#define SETLOG_SERVER_BUDGETS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "port/mutex.h"
#include "server/access.h"
#include "server/budget.h"
#include "server/tokens.h"

namespace setlog {

// By token id and origin: when the bucket is full again.
using BudgetTimes = std::map<std::pair<std::string, std::string>, int64_t>;
std::string EncodeBudgets(const BudgetTimes& times);
// DataLoss unless `text` is exactly what EncodeBudgets writes for some buckets.
absl::StatusOr<BudgetTimes> DecodeBudgets(std::string_view text);

// The time of day at the first call, and evenly on from there, wherever the system's
// clock is set to meanwhile.
std::function<int64_t()> EvenClock();

class Budgets {
 public:
  // InvalidArgument for a default that is none; DataLoss for a damaged file, which is
  // named. `tokens` must outlive it. `now_us` is microseconds since 1970.
  static absl::StatusOr<std::unique_ptr<Budgets>> Open(const std::string& data_dir,
                                                       const Tokens* tokens,
                                                       Budget default_budget,
                                                       std::function<int64_t()> now_us);
  // Writes what is true, if it can be written.
  ~Budgets();

  // Takes `count` records from the caller's bucket for this log. ResourceExhausted, and
  // nothing taken, if they are not there: it says when they will be (rpc_status.h). The
  // error of the disk if what is spent cannot be kept; it is spent all the same.
  absl::Status Spend(const Caller& caller, const std::string& origin, uint64_t count);

 private:
  struct Kept {
    Bucket bucket;
    int64_t durable_us = Bucket().full_us();  // what a restart would find
    int64_t period_us = 0;
  };
  using Key = BudgetTimes::key_type;

  Budgets(std::string path, const Tokens* tokens, Budget default_budget,
          std::function<int64_t()> now_us)
      : path_(std::move(path)),
        tokens_(tokens),
        default_(default_budget),
        now_us_(std::move(now_us)) {}

  Budget BudgetOf(const Token& token) const {
    return token.prove_budget.value_or(default_);
  }
  int64_t Now() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns when the file covers all that was taken from this bucket before the call.
  absl::Status Keep(const Key& key);

  const std::string path_;
  const Tokens* const tokens_;
  const Budget default_;
  const std::function<int64_t()> now_us_;
  Mutex write_mutex_;  // held while the file is being replaced; others go on spending
  Mutex mutex_;
  std::map<Key, Kept> kept_ ABSL_GUARDED_BY(mutex_);
  int64_t latest_us_ ABSL_GUARDED_BY(mutex_) = INT64_MIN;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_BUDGETS_H_
