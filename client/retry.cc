#include "client/retry.h"

#include <algorithm>
#include <string>
#include <thread>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"

namespace setlog {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr milliseconds kFirstLongest{50};
constexpr milliseconds kLongestOfAll{2000};
constexpr const char* kPushback = "grpc-retry-pushback-ms";

}  // namespace

bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsAborted(status) ||
         absl::IsCancelled(status) ||
         (absl::IsResourceExhausted(status) && PushbackOf(status));
}

void SetPushback(absl::Status& status, milliseconds wait) {
  status.SetPayload(kPushback, absl::Cord(std::to_string(wait.count())));
}

std::optional<milliseconds> PushbackOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPushback);
  int64_t wait = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &wait)) return std::nullopt;
  return milliseconds(wait);
}

Retry::Retry(milliseconds budget) : budget_(budget), random_(std::random_device{}()) {
  Progress();
}

void Retry::Progress() {
  lost_since_.reset();
  longest_ = kFirstLongest;
}

bool Retry::WaitAfter(const absl::Status& status) {
  if (!MayPass(status)) return false;
  const Clock::time_point now = Clock::now();
  if (!lost_since_) lost_since_ = now;
  const milliseconds left = budget_ - duration_cast<milliseconds>(now - *lost_since_);
  if (left.count() <= 0) return false;
  milliseconds least{0};
  if (const std::optional<milliseconds> asked = PushbackOf(status)) {
    if (asked->count() < 0 || *asked > left) return false;
    least = *asked;
  }
  std::uniform_int_distribution<milliseconds::rep> wait(0, longest_.count());
  // The last wait ends with the budget, so that the last try is made at its end.
  std::this_thread::sleep_for(std::min(least + milliseconds(wait(random_)), left));
  longest_ = std::min(2 * longest_, kLongestOfAll);
  return true;
}

}  // namespace setlog
