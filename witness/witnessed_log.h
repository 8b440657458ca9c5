// witness/witnessed_log.h -- one log of a witness: what is asked, judged, kept, signed.
//
//   absl::StatusOr<std::unique_ptr<WitnessedLog>> log = WitnessedLog::Open(options);
//   WitnessReply reply = (*log)->Add(submitted);    // 200 and a cosignature, or why
//   not
//
// The head that is cosigned last moves under a lock, from the judgement to the synced
// file: of two requests at a time one wins, and the other is 409. Nothing is answered
// before it is on the disk. Who audits is asked before (LogFollower): it knows the root
// of the entries that it replayed. A log that is convicted, by its own signatures, is
// never cosigned again: 403, also after a restart. Thread-safe.
#ifndef SETLOG_WITNESS_WITNESSED_LOG_H_
#define SETLOG_WITNESS_WITNESSED_LOG_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/state.h"
#include "daemon/event_log.h"
#include "log/evidence.h"
#include "log/skey.h"
#include "log/witness_judge.h"
#include "port/mutex.h"
#include "witness/cosigned_heads.h"

namespace setlog {

struct WitnessReply {
  int status = 200;
  std::string body;
  std::string_view content_type = "text/plain; charset=utf-8";
  unsigned retry_after_s = 1;
};

// Compares heads with what was replayed. Thread-safe.
class HeadAuditor {
 public:
  virtual ~HeadAuditor() = default;
  // OK if `head`, of the signed `note`, is the root of as many replayed entries.
  // Unavailable if they could not be replayed within `patience`, Unimplemented if they
  // never can be, DataLoss if their root is another one. A lie is told to whoever
  // convicts before this returns.
  virtual absl::Status Check(const std::string& note, const Checkpoint& head,
                             std::chrono::milliseconds patience) = 0;
  // The same of a head that nobody waits for: it convicts, or does nothing.
  virtual void CheckLater(const std::string& note, const Checkpoint& head) = 0;
};

class WitnessedLog {
 public:
  struct Options {
    std::string origin;
    std::vector<VerifierKey> keys;
    // All of these outlive it.
    const SigningKey* key;
    const CosignedHeads* heads;
    const StateDirectory* state;  // for evidence
    EventLog* events;
    std::chrono::milliseconds patience{5000};
    std::function<uint64_t()> now_s;
  };
  // DataLoss if what was cosigned last cannot be read.
  static absl::StatusOr<std::unique_ptr<WitnessedLog>> Open(Options options);

  const std::string& origin() const { return options_.origin; }
  std::span<const VerifierKey> keys() const { return options_.keys; }

  // From now on heads are asked about before they are cosigned. Before the first Add;
  // it outlives every Add.
  void Use(HeadAuditor* auditor) { auditor_ = auditor; }

  // Takes up to `patience` with an auditor, and two syncs.
  WitnessReply Add(const SubmittedHead& submitted);

  // If one of the candidates is evidence, it is kept, and the log never cosigned again.
  // False, with nothing done, if none is.
  bool Convict(std::span<const Evidence> candidates);
  // The same of what is evidence and kept already, or stands under the log's head
  // although nobody else can be shown it.
  void Convict(Refusal refusal);

  struct Figures {
    std::optional<uint64_t> cosigned_size;
    uint64_t cosigned_at_s = 0;
    uint64_t offered_size = 0;  // the largest that a key of the log signed
    std::optional<Refusal> refusal;
    absl::Status health;  // of its file
  };
  Figures figures() const;
  // What was cosigned last, with the log's lines and the cosignature.
  std::optional<CosignedHead> last() const;

 private:
  explicit WitnessedLog(Options options) : options_(std::move(options)) {}

  std::optional<Checkpoint> LastLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What is answered without signing anything; nothing if it may be signed.
  std::optional<WitnessReply> Refused(const SubmittedHead& submitted);
  std::optional<WitnessReply> RefusedLocked(const SubmittedHead& submitted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WitnessReply CosignLocked(const SubmittedHead& submitted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<WitnessReply> NotAudited(const SubmittedHead& submitted);
  void RefuseLocked(Refusal refusal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WitnessReply Forbidden() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  HeadAuditor* auditor_ = nullptr;

  mutable Mutex mutex_;
  std::optional<CosignedHead> last_ ABSL_GUARDED_BY(mutex_);
  std::optional<Refusal> refusal_ ABSL_GUARDED_BY(mutex_);
  bool refusal_kept_ ABSL_GUARDED_BY(mutex_) = true;
  uint64_t offered_size_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace setlog

#endif  // SETLOG_WITNESS_WITNESSED_LOG_H_
