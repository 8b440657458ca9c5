#include "witness/log_follower.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/fault_evidence.h"
#include "client/tree_client.h"
#include "log/tree.h"
#include "log/witness_judge.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSoon(100);  // after an answer that came too early
constexpr milliseconds kLongestPause(30000);
constexpr milliseconds kEvidencePatience(15000);
constexpr size_t kRoots = 256;
constexpr size_t kGoodHeads = 256;
constexpr size_t kMaxLaterQuestions = 16;
// A stop does not begin to write a set that took longer before.
constexpr std::chrono::seconds kMaxSaveAtStop(4);

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

LogFollower::LogFollower(LogSource source, const StateDirectory* state,
                         AuditStore store, WitnessedLog* log, Options options)
    : options_(std::move(options)),
      origin_(log->origin()),
      state_(state),
      store_(std::move(store)),
      log_(log),
      source_(std::move(source)),
      replay_(origin_) {
  Connect();
  thread_ = std::thread([this] { Run(); });
}

LogFollower::~LogFollower() {
  Stop();
  thread_.join();
}

void LogFollower::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void LogFollower::MoveTo(LogSource source) {
  {
    MutexLock lock(mutex_);
    moved_to_ = std::move(source);
  }
  changed_.notify_all();
}

void LogFollower::Connect() {
  source_.StopWhen([this] { return stopping(); });
  client_.emplace(
      &source_.connection(), state_,
      TrustOptions{.origin = origin_, .key = options_.key, .use_stored_policy = false});
}

void LogFollower::TakeMove() {
  std::optional<LogSource> next;
  {
    MutexLock lock(mutex_);
    next = std::exchange(moved_to_, std::nullopt);
  }
  if (!next) return;
  client_.reset();
  source_ = *std::move(next);
  Connect();
  failed_rounds_ = 0;
}

bool LogFollower::stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

LogFollower::Figures LogFollower::figures() const {
  MutexLock lock(mutex_);
  return figures_;
}

uint64_t LogFollower::Ask(Question question) {
  const uint64_t id = next_id_++;
  questions_.emplace(id, std::move(question));
  return id;
}

bool LogFollower::PlaceFor(const Checkpoint& head) {
  size_t later = 0;
  auto farthest = questions_.end();
  auto most_tried = questions_.end();
  for (auto it = questions_.begin(); it != questions_.end(); ++it) {
    const Question& question = it->second;
    if (!question.may_go) continue;
    if (question.head == head) return false;
    ++later;
    if (question.tries > 0 &&
        (most_tried == questions_.end() || question.tries > most_tried->second.tries)) {
      most_tried = it;
    }
    // What was replayed is tried in the next round: nothing pushes it out before.
    if (question.head.size <= figures_.replayed_size) continue;
    if (farthest == questions_.end() ||
        question.head.size > farthest->second.head.size) {
      farthest = it;
    }
  }
  if (later < kMaxLaterQuestions) return true;
  const bool nearer =
      farthest != questions_.end() && farthest->second.head.size > head.size;
  const auto goes = nearer ? farthest : most_tried;
  if (goes == questions_.end()) return false;
  questions_.erase(goes);
  return true;
}

void LogFollower::CheckLater(const std::string& note, const Checkpoint& head) {
  {
    MutexLock lock(mutex_);
    const auto good = good_.find(head.size);
    if (good != good_.end() && good->second == head.root) return;
    if (!PlaceFor(head)) return;
    Ask({.note = note, .head = head, .may_go = true});
  }
  changed_.notify_all();
}

void LogFollower::CheckCosigned(const std::string& note, const Checkpoint& head) {
  {
    MutexLock lock(mutex_);
    Ask({.note = note, .head = head});
  }
  changed_.notify_all();
}

absl::Status LogFollower::Check(const std::string& note, const Checkpoint& head,
                                milliseconds patience) {
  MutexLock lock(mutex_);
  if (stopping_) return absl::UnavailableError("the witness is stopping");
  const uint64_t id = Ask({.note = note, .head = head, .awaited = true});
  changed_.notify_all();
  lock.WaitFor(changed_, patience, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return stopping_ || questions_.at(id).answer.has_value();
  });
  const auto asked = questions_.extract(id);
  if (asked.mapped().answer) return *asked.mapped().answer;
  return absl::UnavailableError(
      absl::StrFormat("%d entries are replayed, of the %d that this head has: %s",
                      figures_.replayed_size, head.size, why_not_));
}

