#include "tools/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr int kBarWidth = 30;
constexpr std::chrono::milliseconds kInterval(100);

std::string Gigabytes(double bytes) { return absl::StrFormat("%.2f", bytes / 1e9); }

}  // namespace

Progress::Progress(std::string what, uint64_t total, bool quiet, Unit unit)
    : what_(std::move(what)),
      total_(total),
      drawing_(!quiet && isatty(STDERR_FILENO)),
      unit_(unit),
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
  const bool bytes = unit_ == Unit::kBytes;
  const auto amount = [bytes](uint64_t count) {
    return bytes ? Gigabytes(static_cast<double>(count)) : std::to_string(count);
  };
  if (total_ > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(total_);
    const int filled = share >= 1 ? kBarWidth : static_cast<int>(share * kBarWidth);
    line += "[" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "]";
    absl::StrAppendFormat(&line, " %s of %s", amount(done), amount(total_));
  } else {
    line += amount(done);
  }
  const double rate = static_cast<double>(done) / seconds;
  if (bytes) {
    absl::StrAppendFormat(&line, " GB, %s GB a second", Gigabytes(rate));
  } else {
    absl::StrAppendFormat(&line, ", %.0f a second", rate);
  }
  std::fputs(line.c_str(), stderr);
}

}  // namespace setlog
