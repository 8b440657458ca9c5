// tools/watch_loop.h -- follows a log's heads and tells what became of some records.
//
//   WatchLoop loop(session, log, store, std::move(watch), names, options);
//   ExitCode code = loop.Run();   // until a signal, or until nothing can be believed
//
// A server that is lost is waited for; a head or an answer that does not verify ends
// it. Events are told first and kept as told afterwards: a watch that was killed in
// between tells them again. Not thread-safe.
#ifndef SETLOG_TOOLS_WATCH_LOOP_H_
#define SETLOG_TOOLS_WATCH_LOOP_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/head_waiter.h"
#include "client/record_watch.h"
#include "client/watch_store.h"
#include "tools/command.h"
#include "tools/interrupt.h"
#include "tools/log_session.h"
#include "tools/watch_report.h"

namespace setlog {

struct WatchOptions {
  std::string input;    // in words, for people
  std::string command;  // --exec; "" for none
  int64_t interval_us = 60'000'000;
  bool once = false;
  std::optional<uint64_t> max_lag;  // entries that the set may be behind the head
};

class WatchLoop {
 public:
  // `names` of some of the values, for people. All but the watch must outlive it.
  WatchLoop(Session& session, LogSession& log, const WatchStore& store,
            RecordWatch watch, std::map<Hash, std::string> names, WatchOptions options);

  ExitCode Run();

 private:
  using Clock = std::chrono::steady_clock;

  // One look; an exit code if the watch ends with it.
  std::optional<ExitCode> Look();
  // The same after a head was verified.
  std::optional<ExitCode> LookAt(const VerifiedHead& head);
  std::optional<ExitCode> Tell(const VerifiedHead& head, uint64_t since,
                               const std::vector<WatchEvent>& events);
  // What the entries after the newest version say; an exit code as above.
  std::optional<ExitCode> CheckLag(const VerifiedHead& head);
  // False if a signal ended it before it was done.
  bool RunCommand(const VerifiedHead& head, const WatchEvent& event);
  absl::Status Keep();
  // Where a look stopped: at the head; at what became of the records; at the entries
  // that no version covers.
  enum class Step { kHead, kEvents, kAhead };
  // Lost, and waited for, or the end.
  std::optional<ExitCode> Failed(Step at, const absl::Status& why);
  // A look came further than where it was lost.
  void Found();
  ExitCode Unverified(const absl::Status& why);
  // An answer contradicts the entries: evidence, or UNVERIFIED.
  ExitCode Doubt(const VerifiedHead& head, const absl::Status& why);
  void Rest();

  Session& session_;
  LogSession& log_;
  const WatchStore& store_;
  RecordWatch watch_;
  const WatchOptions options_;
  const WatchReport report_;
  const Interrupt interrupt_;
  std::optional<HeadWaiter> waiter_;  // from the first rest on
  bool started_ = false;
  uint64_t kept_m_ = 0;
  Clock::time_point kept_at_;
  struct Loss {
    Clock::time_point since;
    Step at;
    absl::StatusCode why;
  };
  std::optional<Loss> lost_;
  uint64_t looked_m_ = 0;                     // of the last verified head
  std::optional<Clock::time_point> read_at_;  // the entries after the newest version
  uint64_t uncovered_m_ = 0;  // if some of them then were in no version: of that newest
  uint64_t lag_told_m_ = 0;
  bool beyond_max_lag_ = false;
  std::chrono::milliseconds gap_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_WATCH_LOOP_H_