void LogFollower::Run() {
  Load();
  while (!stopping() && !convicted_) {
    TakeMove();
    {
      MutexLock lock(mutex_);
      asked_ = next_id_;
    }
    const absl::Status status = Round();
    if (stopping()) break;
    Told(status);
    AnswerQuestions();
    if (!convicted_ && SaveIsDue() && head_ && authentic_) Save(*head_, replay_);
    Sleep(!status.ok());
  }
  if (!convicted_ && head_ && authentic_ && keep_took_ < kMaxSaveAtStop) {
    Save(*head_, replay_);
  }
  // Whoever comes later is told by the log itself.
  AnswerQuestions();
  ProveFork();
}

// What is kept of a replay is worth its time and nothing else: every doubt is settled
// by replaying again.
void LogFollower::Load() {
  keep_at_ = Clock::now() + options_.keep_every;
  absl::StatusOr<std::optional<AuditState>> state = store_.Load();
  absl::Status bad = state.status();
  if (state.ok() && *state) {
    const absl::StatusOr<Checkpoint> head =
        OpenCheckpoint((*state)->note, options_.key);
    bad = head.status();
    if (head.ok()) {
      absl::StatusOr<Replay> replay =
          Replay::Resume(origin_, std::move((*state)->replay));
      bad = replay.status();
      if (replay.ok()) {
        replay_ = *std::move(replay);
        authentic_ = replay_.size() == 0;
        kept_size_ = replay_.size();
      }
    }
  }
  if (!bad.ok()) {
    options_.events->Write(
        LogLevel::kWarn, "replay_begins_again",
        {{"origin", origin_}, {"file", store_.path()}, {"message", Text(bad)}});
  }
  MutexLock lock(mutex_);
  figures_.kept_size = kept_size_;
  figures_.replayed_size = replay_.size();
}

absl::StatusOr<VerifiedHead> LogFollower::NewestHead() {
  absl::StatusOr<VerifiedHead> head = client_->Head();
  if (absl::IsDataLoss(head.status()) && !client_->contradiction() &&
      !client_->conviction()) {
    // The newest index entry may be what is wrong with the log: its first one will do.
    absl::StatusOr<VerifiedHead> first = client_->Head({.size = 2});
    if (first.ok()) head = std::move(first);
  }
  return head;
}

absl::Status LogFollower::Round() {
  if (!unsupported_.ok()) return unsupported_;
  absl::StatusOr<VerifiedHead> head = NewestHead();
  if (client_->conviction()) {
    const Conviction& found = *client_->conviction();
    convicted_ = true;
    log_->Convict(Refusal{std::string(found.misbehaviour.kind), found.misbehaviour.what,
                          found.path});
    return absl::PermissionDeniedError("the log is convicted");
  }
  if (!head.ok()) return head.status();
  const uint64_t size = head->version.checkpoint.size;
  {
    MutexLock lock(mutex_);
    figures_.head_size = size;
    why_not_ = absl::StrFormat("the log shows a head of size %d", size);
  }
  if (head_ && authentic_ && replay_.size() == size) return absl::OkStatus();
  return ReplayTo(*std::move(head));
}

absl::Status LogFollower::ReplayTo(VerifiedHead head) {
  const uint64_t size = head.version.checkpoint.size;
  if (replay_.size() > size) {
    return absl::UnavailableError(absl::StrFormat(
        "the log shows a head of size %d, and %d entries of it were replayed before",
        size, replay_.size()));
  }
  LogAudit audit(&source_.connection(), &head, std::move(replay_));
  if (!authentic_) {
    const absl::Status prefix = audit.CheckPrefix();
    if (absl::IsDataLoss(prefix)) {
      // What was kept, or came before an error, is not the log's.
      BeginAgain(prefix);
      return prefix;
    }
    if (!prefix.ok()) {
      replay_ = std::move(audit).TakeReplay();
      return prefix;
    }
    authentic_ = true;
  }
  const absl::StatusOr<bool> finished = audit.Run([&]() -> absl::Status {
    {
      MutexLock lock(mutex_);
      figures_.replayed_size = audit.replay().size();
      if (stopping_) return absl::CancelledError("the witness is stopping");
      if (moved_to_) return absl::CancelledError("the log has another address now");
    }
    if (!SaveIsDue()) return absl::OkStatus();
    if (absl::Status s = audit.CheckPrefix(); !s.ok()) return s;
    Save(head, audit.replay());
    return absl::OkStatus();
  });
  if (finished.ok() && !*finished) {
    // The audit has the replay, for the evidence; what is left here is none.
    replay_ = Replay(origin_);
    head_.reset();
    return MetFault(audit);
  }
  // A fault that could not be compared with the head stays in the replay, and may be
  // the server's alone: it must not be met again under a later head.
  if (absl::IsDataLoss(finished.status()) || audit.replay().faulted()) {
    BeginAgain(finished.status());
    // Not beside the one that is read: each may be as large as the set.
    { const Replay wrong = std::move(audit).TakeReplay(); }
    Load();  // from what was kept, if it was
    return finished.status();
  }
  authentic_ = finished.ok() || (stopping() && audit.CheckPrefix().ok());
  replay_ = std::move(audit).TakeReplay();
  if (authentic_) head_ = std::move(head);
  if (finished.ok()) Remember(size, replay_.Root());
  MutexLock lock(mutex_);
  figures_.replayed_size = replay_.size();
  return finished.status();
}

