#include "tools/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr int kBarWidth = 30;
constexpr std::chrono::milliseconds kInterval(100);

}  // namespace

Progress::Progress(std::string what, uint64_t total, bool quiet)
    : what_(std::move(what)),
      total_(total),
      drawing_(!quiet && isatty(STDERR_FILENO)),
      start_(std::chrono::steady_clock::now()),
      next_(start_ + kInterval) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::Update(uint64_t done) {
  if (!drawing_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::string line = absl::StrFormat("\r\033[K%s ", what_);
  if (total_ > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(total_);
    const int filled = share >= 1 ? kBarWidth : static_cast<int>(share * kBarWidth);
    line += "[" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "]";
    absl::StrAppendFormat(&line, " %d of %d", done, total_);
  } else {
    absl::StrAppendFormat(&line, "%d", done);
  }
  absl::StrAppendFormat(&line, ", %.0f a second", static_cast<double>(done) / seconds);
  std::fputs(line.c_str(), stderr);
}

}  // namespace setlog
