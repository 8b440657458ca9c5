#include "tools/bench_ingest.h"

#include <algorithm>
#include <deque>
#include <thread>
#include <utility>

#include "client/appender.h"
#include "port/mutex.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

// Of all clients together: below what a server lets wait for its commits.
constexpr uint64_t kRecordsUnderWay = 96 * Appender::kMessageRecords;
constexpr std::chrono::milliseconds kProgressInterval(5);

float MicrosecondsSince(Clock::time_point start) {
  return std::chrono::duration<float, std::micro>(Clock::now() - start).count();
}

// What the clients of one run share.
class Run {
 public:
  Run(const Connection& connection, const BenchRecords& records,
      const IngestOptions& options)
      : connection_(connection), records_(records), options_(options) {
    result_.ends.resize(options.origins.size());
    if (options.duration) deadline_ = start_ + *options.duration;
  }

  void RunClient(size_t client) {
    absl::Status status = Stream(client);
    MutexLock lock(mutex_);
    if (!status.ok() && status_.ok()) status_ = std::move(status);
    if (!status_.ok()) stopped_ = true;
    ++finished_;
  }

  bool finished() {
    MutexLock lock(mutex_);
    return finished_ == options_.clients;
  }
  uint64_t acknowledged() const { return acknowledged_; }

  absl::StatusOr<IngestResult> Take() {
    MutexLock lock(mutex_);
    if (!status_.ok()) return status_;
    result_.records = acknowledged_;
    result_.seconds = std::chrono::duration<double>(last_ - start_).count();
    return std::move(result_);
  }

 private:
  struct Message {
    uint64_t end;  // records of the stream up to its last one
    Clock::time_point sent;
  };

  size_t PerMessage() const {
    return options_.at_a_time > 0 ? options_.at_a_time : Appender::kMessageRecords;
  }
  size_t Window() const {
    if (options_.at_a_time > 0) return 1;
    return std::clamp<size_t>(
        kRecordsUnderWay / Appender::kMessageRecords / options_.clients, 1,
        Appender::kWindowRecords / Appender::kMessageRecords);
  }

  bool Over() const {
    return stopped_ || (options_.stop != nullptr && *options_.stop) ||
           (deadline_ && Clock::now() >= *deadline_);
  }

  // The next records as a message, without any if there are none left.
  v1::AppendRequest NextMessage(uint64_t* sent) {
    v1::AppendRequest request;
    if (Over()) return request;
    const uint64_t begin = taken_.fetch_add(PerMessage());
    if (begin >= options_.records) return request;
    const uint64_t end = std::min<uint64_t>(options_.records, begin + PerMessage());
    std::string* hashes = request.mutable_hashes();
    hashes->resize((end - begin) * Hash::kSize);
    for (uint64_t i = begin; i < end; ++i) {
      const Hash hash = records_.At(options_.first + i);
      std::memcpy(hashes->data() + (i - begin) * Hash::kSize, hash.data(), Hash::kSize);
    }
    *sent += end - begin;
    return request;
  }

  absl::Status Stream(size_t client) {
    const size_t origin = client % options_.origins.size();
    v1::AppendRequest open;
    open.mutable_open()->set_origin(options_.origins[origin]);
    open.mutable_open()->set_session(NewSessionId());
    UploadStream stream(connection_, options_.operation, open);
    std::deque<Message> window;
    std::vector<float> latencies;
    uint64_t sent = 0, acknowledged = 0, seen = 0, end = 0;
    while (true) {
      while (window.size() < Window()) {
        v1::AppendRequest message = NextMessage(&sent);
        if (message.hashes().empty()) break;
        window.push_back({sent, Clock::now()});
        stream.Send(std::move(message));
      }
      if (window.empty()) break;
      const UploadStream::View view =
          stream.WaitForChange(seen, Clock::now() + connection_.retry_for());
      if (view.responses == seen) {
        if (!view.ended) {
          return absl::DeadlineExceededError(
              "the server acknowledges nothing any more");
        }
        absl::Status status = stream.Close();
        return status.ok() ? absl::UnavailableError("the server ended the stream")
                           : status;
      }
      seen = view.responses;
      end = view.newest.end();
      for (; !window.empty() && window.front().end <= view.newest.acknowledged();
           window.pop_front()) {
        latencies.push_back(MicrosecondsSince(window.front().sent));
      }
      acknowledged_ += view.newest.acknowledged() - acknowledged;
      acknowledged = view.newest.acknowledged();
    }
    MutexLock lock(mutex_);
    last_ = Clock::now();
    result_.latencies_us.insert(result_.latencies_us.end(), latencies.begin(),
                                latencies.end());
    result_.ends[origin] = std::max(result_.ends[origin], end);
    return absl::OkStatus();
  }

  const Connection& connection_;
  const BenchRecords& records_;
  const IngestOptions& options_;
  const Clock::time_point start_ = Clock::now();
  std::optional<Clock::time_point> deadline_;
  std::atomic<uint64_t> taken_ = 0;
  std::atomic<uint64_t> acknowledged_ = 0;
  std::atomic<bool> stopped_ = false;

  Mutex mutex_;
  size_t finished_ ABSL_GUARDED_BY(mutex_) = 0;
  Clock::time_point last_ ABSL_GUARDED_BY(mutex_) = start_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  IngestResult result_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<IngestResult> Ingest(const Connection& connection,
                                    const BenchRecords& records,
                                    const IngestOptions& options) {
  Run run(connection, records, options);
  std::vector<std::thread> threads;
  for (size_t client = 0; client < options.clients; ++client) {
    threads.emplace_back([&run, client] { run.RunClient(client); });
  }
  while (options.progress && !run.finished()) {
    options.progress(run.acknowledged());
    std::this_thread::sleep_for(kProgressInterval);
  }
  for (std::thread& thread : threads) thread.join();
  return run.Take();
}

}  // namespace setlog
