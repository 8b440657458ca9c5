// witness/witnessed_logs.h -- the logs that a witness cosigns, which may change while
// it runs.
//
//   WitnessedLogs logs(options);
//   absl::StatusOr<WitnessedLogs::Changes> changes = logs.Change(policy_logs);
//   if (auto held = logs.Find(origin)) held->log().Add(submitted);
//
// A log that leaves the list is found no more; what holds it still ends first, and its
// follower then keeps the replay. One that comes back has all that was kept of it.
// Thread-safe.
#ifndef SETLOG_WITNESS_WITNESSED_LOGS_H_
#define SETLOG_WITNESS_WITNESSED_LOGS_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/state.h"
#include "daemon/event_log.h"
#include "log/policy.h"
#include "log/skey.h"
#include "port/mutex.h"
#include "witness/cosigned_heads.h"
#include "witness/log_follower.h"
#include "witness/witnessed_log.h"

namespace setlog {

class WitnessedLogs {
  struct Entry;

 public:
  struct Options {
    std::string directory;  // of the replays
    bool light = false;     // no followers, and an origin may have several keys
    ConnectionOptions source;
    std::chrono::milliseconds patience;
    std::chrono::milliseconds poll;
    std::chrono::milliseconds keep_every;
    // All of these outlive it.
    const SigningKey* key;
    const CosignedHeads* heads;
    const StateDirectory* state;
    EventLog* events;
  };
  explicit WitnessedLogs(Options options);
  // Nothing is held any more. Keeps the replays.
  ~WitnessedLogs();

  struct Changes {
    uint64_t added = 0;
    uint64_t removed = 0;
    uint64_t moved = 0;  // to another address
  };
  // These and no others, from now on; all of it or, on an error, nothing. Waits for
  // requests to those that leave: seconds at most, but for a disk that hangs.
  // InvalidArgument for a list that makes no sense, and for another key of an origin
  // that stays: requests under way were judged by the one before. DataLoss if what was
  // cosigned last cannot be read.
  absl::StatusOr<Changes> Change(const std::vector<Policy::Log>& logs);

  // A log that stays while this is held.
  class Held {
   public:
    Held(const Held& other);
    Held(Held&& other) noexcept
        : logs_(other.logs_), entry_(std::exchange(other.entry_, nullptr)) {}
    Held& operator=(const Held&) = delete;
    ~Held();
    WitnessedLog& log() const;
    const LogFollower* follower() const;  // nullptr without

   private:
    friend class WitnessedLogs;
    Held(WitnessedLogs* logs, Entry* entry) : logs_(logs), entry_(entry) {}
    WitnessedLogs* logs_;
    Entry* entry_;
  };
  std::optional<Held> Find(std::string_view origin);
  std::optional<Held> FindByHash(std::string_view hex);  // SHA-256 of the origin
  std::vector<Held> All();                               // by origin
  uint64_t size() const;

  // From now on nobody waits for a replay.
  void Stop();

 private:
  using ByOrigin = std::map<std::string, std::unique_ptr<Entry>, std::less<>>;

  // What can be said of the lines of one origin without its files.
  absl::Status Check(const std::string& origin,
                     const std::vector<Policy::Log>& lines) const;
  // Not followed yet.
  absl::StatusOr<std::unique_ptr<Entry>> Open(
      const std::string& origin, const std::vector<Policy::Log>& lines) const;
  void Follow(Entry* entry) const;
  // The entry of the list, if it is there.
  Entry* Listed(std::string_view origin) const;
  Held Hold(Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  Mutex changing_;  // one change at a time; before mutex_
  mutable Mutex mutex_;
  std::condition_variable released_;
  // Changed with both mutexes held.
  ByOrigin entries_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Entry*, std::less<>> by_hash_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace setlog

#endif  // SETLOG_WITNESS_WITNESSED_LOGS_H_