void LogFollower::BeginAgain(const absl::Status& why) {
  options_.events->Write(LogLevel::kWarn, "replay_begins_again",
                         {{"origin", origin_}, {"message", Text(why)}});
  replay_ = Replay(origin_);
  authentic_ = true;
  head_.reset();
  roots_.clear();
  kept_size_ = 0;
  MutexLock lock(mutex_);
  good_.clear();
}

absl::Status LogFollower::MetFault(const LogAudit& audit) {
  const ReplayFault& fault = *audit.fault();
  const std::string what =
      absl::StrFormat("entry %d: %s", fault.position, fault.reason);
  if (fault.rule == ReplayFault::Rule::kUnsupported) {
    unsupported_ = absl::UnimplementedError(
        absl::StrFormat("this witness cannot replay such a log: %s", what));
    return unsupported_;
  }
  convicted_ = true;
  // First of all it is written down; the evidence may need the log's help.
  log_->Convict(
      Refusal{"", absl::StrFormat("under its signed head stands %s", what), ""});
  Retry retry(kEvidencePatience);
  absl::StatusOr<Evidence> evidence = audit.MakeEvidence();
  while (!evidence.ok() && !stopping() && retry.WaitAfter(evidence.status())) {
    evidence = audit.MakeEvidence();
  }
  if (evidence.ok()) {
    log_->Convict(std::span(&*evidence, 1));
  } else {
    options_.events->Write(LogLevel::kError, "no_evidence",
                           {{"origin", origin_}, {"message", Text(evidence.status())}});
  }
  return absl::PermissionDeniedError(what);
}

void LogFollower::Remember(uint64_t size, const Hash& root) {
  roots_[size] = root;
  if (roots_.size() > kRoots) roots_.erase(roots_.begin());
}

absl::StatusOr<Hash> LogFollower::RootAt(uint64_t size) {
  if (size == 0) return EmptyRoot();
  if (const auto known = roots_.find(size); known != roots_.end()) return known->second;
  const TreeClient tree(&source_.connection(), head_->version.checkpoint);
  const absl::StatusOr<ConsistencyResult> proof =
      tree.Consistency(size, head_->version.checkpoint.size);
  if (!proof.ok()) return proof.status();
  return proof->root1;
}

absl::Status LogFollower::Judge(const Question& question) {
  const uint64_t size = question.head.size;
  const absl::StatusOr<Hash> root = RootAt(size);
  if (!root.ok()) {
    return absl::UnavailableError(absl::StrFormat(
        "the log did not prove its root at size %d: %s", size, Text(root.status())));
  }
  if (*root == question.head.root) return absl::OkStatus();
  ConvictOfFork(question);
  return absl::DataLossError(absl::StrFormat(
      "the first %d entries of the log do not lead to this root", size));
}

void LogFollower::ConvictOfFork(const Question& question) {
  convicted_ = true;
  fork_ = question;
  // The log's own signatures are on both heads, and the replay knows the root; the
  // evidence takes calls, to a server that may be the liar's. So nothing waits for it.
  const auto of_the_log = [&](const std::string& note) {
    const absl::StatusOr<Note> parsed = ParseNote(note);
    if (!parsed.ok()) return note;
    return FormatNote(WithoutStrangers(*parsed, std::span(&options_.key, 1)));
  };
  fork_->note = of_the_log(question.note);
  log_->Convict(
      Refusal{"",
              absl::StrFormat("its signed heads of size %d and %d are of two histories",
                              question.head.size, head_->version.checkpoint.size),
              "",
              {fork_->note, of_the_log(head_->proof.checkpoint)}});
  const absl::StatusOr<Evidence> evidence = MakeEvidenceOfFork();
  if (evidence.ok() && log_->Convict(std::span(&*evidence, 1))) {
    fork_.reset();
    return;
  }
  options_.events->Write(LogLevel::kError, "no_evidence",
                         {{"origin", origin_}, {"message", Text(evidence.status())}});
}

absl::StatusOr<Evidence> LogFollower::MakeEvidenceOfFork() const {
  const TreeClient tree(&source_.connection(), head_->version.checkpoint);
  return MakeForkEvidence(tree, fork_->note, fork_->head.size, head_->proof.checkpoint);
}

