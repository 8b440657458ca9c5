#include "client/retry.h"

#include <algorithm>
#include <thread>

namespace setlog {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr milliseconds kFirstDelay{50};
constexpr milliseconds kLongestDelay{2000};

}  // namespace

Retry::Retry(milliseconds budget) : budget_(budget), random_(std::random_device{}()) {
  Progress();
}

void Retry::Progress() {
  last_progress_ = Clock::now();
  delay_ = kFirstDelay;
}

bool Retry::WaitAfter(const absl::Status& status) {
  return (absl::IsUnavailable(status) || absl::IsAborted(status)) && Wait();
}

bool Retry::Wait() {
  const milliseconds left =
      budget_ - duration_cast<milliseconds>(Clock::now() - last_progress_);
  if (left.count() <= 0) return false;
  std::uniform_int_distribution<milliseconds::rep> cut(delay_.count() / 2,
                                                       delay_.count());
  // The last wait ends with the budget, so that the last try is made at its end.
  std::this_thread::sleep_for(std::min(milliseconds(cut(random_)), left));
  delay_ = std::min(2 * delay_, kLongestDelay);
  return true;
}

}  // namespace setlog
