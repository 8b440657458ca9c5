#include "server/budgets.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/limits.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxFileBytes = size_t{64} << 20;
constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kAheadPart = 64;
// Who has to wait longer than that should not be asked to stay.
constexpr int64_t kLongestWaitUs = 10 * kSecondUs;

const std::string* StringAt(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::string DurationText(int64_t us) {
  const int64_t seconds = (us + kSecondUs - 1) / kSecondUs;
  return absl::FormatDuration(absl::Seconds(seconds));
}

absl::Status Spent(const Token& token, const std::string& origin, const Budget& budget,
                   uint64_t count, uint64_t left, int64_t wait_us) {
  if (budget.records == 0) {
    return absl::PermissionDeniedError(
        absl::StrFormat("token %s has no budget for queries of private logs: ask the "
                        "operator for one that has (`setlog token create %s --verbs "
                        "read --prove-budget N/DURATION`)",
                        token.id, origin));
  }
  const std::string of_what =
      absl::StrFormat("token %s may have %d records of %s proven in %s", token.id,
                      budget.records, origin, DurationText(budget.period_us));
  if (wait_us < 0) {
    return BusyFor(absl::StrFormat("%s, and %d were asked for at once: ask for fewer",
                                   of_what, count),
                   std::nullopt);
  }
  return BusyFor(
      absl::StrFormat("%s; of the %d asked for %d are left now, and all of "
                      "them in %s",
                      of_what, count, left, DurationText(wait_us)),
      wait_us <= kLongestWaitUs ? std::optional((wait_us + 999) / 1000) : std::nullopt);
}

}  // namespace

std::function<int64_t()> EvenClock() {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  const auto begin = std::chrono::steady_clock::now();
  const int64_t begin_us =
      duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  return [=] {
    return begin_us +
           duration_cast<microseconds>(std::chrono::steady_clock::now() - begin)
               .count();
  };
}

std::string EncodeBudgets(const BudgetTimes& times) {
  Json list = Json::array();
  for (const auto& [key, full_us] : times) {
    list.push_back(
        {{"token", key.first}, {"origin", key.second}, {"full_us", full_us}});
  }
  return Json{{"budgets", std::move(list)}}.dump(1) + "\n";
}

absl::StatusOr<BudgetTimes> DecodeBudgets(std::string_view text) {
  BudgetTimes times;
  const Json file = Json::parse(text, nullptr, false);
  if (file.is_object() && file.contains("budgets") && file["budgets"].is_array()) {
    for (const Json& object : file["budgets"]) {
      if (!object.is_object()) continue;
      const std::string* token = StringAt(object, "token");
      const std::string* origin = StringAt(object, "origin");
      const auto full_us = object.find("full_us");
      if (token == nullptr || origin == nullptr || full_us == object.end() ||
          !full_us->is_number_integer()) {
        continue;
      }
      times.emplace(std::pair(*token, *origin), full_us->get<int64_t>());
    }
  }
  // Whatever was left out, doubled or spelled in another way shows here.
  if (EncodeBudgets(times) != text) {
    return absl::DataLossError("it is not a file of budgets as setlog writes it");
  }
  return times;
}

absl::StatusOr<std::unique_ptr<Budgets>> Budgets::Open(
    const std::string& data_dir, const Tokens* tokens, Budget default_budget,
    std::function<int64_t()> now_us) {
  if (absl::Status s = default_budget.Check(); !s.ok()) return s;
  const std::string path = data_dir + "/budgets.json";
  auto budgets = std::unique_ptr<Budgets>(
      new Budgets(path, tokens, default_budget, std::move(now_us)));
  absl::StatusOr<DurableFile> file = DurableFile::Open(path);
  if (absl::IsNotFound(file.status())) return budgets;
  if (!file.ok()) return file.status();
  const absl::StatusOr<std::string> text = file->Read(kMaxFileBytes);
  if (!text.ok()) return text.status();
  const absl::StatusOr<BudgetTimes> times = DecodeBudgets(*text);
  if (!times.ok()) {
    return absl::DataLossError(
        absl::StrFormat("%s: %s: delete it, and every budget is whole again", path,
                        times.status().message()));
  }
  const MutexLock lock(budgets->mutex_);
  const int64_t now = budgets->Now();
  for (const auto& [key, full_us] : *times) {
    const absl::StatusOr<Token> token = tokens->Get(key.first);
    if (!token.ok()) continue;  // and it comes never back
    const int64_t period_us = budgets->BudgetOf(*token).period_us;
    // The clock may be another one than before.
    const int64_t full = std::clamp(full_us, now, now + period_us);
    budgets->kept_[key] = {Bucket(full), full, period_us};
  }
  return budgets;
}

Budgets::~Budgets() {
  BudgetTimes times;
  bool same = true;
  {
    const MutexLock lock(mutex_);
    const int64_t now = Now();
    for (const auto& [key, kept] : kept_) {
      same = same && kept.bucket.full_us() == kept.durable_us;
      if (kept.bucket.full_us() > now) times[key] = kept.bucket.full_us();
    }
  }
  // If it cannot be written, the file that is there is ahead.
  if (!same) ReplaceSecretFile(path_, EncodeBudgets(times)).IgnoreError();
}

int64_t Budgets::Now() {
  latest_us_ = std::max(latest_us_, now_us_());
  return latest_us_;
}

absl::Status Budgets::Spend(const Caller& caller, const std::string& origin,
                            uint64_t count) {
  if (caller.kind == Caller::Kind::kAdmin || count == 0) return absl::OkStatus();
  const absl::StatusOr<Token> token = tokens_->Get(caller.id);
  if (!token.ok()) return token.status();
  const Budget budget = BudgetOf(*token);
  const Key key(token->id, origin);
  {
    const MutexLock lock(mutex_);
    const int64_t now = Now();
    Kept& kept = kept_[key];
    kept.period_us = budget.period_us;
    if (!kept.bucket.Take(budget, count, now)) {
      return Spent(*token, origin, budget, count, kept.bucket.Left(budget, now),
                   kept.bucket.WaitFor(budget, count, now));
    }
    if (kept.bucket.full_us() <= kept.durable_us) return absl::OkStatus();
  }
  return Keep(key);
}

absl::Status Budgets::Keep(const Key& key) {
  const MutexLock write_lock(write_mutex_);
  BudgetTimes times;
  {
    const MutexLock lock(mutex_);
    const Kept& mine = kept_[key];
    // Whoever wrote while this call waited wrote for it, too.
    if (mine.bucket.full_us() <= mine.durable_us) return absl::OkStatus();
    const int64_t now = Now();
    std::erase_if(
        kept_, [now](const auto& item) { return item.second.bucket.full_us() <= now; });
    for (const auto& [other, kept] : kept_) {
      times[other] =
          kept.bucket.full_us() + std::max(kept.period_us / kAheadPart, kSecondUs);
    }
  }
  const absl::Status status = ReplaceSecretFile(path_, EncodeBudgets(times));
  if (!status.ok()) return status;
  const MutexLock lock(mutex_);
  for (const auto& [other, durable_us] : times) kept_[other].durable_us = durable_us;
  return absl::OkStatus();
}

}  // namespace setlog
