// client/entry_stream.h -- the entries of a log as fast as they come, not verified.
//
//   EntryStream stream(&connection, origin, begin, end);
//   while (!stream.done()) {
//     absl::StatusOr<EntryPiece> piece = stream.Next(100ms);  // may be empty
//     if (piece.ok()) replay.Feed(piece->entries);
//   }
//
// A thread of its own fetches while the caller checks what came before. Entries are
// claims: whoever has checked them all compares the root that they lead to with a
// verified head (TreeClient verifies piece by piece, with a call and two hashes an
// entry more). A lost server is asked again, from where it was lost, and for less at a
// time if a message did not come in time. Memory: kQueueBytes for bytes and views, a
// message, and a piece. For one caller thread.
#ifndef SETLOG_CLIENT_ENTRY_STREAM_H_
#define SETLOG_CLIENT_ENTRY_STREAM_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "log/bytes.h"
#include "port/mutex.h"

namespace setlog {

// Adjacent entries and what they are views into.
struct EntryPiece {
  struct Bundle {
    std::string bytes;
    std::vector<Bytes> entries;  // views into them
  };
  uint64_t begin = 0;
  // A list, because its items stay where they are: short strings move with theirs.
  std::list<Bundle> bundles;
  std::vector<Bytes> entries;

  EntryPiece() = default;
  EntryPiece(EntryPiece&&) = default;
  EntryPiece& operator=(EntryPiece&&) = default;
};

class EntryStream {
 public:
  static constexpr size_t kQueueBytes = size_t{24} << 20;
  static constexpr uint64_t kPieceEntries = 65536;  // roughly, at most

  // Entries [begin, end) of a log that has that many; the connection must outlive it.
  EntryStream(const Connection* connection, std::string origin, uint64_t begin,
              uint64_t end);
  EntryStream(const EntryStream&) = delete;
  ~EntryStream();

  // Everything was handed out.
  bool done() const { return position_ == end_; }

  // The next entries; none if nothing came for `wait`, or after done(). The server's
  // status if it is lost for the connection's retry_for; DeadlineExceeded if not even a
  // small message came within the connection's patience; DataLoss for an answer that is
  // none. An error is final.
  absl::StatusOr<EntryPiece> Next(std::chrono::milliseconds wait);

 private:
  void Fetch();
  // One call; OK if it may be followed by another.
  absl::Status FetchSome(uint64_t* position, Retry& retry);
  // False if nobody wants it any more.
  bool Enqueue(std::list<EntryPiece::Bundle> bundle);

  const Connection* connection_;
  const std::string origin_;
  const uint64_t begin_;
  const uint64_t end_;
  uint64_t position_;

  Mutex mutex_;
  std::condition_variable changed_;
  std::list<EntryPiece::Bundle> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // Since when nothing has come, and whether the call was ended for that.
  std::chrono::steady_clock::time_point silent_since_ ABSL_GUARDED_BY(mutex_);
  bool late_ ABSL_GUARDED_BY(mutex_) = false;
  bool slow_ = false;   // of the thread: the line needs small messages
  std::thread thread_;  // last: it uses everything above
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_ENTRY_STREAM_H_
