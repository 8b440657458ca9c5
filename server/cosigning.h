// server/cosigning.h -- which witness is asked what next, and what its answer means.
//
//   Cosigning cosigning(policy, {});
//   cosigning.AddLog(1);
//   cosigning.NewHead(1, head, note, now_us);
//   for (const WitnessRequest& request : cosigning.Take(now_us)) ...  // POST it
//   WitnessEffect effect = cosigning.Answered(request, answer, now_us, wall_s);
//   if (effect.quorum) ...  // cosigning.quorum(1) has changed
//
// The rules, with no network, clock or thread in them:
//  - All witnesses of a log are asked for one head, the target, so that their
//    cosignatures meet on it. The newest head becomes the target when the last one has
//    its quorum, or nobody is left who may give it, or after Options::round_us; never
//    sooner than Options::min_interval_us after the last one.
//  - One request at a time for each witness and log, and few for each witness.
//  - What the witness cosigned last is a hint: 409 corrects it. So often only in a row.
//    One that is beyond the target already (somebody else asked it too) is not asked
//    for this target, and changes nothing for the others.
//  - A witness that cannot be reached, or is busy, is left alone for all logs, and then
//    asked for one; a witness that refuses one log is left alone for that one. The
//    pauses double, with jitter, and heed Retry-After.
//  - Each witness cosigns the target again after Options::recosign_us; one that then
//    has nothing newer to say, sooner.
//  - A cosignature from the future is not kept: it would count as fresh until then, and
//    no right one could replace it; one that is known from before counts as absent. One
//    from long ago counts, but is asked for again.
// Nothing is kept that does not verify. Not thread-safe.
#ifndef SETLOG_SERVER_COSIGNING_H_
#define SETLOG_SERVER_COSIGNING_H_

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http_client.h"
#include "log/note.h"
#include "log/policy.h"
#include "server/log_state.h"
#include "server/witness_answer.h"
#include "storage/store.h"

namespace setlog {

struct WitnessRequest {
  LogNumber log = 0;
  size_t witness = 0;     // in the policy
  uint64_t old_size = 0;  // the consistency proof to be sent starts here; 0 = none
  StoredHead head;
  std::string note;  // signed by the log alone
};

// What an answer has changed.
struct WitnessEffect {
  std::optional<WitnessFailure> failure;
  std::string detail;     // of the failure
  bool gathered = false;  // gathered(log) has
  bool quorum = false;    // quorum(log) has
  bool hint = false;      // hint(log, witness) has
  // The first failure after a success, or the first success after a failure: of the
  // witness as such, or of it and this log.
  bool turned = false;
  bool whole_witness = false;  // the failure is of the witness, not of this log
};

class Cosigning {
 public:
  struct Options {
    int64_t min_interval_us = 1'000'000;
    int64_t round_us = 15'000'000;
    int64_t recosign_us = int64_t{3600} * 1'000'000;
    int64_t first_pause_us = 1'000'000;
    int64_t longest_pause_us = int64_t{300} * 1'000'000;
    size_t in_flight = 16;  // of one witness
    int conflicts = 3;      // in a row, that are tried again at once
    std::function<double()> random = [] { return 0.5; };  // in [0, 1)
  };
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // Witnesses of the policy without a URL are never asked.
  Cosigning(Policy policy, Options options);

  const Policy& policy() const { return policy_; }

  void AddLog(LogNumber log);
  // What is known from before, of a log without a head yet: the size that a witness
  // cosigned last; and a note that MeetsQuorum, verified by the caller.
  void SetHint(LogNumber log, size_t witness, uint64_t size);
  void SetQuorum(LogNumber log, CosignedHead head);
  // The log's newest head and its note, signed by the log. Heads only grow.
  void NewHead(LogNumber log, const StoredHead& head, std::string note, int64_t now_us);

