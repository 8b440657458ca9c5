// client/appender.h -- appends record hashes exactly once, whatever gets lost.
//
//   Appender appender(&connection, {.origin = origin, .session = NewSessionId()});
//   absl::StatusOr<uint64_t> durable = appender.Open();   // of earlier runs: skip them
//   absl::Status ok = appender.Write(hashes);             // any number, any often
//   absl::StatusOr<AppendResult> all = appender.Finish();
//
// Records are packed into messages, several of which are under way at a time; those
// that are not acknowledged yet are kept (8 MiB at most). When the server is lost the
// session is opened again, the server says how many of its records are durable, and the
// rest is sent again from there: nothing is lost, nothing doubled. The server's queue
// being full counts as lost too. Gives up when nothing new was acknowledged for the
// connection's retry_for; the same session id then goes on later, in another process.
//
// An acknowledgement is the server's word. That the records are in a signed head is
// what a LogClient verifies afterwards (result.size, WaitIndexed).
// For one thread. Cost: two copies of the hashes.
#ifndef SETLOG_CLIENT_APPENDER_H_
#define SETLOG_CLIENT_APPENDER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/retry.h"
#include "client/upload_stream.h"
#include "log/bytes.h"

namespace setlog {

// 16 random bytes.
std::string NewSessionId();

struct AppenderOptions {
  std::string origin;
  std::string session;  // 16 bytes
  Operation operation = Operation::kAdd;
  // Gets the session's acknowledged records whenever there are more.
  std::function<void(uint64_t acknowledged)> progress;
};

// Of the whole session, all its runs.
struct AppendResult {
  uint64_t added = 0;  // entries appended
  uint64_t first = 0;  // position of the first of them, if any
  uint64_t end = 0;    // one past the position of the last
  uint64_t size = 0;   // of a signed head that holds all of them
};

class Appender {
 public:
  static constexpr size_t kMessageRecords = 8192;
  static constexpr size_t kWindowRecords = 32 * kMessageRecords;

  // `connection` must outlive it.
  Appender(const Connection* connection, AppenderOptions options);

  // Opens the session; how many of its records are durable already. To be called once,
  // first. Errors are the server's, or Unavailable.
  absl::StatusOr<uint64_t> Open();

  // Takes the session's next records. Blocks while the window is full. An error is
  // final: no later call will succeed.
  absl::Status Write(std::span<const Hash> records);

  // Waits until everything is acknowledged. To be called once, last.
  absl::StatusOr<AppendResult> Finish();

 private:
  struct Message {
    uint64_t begin;      // number of its first record within the session
    std::string hashes;  // 32 bytes a record
  };

  // Sends what has gathered, if anything.
  absl::Status Flush();
  // Until at most `limit` records are not acknowledged.
  absl::Status WaitUntilPending(uint64_t limit);
  // Opens a stream and brings it to where the session stands. One try.
  absl::Status Connect();
  // After the stream ended with `status`: connects again, in as many tries as it takes.
  absl::Status Recover(absl::Status status);
  absl::Status TakeAcknowledgement(const v1::AppendResponse& response);

  const Connection* connection_;
  const AppenderOptions options_;
  Retry retry_;
  std::unique_ptr<UploadStream> stream_;
  uint64_t seen_ = 0;  // responses of the stream that were taken

  std::string gathering_;       // the next message
  std::deque<Message> window_;  // sent, and not wholly acknowledged
  uint64_t given_ = 0;          // records of the session up to the window's end
  AppendResult result_;
  absl::Status failed_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_APPENDER_H_
