// model/piece_queue.h -- what of a model is to be hashed, for all threads that hash.
//
//   while (std::optional<size_t> i = queue.Take()) {
//     const ModelPiece& piece = queue.piece(*i);
//     queue.Count(piece.bytes());  // they were read
//     if (queue.cancelled()) break;
//     queue.SetDigest(*i, digest);              // or queue.SetOdd(odd)
//   }
//   if (absl::Status done = queue.status(); !done.ok()) return done;
//
// The longest are taken first, so that no long one is begun when all else is done.
// Thread-safe, but for digests and odd files, which are read at the end.
#ifndef SETLOG_MODEL_PIECE_QUEUE_H_
#define SETLOG_MODEL_PIECE_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "model/digest.h"
#include "model/piece_reader.h"
#include "port/mutex.h"

namespace setlog {

class PieceQueue {
 public:
  PieceQueue(std::vector<ModelPiece> pieces,
             std::function<bool(uint64_t bytes)> progress);

  // The index of a piece that nobody has taken; nothing if there is none, or if the
  // caller wants no more.
  std::optional<size_t> Take();
  // Of the piece that would be taken now; 0 if there is none.
  uint64_t next_bytes() const;
  const ModelPiece& piece(size_t index) const { return pieces_[index]; }
  // Who took the piece cannot read it now; it is taken again after all others.
  void Postpone(size_t index);

  // Bytes of any pieces were read, or are not to be waited for.
  void Count(uint64_t bytes);
  void SetDigest(size_t index, const Digest& digest) { digests_[index] = digest; }
  // The file of the piece has no digest, nor have its other pieces.
  void SetOdd(OddFile odd);
  // What has nothing to do with the file: nobody takes another piece.
  void Fail(absl::Status why);

  // Of all pieces, those that were taken included.
  uint64_t bytes_left() const { return total_bytes_ - counted_bytes_; }
  // Whether the caller wants no more, or something failed.
  bool cancelled() const { return cancelled_; }

  // Tells the caller how far it is.
  void Report();

  // When no thread is at work.
  size_t size() const { return pieces_.size(); }
  const Digest& digest(size_t index) const { return digests_[index]; }
  std::vector<OddFile> TakeOdd();
  // Cancelled if the caller wanted no more; what failed first.
  absl::Status status();

 private:
  std::optional<size_t> TakePostponed();
  void Stop(absl::Status why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Reports when as much was done as is some milliseconds' work.
  void Spend(uint64_t bytes);

  const std::vector<ModelPiece> pieces_;
  std::vector<size_t> order_;  // the longest first
  uint64_t total_bytes_ = 0;
  std::atomic<size_t> next_ = 0;
  std::atomic<uint64_t> counted_bytes_ = 0;
  std::atomic<uint64_t> spent_bytes_ = 0;  // of reading, and of opening in its place
  std::atomic<uint64_t> next_report_bytes_;
  std::atomic<bool> cancelled_ = false;
  std::vector<Digest> digests_;  // each is written by who took the piece
  Mutex mutex_;
  std::function<bool(uint64_t bytes)> progress_ ABSL_GUARDED_BY(mutex_);
  std::vector<size_t> postponed_ ABSL_GUARDED_BY(mutex_);
  std::vector<OddFile> odd_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace setlog

#endif  // SETLOG_MODEL_PIECE_QUEUE_H_
