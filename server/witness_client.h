// server/witness_client.h -- has the heads of the server's logs cosigned.
//
//   absl::StatusOr<std::unique_ptr<WitnessClient>> witnesses = WitnessClient::Start(
//       {.policy = policy}, {.store = store, .reader = reader, .logs = logs, ...});
//
// One thread for all logs and all witnesses: it hears of new heads, asks what
// server/cosigning.h says, publishes what comes back (LogState) and keeps in the store
// the newest head that met the quorum, so that a restart does not lose it. Nobody else
// waits for it: whoever publishes a head adds a log to a list, and no more.
//
// Which logs: all that everybody may read; if the policy has `log` lines, those that it
// names with their keys, and only those. So a private log's name goes nowhere unless
// somebody wrote it down for that. Thread-safe.
#ifndef SETLOG_SERVER_WITNESS_CLIENT_H_
#define SETLOG_SERVER_WITNESS_CLIENT_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "daemon/event_log.h"
#include "http/http_client.h"
#include "port/mutex.h"
#include "server/cosigning.h"
#include "server/log_directory.h"
#include "server/tree_reader.h"
#include "storage/store.h"

namespace setlog {

class WitnessClient {
 public:
  struct Options {
    Policy policy;
    Cosigning::Options cosigning = {};
    HttpClient::Options transport = {};
    // Asked before something is kept in the store.
    std::function<absl::Status()> may_write = [] { return absl::OkStatus(); };
  };
  // All must outlive it.
  struct Server {
    Store* store;
    const TreeReader* reader;
    const LogDirectory* logs;
    EventLog* events;
  };

  // InvalidArgument, naming the witness, for a URL that is none, a quorum that cannot
  // be met, a CA file that cannot be read.
  static absl::StatusOr<std::unique_ptr<WitnessClient>> Start(Options options,
                                                              Server server);
  // Gives up what is under way, keeps what it knows.
  ~WitnessClient();

  struct Figures {
    std::vector<std::pair<std::string, Cosigning::WitnessFigures>> witnesses;
    // By log, of those that are to be cosigned; empty without a quorum.
    std::vector<std::pair<const HostedLog*, uint64_t>> quorum_lag;
  };
  Figures figures() const;

 private:
  struct Followed {
    HostedLog* log;
    uint64_t watcher;
  };

  WitnessClient(Options options, Server server, std::vector<std::string> urls,
                std::unique_ptr<HttpClient> transport);
  void Run();
  int64_t NowUs() const;
  void FollowNewLogs();
  bool IsToBeCosigned(const HostedLog& log) const;
  // What the store knows of it, as far as it can still be believed.
  void Restore(HostedLog& log);
  void TakeHeads();
  void Send(WitnessRequest request);
  void Take(const WitnessRequest& request, const HttpResponse& answer);
  void Tell(const WitnessRequest& request, const WitnessEffect& effect);
  void Publish();
  void Keep(bool now);

  const Options options_;
  const Server server_;
  const std::vector<std::string> urls_;  // one a witness; "" = not asked
  const std::unique_ptr<HttpClient> transport_;
  const std::chrono::steady_clock::time_point started_;
  const int64_t started_us_;  // since 1970

  // Only the thread's.
  uint64_t next_call_ = 1;
  std::map<uint64_t, WitnessRequest> calls_;
  std::map<LogNumber, Followed> followed_;
  std::set<const HostedLog*> known_;
  std::set<LogNumber> restored_;  // whose cosigned head of before is not shown yet
  std::set<LogNumber> gathered_;  // to be published
  std::set<LogNumber> quorums_;   // to be kept and published
  std::set<std::pair<LogNumber, size_t>> hints_;  // to be kept
  int64_t keep_hints_us_ = Cosigning::kNever;

  mutable Mutex cosigning_mutex_;
  Cosigning cosigning_ ABSL_GUARDED_BY(cosigning_mutex_);
  std::map<LogNumber, const HostedLog*> figured_ ABSL_GUARDED_BY(cosigning_mutex_);

  Mutex heads_mutex_;
  std::set<LogNumber> heads_ ABSL_GUARDED_BY(heads_mutex_);  // that have moved
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_WITNESS_CLIENT_H_
