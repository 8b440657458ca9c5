// tools/watch_loop.h -- follows a log's heads and tells what became of some records.
//
//   WatchLoop loop(session, log, store, std::move(input), options);
//   ExitCode code = loop.Run();   // until a signal, or until nothing can be believed
//
// In a private log it watches the records' labels, which it gets once, under the first
// head that is verified.
// A server that is lost is waited for; a head or an answer that does not verify ends
// it. Events are told first and kept as told afterwards: a watch that was killed in
// between tells them again. Not thread-safe.
#ifndef SETLOG_TOOLS_WATCH_LOOP_H_
#define SETLOG_TOOLS_WATCH_LOOP_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
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
#include "tools/vrf_flags.h"
#include "tools/watch_report.h"

namespace setlog {

struct WatchOptions {
  std::string input;    // in words, for people
  std::string command;  // --exec; "" for none
  int64_t interval_us = 60'000'000;
  bool once = false;
  std::optional<uint64_t> max_lag;  // entries that the set may be behind the head
};

struct WatchInput {
  std::vector<Hash> records;
  std::map<Hash, std::string> names;  // of some of them, for people
  std::optional<WatchState> before;   // where an earlier watch came to
  VrfFlags vrf;
};

class WatchLoop {
 public:
  // The first three must outlive it.
  WatchLoop(Session& session, LogSession& log, const WatchStore& store,
            WatchInput input, WatchOptions options);

  ExitCode Run();

 private:
  using Clock = std::chrono::steady_clock;

  // Makes the watch, if there is none yet; an exit code if there will be none.
  std::optional<ExitCode> Begin(const VerifiedHead& head);
  // Goes on where it stopped.
  absl::Status FindLabels(const VerifiedHead& head);
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
  // Where a look stopped: at the head; at the labels of the records; at what became of
  // them; at the entries that no version covers.
  enum class Step { kHead, kLabels, kEvents, kAhead };
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
  WatchInput input_;
  std::unique_ptr<VrfSource> vrf_;      // of a private log
  std::vector<LabelledRecord> labels_;  // as far as they are known, until it begins
  std::optional<RecordWatch> watch_;    // from the first verified head on
  const WatchOptions options_;
  WatchReport report_;
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
