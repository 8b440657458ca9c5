#include "model/piece_queue.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace setlog {
namespace {

// Between two calls that say how far it is: some milliseconds.
constexpr uint64_t kReportBytes = uint64_t{8} << 20;
// What could be read while a file is opened and closed.
constexpr uint64_t kOpenBytes = uint64_t{32} << 10;

}  // namespace

PieceQueue::PieceQueue(std::vector<ModelPiece> pieces,
                       std::function<bool(uint64_t bytes)> progress)
    : pieces_(std::move(pieces)),
      order_(pieces_.size()),
      next_report_bytes_(kReportBytes),
      digests_(pieces_.size()),
      progress_(std::move(progress)) {
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [this](size_t a, size_t b) {
    return pieces_[a].bytes() > pieces_[b].bytes();
  });
  for (const ModelPiece& piece : pieces_) total_bytes_ += piece.bytes();
}

std::optional<size_t> PieceQueue::Take() {
  if (cancelled_) return std::nullopt;
  const size_t next = next_.fetch_add(1);
  if (next >= order_.size()) return TakePostponed();
  Spend(kOpenBytes);
  return order_[next];
}

std::optional<size_t> PieceQueue::TakePostponed() {
  MutexLock lock(mutex_);
  if (postponed_.empty()) return std::nullopt;
  const size_t index = postponed_.back();
  postponed_.pop_back();
  return index;
}

void PieceQueue::Postpone(size_t index) {
  MutexLock lock(mutex_);
  postponed_.push_back(index);
}

uint64_t PieceQueue::next_bytes() const {
  const size_t next = next_;
  return next < order_.size() ? pieces_[order_[next]].bytes() : 0;
}

void PieceQueue::Count(uint64_t bytes) {
  counted_bytes_ += bytes;
  Spend(bytes);
}

void PieceQueue::Spend(uint64_t bytes) {
  const uint64_t spent = spent_bytes_ += bytes;
  uint64_t report = next_report_bytes_;
  if (spent >= report &&
      next_report_bytes_.compare_exchange_strong(report, spent + kReportBytes)) {
    Report();
  }
}

void PieceQueue::Report() {
  MutexLock lock(mutex_);
  if (!cancelled_ && progress_ && !progress_(counted_bytes_)) {
    Stop(absl::CancelledError("hashing the model was stopped"));
  }
}

void PieceQueue::Fail(absl::Status why) {
  MutexLock lock(mutex_);
  Stop(std::move(why));
}

void PieceQueue::Stop(absl::Status why) {
  status_.Update(std::move(why));
  cancelled_ = true;
}

absl::Status PieceQueue::status() {
  MutexLock lock(mutex_);
  return status_;
}

void PieceQueue::SetOdd(OddFile odd) {
  MutexLock lock(mutex_);
  odd_.push_back(std::move(odd));
}

std::vector<OddFile> PieceQueue::TakeOdd() {
  MutexLock lock(mutex_);
  return std::exchange(odd_, {});
}

}  // namespace setlog
