// witness/log_follower.h -- replays one log as it grows, and knows its roots.
//
//   LogFollower follower(*std::move(source), &state, *std::move(store), &log, options);
//   absl::Status audited = follower.Check(note, head, 5s);
//
// The thread asks the log for its newest head (HeadFollower: the key of --logs, never
// back, consistent with the one before), replays the entries up to it (LogAudit: every
// entry, index entry and tag recomputed), and compares the heads that Check was given
// with the roots that it came to; a smaller one by a consistency proof under the head
// that it replayed. A fault in an entry that stands under the log's head, two heads
// that contradict each other, and a head given to Check that does not begin like what
// was replayed convict the log: also if it does not help with the evidence, for which
// it is then asked until it does. What merely does not verify, or cannot be had, does
// not: the head is then not cosigned, and the log is asked again.
//
// What was replayed is kept at intervals and at the end, so a restart goes on from
// there; if it is damaged or does not fit the log, the replay begins at entry 0.
// Memory: log/replay.h. Thread-safe.
#ifndef SETLOG_WITNESS_LOG_FOLLOWER_H_
#define SETLOG_WITNESS_LOG_FOLLOWER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "client/audit_state.h"
#include "client/log_audit.h"
#include "client/log_client.h"
#include "client/state.h"
#include "daemon/event_log.h"
#include "log/replay.h"
#include "port/mutex.h"
#include "witness/log_source.h"
#include "witness/witnessed_log.h"

namespace setlog {

class LogFollower final : public HeadAuditor {
 public:
  struct Options {
    VerifierKey key;
    std::chrono::milliseconds poll;
    std::chrono::milliseconds keep_every;
    EventLog* events;  // outlives it
  };
  // `state` and `log` outlive it; `store` is of the same log.
  LogFollower(LogSource source, const StateDirectory* state, AuditStore store,
              WitnessedLog* log, Options options);
  // Keeps the replay, and waits for the thread: seconds at most.
  ~LogFollower() override;
  LogFollower(const LogFollower&) = delete;

  absl::Status Check(const std::string& note, const Checkpoint& head,
                     std::chrono::milliseconds patience) override;
  // It is asked until the log proves its root at that size. Of many, those go first
  // that are far beyond what was replayed, since any number of them may be made up with
  // the log's key; then those that were tried in vain most often.
  void CheckLater(const std::string& note, const Checkpoint& head) override;
  // The same of what was cosigned before, which never goes.
  void CheckCosigned(const std::string& note, const Checkpoint& head);

  // From its next look on it asks there; what was replayed stays.
  void MoveTo(LogSource source);

  // From now on nobody waits; begins what the destructor ends.
  void Stop();

  struct Figures {
    uint64_t replayed_size = 0;
    uint64_t head_size = 0;  // of the newest head that was verified
    uint64_t failures = 0;   // rounds that did not come to a head
    uint64_t kept_size = 0;
  };
  Figures figures() const;

 private:
  struct Question {
    std::string note;
    Checkpoint head;
    bool awaited = false;
    bool may_go = false;
    uint64_t tries = 0;     // that gave no answer
    uint64_t tried_in = 0;  // the last pass that did
    std::optional<absl::Status> answer;

    int rank() const { return awaited ? 0 : may_go ? 2 : 1; }
  };
  using Clock = std::chrono::steady_clock;

  void Run();
  void Connect();
  void TakeMove();
  void Load();
  // One look at the log; OK if everything up to its head was replayed.
  absl::Status Round();
  absl::StatusOr<VerifiedHead> NewestHead();
  absl::Status ReplayTo(VerifiedHead head);
  // Forgets what was replayed.
  void BeginAgain(const absl::Status& why);
  absl::Status MetFault(const LogAudit& audit);
  // Those that were asked before it: others must not keep the next round waiting. What
  // nobody waits for stays until it has an answer.
  void AnswerQuestions();
  // The first that pass `pass_` has not tried: awaited, cosigned, then the least tried
  // of those that may go.
  std::optional<std::pair<uint64_t, Question>> NextQuestion(uint64_t end, bool later)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Judge(const Question& question);
  // Without the log's help at first, then with it.
  void ConvictOfFork(const Question& question);
  absl::StatusOr<Evidence> MakeEvidenceOfFork() const;
  // Until the fork is proven to everybody.
  void ProveFork();
  absl::StatusOr<Hash> RootAt(uint64_t size);
  void Remember(uint64_t size, const Hash& root);
  bool SaveIsDue() const { return Clock::now() >= keep_at_; }
  void Save(const VerifiedHead& head, const Replay& replay);
  void Told(const absl::Status& status);
  bool stopping() const;
  // Until something is to be done.
  void Sleep(bool failed);
  uint64_t Ask(Question question) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether one more may be asked that nobody waits for; may drop another one for it.
  bool PlaceFor(const Checkpoint& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const std::string origin_;
  const StateDirectory* const state_;
  const AuditStore store_;
  WitnessedLog* const log_;

  // Of the thread.
  LogSource source_;
  std::optional<LogClient> client_;
  Replay replay_;
  bool authentic_ = true;  // all of it was compared with a head
  bool convicted_ = false;
  std::optional<Question> fork_;  // that convicts, and has no evidence yet
  absl::Status unsupported_;
  std::optional<VerifiedHead> head_;  // that was replayed
  std::map<uint64_t, Hash> roots_;    // of sizes that were heads, a few
  uint64_t kept_size_ = 0;
  Clock::time_point keep_at_;
  Clock::duration keep_took_{};
  int failed_rounds_ = 0;
  uint64_t asked_ = 0;  // next_id_ when the last round began
  uint64_t pass_ = 0;   // of AnswerQuestions
  std::string told_;

  mutable Mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<LogSource> moved_to_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Question> questions_ ABSL_GUARDED_BY(mutex_);
  // Heads that were found to be the log's, a few: no call is made for them again.
  std::map<uint64_t, Hash> good_ ABSL_GUARDED_BY(mutex_);
  Figures figures_ ABSL_GUARDED_BY(mutex_);
  std::string why_not_ ABSL_GUARDED_BY(mutex_) = "the replay has not begun";

  std::thread thread_;  // last: it uses everything above
};

}  // namespace setlog

#endif  // SETLOG_WITNESS_LOG_FOLLOWER_H_
