#include "tools/bench_ingest.h"

#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
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

  void RunClient(size_t client) { End(Stream(client), 1); }

  // Clients that take turns with the server, on gRPC's threads: as many of our own
  // would cost more than the server does, and it is the server that is measured.
  void RunTurns() {
    std::vector<std::unique_ptr<Turns>> all;
    for (size_t client = 0; client < options_.clients; ++client) {
      all.push_back(std::make_unique<Turns>(this, client));
    }
    uint64_t before = 0;
    Clock::time_point since = Clock::now();
    while (!WaitUntilFinished(kProgressInterval)) {
      if (options_.progress) options_.progress(acknowledged_);
      const Clock::time_point now = Clock::now();
      if (std::exchange(before, acknowledged_) != acknowledged_) since = now;
      if (now - since < connection_.retry_for()) continue;
      since = now;
      End(absl::DeadlineExceededError("the server acknowledges nothing any more"), 0);
      for (const auto& turns : all) turns->Cancel();
    }
  }

  // False if they are still at it after so long.
  bool WaitUntilFinished(Clock::duration most) {
    MutexLock lock(mutex_);
    return lock.WaitFor(changed_, most, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return finished_ == options_.clients;
    });
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

  // One client that sends, waits for the acknowledgement, and sends the next.
  class Turns : public grpc::ClientBidiReactor<v1::AppendRequest, v1::AppendResponse> {
   public:
    Turns(Run* run, size_t client)
        : run_(run),
          origin_(client % run->options_.origins.size()),
          context_(run->connection_.NewContext(std::chrono::milliseconds(0))) {
      request_.mutable_open()->set_origin(run->options_.origins[origin_]);
      request_.mutable_open()->set_session(NewSessionId());
      auto* async = run->connection_.writer().async();
      if (run->options_.operation == Operation::kAdd) {
        async->Append(context_.get(), this);
      } else {
        async->Remove(context_.get(), this);
      }
      StartRead(&response_);
      StartWrite(&request_);
      StartCall();
    }
    void Cancel() { context_->TryCancel(); }

   private:
    void OnWriteDone(bool ok) override {
      if (ok) Advance();
    }
    void OnReadDone(bool ok) override {
      if (!ok) return;
      if (const uint64_t now = response_.acknowledged(); now > acknowledged_) {
        latencies_.push_back(MicrosecondsSince(sent_));
        run_->acknowledged_ += now - acknowledged_;
        acknowledged_ = now;
      }
      Advance();
    }
    // The second of the two: the acknowledgement may come before gRPC says that the
    // message was written.
    void Advance() {
      if (--awaited_ > 0) return;
      awaited_ = 2;
      uint64_t sent = 0;
      request_ = run_->NextMessage(&sent);
      over_ = sent == 0;
      sent_ = Clock::now();
      StartRead(&response_);
      if (over_) {
        StartWritesDone();
      } else {
        StartWrite(&request_);
      }
    }
    void OnDone(const grpc::Status& status) override {
      absl::Status ended = FromGrpc(status, *context_);
      if (ended.ok() && !over_) {
        ended = absl::UnavailableError("the server ended the stream");
      }
      run_->Measured(origin_, response_.end(), latencies_);
      run_->End(std::move(ended), 1);
    }

    Run* const run_;
    const size_t origin_;
    const std::unique_ptr<grpc::ClientContext> context_;
    v1::AppendRequest request_;
    v1::AppendResponse response_;
    std::atomic<int> awaited_ = 2;
    bool over_ = false;
    Clock::time_point sent_;
    uint64_t acknowledged_ = 0;
    std::vector<float> latencies_;
  };

  size_t PerMessage() const {
    return options_.at_a_time > 0 ? options_.at_a_time : Appender::kMessageRecords;
  }
  size_t Window() const {
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
    Measured(origin, end, latencies);
    return absl::OkStatus();
  }

  void Measured(size_t origin, uint64_t end, const std::vector<float>& latencies) {
    MutexLock lock(mutex_);
    last_ = Clock::now();
    result_.latencies_us.insert(result_.latencies_us.end(), latencies.begin(),
                                latencies.end());
    result_.ends[origin] = std::max(result_.ends[origin], end);
  }

  // So many clients more have ended, for this reason; the first error ends the run.
  void End(absl::Status status, size_t clients) {
    MutexLock lock(mutex_);
    if (!status.ok() && status_.ok()) status_ = std::move(status);
    if (!status_.ok()) stopped_ = true;
    finished_ += clients;
    changed_.notify_all();
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
  std::condition_variable changed_;
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
  if (options.at_a_time > 0) {
    run.RunTurns();
    return run.Take();
  }
  std::vector<std::thread> threads;
  for (size_t client = 0; client < options.clients; ++client) {
    threads.emplace_back([&run, client] { run.RunClient(client); });
  }
  while (options.progress && !run.WaitUntilFinished(kProgressInterval)) {
    options.progress(run.acknowledged());
  }
  for (std::thread& thread : threads) thread.join();
  return run.Take();
}

}  // namespace setlog
