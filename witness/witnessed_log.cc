#include "witness/witnessed_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/conviction.h"
#include "log/cosignature.h"

namespace setlog {
namespace {

// Requests that wait for a replay hold a thread each: one log must not have them all.
constexpr int kMaxWaiting = 4;
constexpr unsigned kRetryLater = 2;

WitnessReply Plain(int status, std::string_view why, unsigned retry_after_s = 1) {
  return {.status = status,
          .body = absl::StrFormat("%s\n", why),
          .retry_after_s = retry_after_s};
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

absl::StatusOr<std::unique_ptr<WitnessedLog>> WitnessedLog::Open(Options options) {
  const CosignedHeads& heads = *options.heads;
  absl::StatusOr<std::optional<CosignedHead>> last = heads.Load(
      options.origin, options.keys, options.key->Verifier(SignatureType::kCosignature));
  if (!last.ok()) return last.status();
  absl::StatusOr<std::optional<Refusal>> refusal = heads.LoadRefusal(options.origin);
  if (!refusal.ok()) return refusal.status();
  auto log = std::unique_ptr<WitnessedLog>(new WitnessedLog(std::move(options)));
  MutexLock lock(log->mutex_);
  log->last_ = *std::move(last);
  log->refusal_ = *std::move(refusal);
  if (log->last_) log->offered_size_ = log->last_->checkpoint.size;
  return log;
}

WitnessReply WitnessedLog::Add(const SubmittedHead& submitted) {
  if (std::optional<WitnessReply> reply = Refused(submitted)) {
    // It may belong to another history, and an auditor can tell.
    if (auditor_ != nullptr &&
        (reply->status == 422 || submitted.head.size < figures().cosigned_size)) {
      auditor_->CheckLater(submitted.request.note, submitted.head);
    }
    return *reply;
  }
  if (auditor_ != nullptr) {
    if (std::optional<WitnessReply> reply = NotAudited(submitted)) return *reply;
  }
  // Again: somebody else may have come first meanwhile, or a lie come out.
  MutexLock lock(mutex_);
  if (std::optional<WitnessReply> reply = RefusedLocked(submitted)) return *reply;
  return CosignLocked(submitted);
}

std::optional<WitnessReply> WitnessedLog::Refused(const SubmittedHead& submitted) {
  std::optional<WitnessReply> reply;
  std::optional<TwoRoots> two_roots;
  {
    MutexLock lock(mutex_);
    reply = RefusedLocked(submitted);
    if (!refusal_ && JudgeSubmission(submitted, LastLocked()).two_roots) {
      two_roots = TwoRoots{last_->note, submitted.request.note};
    }
  }
  if (!two_roots) return reply;
  const Evidence evidence = *std::move(two_roots);
  if (!Convict(std::span(&evidence, 1))) return reply;
  MutexLock lock(mutex_);
  return Forbidden();
}

std::optional<Checkpoint> WitnessedLog::LastLocked() const {
  if (!last_) return std::nullopt;
  return last_->checkpoint;
}

std::optional<WitnessReply> WitnessedLog::RefusedLocked(
    const SubmittedHead& submitted) {
  if (refusal_) {
    if (!refusal_kept_) RefuseLocked(*refusal_);
    return Forbidden();
  }
  if (!health_.ok()) return Plain(503, Text(health_), 60);
  offered_size_ = std::max(offered_size_, submitted.head.size);
  const WitnessVerdict verdict = JudgeSubmission(submitted, LastLocked());
  if (verdict.status == 200) return std::nullopt;
  if (verdict.status != 409) return Plain(verdict.status, verdict.why);
  return WitnessReply{.status = 409,
                      .body = FormatTreeSize(last_ ? last_->checkpoint.size : 0),
                      .content_type = kTreeSizeType};
}

std::optional<WitnessReply> WitnessedLog::NotAudited(const SubmittedHead& submitted) {
  {
    MutexLock lock(mutex_);
    if (waiting_ >= kMaxWaiting) {
      return Plain(503, "others wait for the replay of this log already", kRetryLater);
    }
    ++waiting_;
  }
  const absl::Status checked =
      auditor_->Check(submitted.request.note, submitted.head, options_.patience);
  MutexLock lock(mutex_);
  --waiting_;
  if (refusal_) return Forbidden();
  if (checked.ok()) return std::nullopt;
  if (absl::IsDataLoss(checked)) return Plain(422, Text(checked));
  if (absl::IsUnimplemented(checked)) return Plain(403, Text(checked));
  return Plain(503, Text(checked), kRetryLater);
}

WitnessReply WitnessedLog::CosignLocked(const SubmittedHead& submitted) {
  const uint64_t time_s = options_.now_s();
  const absl::StatusOr<NoteSignature> line =
      SignCosignature(submitted.note.text, *options_.key, time_s);
  if (!line.ok()) return Plain(503, Text(line.status()), 60);
  Note note = WithoutStrangers(submitted.note, options_.keys);
  note.signatures.push_back(*line);
  CosignedHead head{FormatNote(note), submitted.head, time_s};
  const absl::Status kept = options_.heads->Store(origin(), head.note);
  if (!kept.ok()) {
    // Old or new: nobody knows which one a restart will find.
    health_ = absl::UnavailableError(
        absl::StrFormat("nothing is cosigned for %s any more, because it could not be "
                        "stored (%s): make room or mend the disk, then restart",
                        origin(), Text(kept)));
    options_.events->Write(LogLevel::kError, "not_stored",
                           {{"origin", origin()}, {"message", Text(kept)}});
    return Plain(503, Text(health_), 60);
  }
  last_ = std::move(head);
  options_.events->Write(
      LogLevel::kDebug, "cosigned",
      {{"origin", origin()}, {"size", submitted.head.size}, {"time", time_s}});
  return {.body = FormatSignatureLine(*line)};
}

bool WitnessedLog::Convict(std::span<const Evidence> candidates) {
  for (const VerifierKey& key : options_.keys) {
    const std::optional<Conviction> found =
        setlog::Convict(*options_.state, {.log_key = key}, candidates);
    if (!found) continue;
    Convict(Refusal{std::string(found->misbehaviour.kind), found->misbehaviour.what,
                    found->path});
    return true;
  }
  return false;
}

void WitnessedLog::Convict(Refusal refusal) {
  MutexLock lock(mutex_);
  // What was found first stays, unless nobody could be shown it.
  if (refusal_ && (!refusal_->evidence.empty() || refusal.evidence.empty())) return;
  RefuseLocked(std::move(refusal));
  options_.events->Write(LogLevel::kError, "log_convicted",
                         {{"origin", origin()},
                          {"kind", refusal_->kind},
                          {"evidence", refusal_->evidence},
                          {"message", refusal_->what}});
}

void WitnessedLog::RefuseLocked(Refusal refusal) {
  refusal_ = std::move(refusal);
  const absl::Status kept = options_.heads->StoreRefusal(origin(), *refusal_);
  refusal_kept_ = kept.ok();
  if (kept.ok()) return;
  options_.events->Write(LogLevel::kError, "not_stored",
                         {{"origin", origin()}, {"message", Text(kept)}});
}

WitnessReply WitnessedLog::Forbidden() const {
  // Without evidence this witness has seen it, and can prove it to nobody.
  const std::string_view because =
      refusal_->kind.empty() ? "" : ", whose own signatures prove misbehaviour";
  return Plain(403, absl::StrFormat("this witness no longer cosigns %s%s: %s", origin(),
                                    because, refusal_->what));
}

WitnessedLog::Figures WitnessedLog::figures() const {
  MutexLock lock(mutex_);
  Figures figures{
      .offered_size = offered_size_, .refusal = refusal_, .health = health_};
  if (last_) {
    figures.cosigned_size = last_->checkpoint.size;
    figures.cosigned_at_s = last_->time_s;
  }
  return figures;
}

std::optional<CosignedHead> WitnessedLog::last() const {
  MutexLock lock(mutex_);
  return last_;
}

}  // namespace setlog