  // The requests to be made now. Each is under way until it is Answered.
  std::vector<WitnessRequest> Take(int64_t now_us);
  // When Take may give something that it does not give now; kNever.
  int64_t NextTime() const;
  // `wall_s` is what the clock on the wall says; `now_us` may never go back, and so
  // need not agree with it.
  WitnessEffect Answered(const WitnessRequest& request, const HttpResponse& answer,
                         int64_t now_us, uint64_t wall_s);

  // The head that the witnesses are being asked for, with all their cosignatures so
  // far; nothing before the first head.
  std::optional<CosignedHead> gathered(LogNumber log) const;
  // The newest that met the quorum.
  const std::optional<CosignedHead>& quorum(LogNumber log) const;
  uint64_t hint(LogNumber log, size_t witness) const;

  struct WitnessFigures {
    bool asked = false;           // it has a URL
    int64_t last_success_us = 0;  // 0 = never
    uint64_t lag = 0;             // entries, of the log where it is furthest behind
    std::array<uint64_t, kWitnessFailures> failures{};
  };
  WitnessFigures Figures(size_t witness) const;
  // Entries beyond the newest head that met the quorum.
  uint64_t QuorumLag(LogNumber log) const;

 private:
  // One witness and one log.
  struct Seat {
    uint64_t size = 0;  // the hint
    bool under_way = false;
    bool cosigned = false;  // the target
    int64_t cosigned_us = 0;
    int64_t not_before_us = 0;
    unsigned failures = 0;  // in a row
    bool down = false;      // since the last success there was a failure of this log
    int conflicts = 0;      // in a row
    int64_t due_us = kNever;
  };
  struct Log {
    StoredHead newest;
    std::string newest_note;
    struct Target {
      StoredHead head;
      std::string note;  // as the log signed it
      Note cosigned;
      bool met = false;
      int64_t since_us = 0;
    };
    std::optional<Target> target;
    std::optional<CosignedHead> quorum;
    std::vector<Seat> seats;  // one a witness
    int64_t timer_us = kNever;
  };
  struct Witness {
    bool asked = false;
    size_t under_way = 0;
    unsigned failures = 0;  // in a row
    bool down = false;      // since the last success there was a failure of its own
    int64_t not_before_us = 0;
    int64_t last_success_us = 0;
    std::array<uint64_t, kWitnessFailures> counts{};
    std::set<std::pair<int64_t, LogNumber>> queue;  // seats, by due_us
  };

  void Schedule(LogNumber number, Log& log, int64_t now_us);
  void SetTarget(Log& log, int64_t now_us);
  // Whether a witness may still cosign the target soon.
  bool MayComplete(const Log& log) const;
  void SetDue(LogNumber number, Seat& seat, size_t witness, int64_t due_us);
  int64_t Pause(unsigned failures, std::optional<uint64_t> retry_after_s) const;
  std::optional<WitnessFailure> Keep(Log& log, Seat& seat,
                                     const WitnessRequest& request,
                                     const WitnessCosignature& cosignature,
                                     int64_t now_us, uint64_t wall_s,
                                     WitnessEffect* effect);
  std::optional<WitnessFailure> Conflict(Log& log, Seat& seat,
                                         const WitnessRequest& request,
                                         std::optional<uint64_t> size,
                                         std::string* detail);

  const Policy policy_;
  const Options options_;
  std::vector<Witness> witnesses_;
  std::map<LogNumber, Log> logs_;
  std::set<std::pair<int64_t, LogNumber>> timers_;
};

// Whether the note, signed by anybody, carries cosignatures that meet the quorum. False
// for a policy without one.
bool MeetsQuorum(const Policy& policy, std::string_view note);

// InvalidArgument, saying what is missing, if no answer of any witness could ever meet
// the quorum: it needs witnesses of which the policy does not say where they are.
absl::Status CheckQuorumReachable(const Policy& policy);

}  // namespace setlog

#endif  // SETLOG_SERVER_COSIGNING_H_