void LogFollower::ProveFork() {
  milliseconds pause = kSoon;
  while (fork_) {
    {
      MutexLock lock(mutex_);
      lock.WaitFor(changed_, pause, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return stopping_ || moved_to_;
      });
      if (stopping_) return;
    }
    TakeMove();
    const absl::StatusOr<Evidence> evidence = MakeEvidenceOfFork();
    if (evidence.ok() && log_->Convict(std::span(&*evidence, 1))) return;
    pause = std::min(kLongestPause, 2 * pause);
  }
}

std::optional<std::pair<uint64_t, LogFollower::Question>> LogFollower::NextQuestion(
    uint64_t end, bool later) {
  const Question* first = nullptr;
  uint64_t first_id = 0;
  for (const auto& [id, question] : questions_) {
    if (id >= end) break;
    if (question.answer || question.tried_in == pass_) continue;
    if (question.may_go && !later) continue;
    const bool known = head_ && authentic_ &&
                       question.head.size <= head_->version.checkpoint.size &&
                       question.head.size <= replay_.size();
    if (!known && unsupported_.ok() && !convicted_) continue;
    if (first != nullptr && std::pair(question.rank(), question.tries) >=
                                std::pair(first->rank(), first->tries)) {
      continue;
    }
    first = &question;
    first_id = id;
  }
  if (first == nullptr) return std::nullopt;
  return std::pair(first_id, *first);
}

void LogFollower::AnswerQuestions() {
  std::optional<uint64_t> end;
  bool later = true;
  ++pass_;
  while (true) {
    std::optional<std::pair<uint64_t, Question>> next;
    {
      MutexLock lock(mutex_);
      if (stopping_ && !convicted_) return;  // each might cost a call
      if (!end) end = next_id_;
      next = NextQuestion(*end, later || convicted_);
    }
    if (!next) break;
    absl::Status answer = unsupported_;
    if (convicted_) answer = absl::PermissionDeniedError("the log is convicted");
    if (answer.ok()) answer = Judge(next->second);
    MutexLock lock(mutex_);
    if (answer.ok()) {
      const Checkpoint& head = next->second.head;
      good_[head.size] = head.root;
      // The smallest: who asks about old heads has the most of them.
      if (good_.size() > kGoodHeads) good_.erase(good_.begin());
    }
    const auto asked = questions_.find(next->first);
    if (asked == questions_.end()) continue;  // gave up
    Question& question = asked->second;
    if (question.awaited) {
      question.answer = answer;
    } else if (absl::IsUnavailable(answer)) {
      // Who refuses a proof may be who fears it. One such call a round is enough for
      // those of which there may be many.
      ++question.tries;
      question.tried_in = pass_;
      if (question.may_go) later = false;
    } else {
      questions_.erase(asked);
    }
    changed_.notify_all();
  }
}

void LogFollower::Save(const VerifiedHead& head, const Replay& replay) {
  if (replay.size() == kept_size_) return;
  const Clock::time_point begin = Clock::now();
  const absl::Status kept = store_.Save(head.proof.checkpoint, replay.state());
  const Clock::time_point now = Clock::now();
  keep_took_ = now - begin;
  // At most a tenth of the time is spent on keeping.
  keep_at_ = now + std::max<Clock::duration>(options_.keep_every, 9 * keep_took_);
  if (!kept.ok()) {
    options_.events->Write(LogLevel::kWarn, "replay_not_kept",
                           {{"origin", origin_}, {"message", Text(kept)}});
    return;
  }
  kept_size_ = replay.size();
  MutexLock lock(mutex_);
  figures_.kept_size = kept_size_;
}

// When it begins to fail, when the reason changes and when it is over; not each time.
void LogFollower::Told(const absl::Status& status) {
  failed_rounds_ = status.ok() ? 0 : failed_rounds_ + 1;
  const std::string message = status.ok() ? "" : Text(status);
  if (!status.ok()) {
    MutexLock lock(mutex_);
    ++figures_.failures;
    why_not_ = message;
  }
  if (message == told_) return;
  options_.events->Write(status.ok() ? LogLevel::kInfo : LogLevel::kWarn,
                         status.ok() ? "log_followed" : "log_not_followed",
                         {{"origin", origin_}, {"message", message}});
  told_ = message;
}

void LogFollower::Sleep(bool failed) {
  milliseconds pause = options_.poll;
  if (failed) {
    const int doublings = std::min(failed_rounds_ - 1, 16);
    pause = std::min(kLongestPause, std::max(kSoon, pause) * (1 << doublings));
  }
  MutexLock lock(mutex_);
  bool waits = false;
  for (const auto& [id, question] : questions_) {
    waits = waits || (question.awaited && !question.answer);
  }
  // Somebody waits for a head that the log does not show yet.
  if (waits) pause = std::min(pause, kSoon);
  lock.WaitFor(changed_, pause, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return stopping_ || moved_to_ || next_id_ != asked_;
  });
}

}  // namespace setlog
