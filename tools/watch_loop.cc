#include "tools/watch_loop.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/set_difference.h"
#include "tools/hook_command.h"
#include "tools/print_conviction.h"
#include "tools/progress.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

// Between two looks, so that a log with many heads a second costs few questions; it
// grows while the server tells of heads that it does not show.
constexpr milliseconds kLeastGap{250};
constexpr milliseconds kLongestGap{5000};
// How soon a signal is noticed.
constexpr milliseconds kTick{50};
// Without events the state is kept so often: it only saves the next run some entries.
constexpr std::chrono::seconds kKeepEvery{60};

// What passes by itself: a watch waits for it.
bool IsLoss(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status) || absl::IsAborted(status) ||
         absl::IsCancelled(status) || absl::IsInternal(status) ||
         absl::IsUnknown(status);
}

}  // namespace

WatchLoop::WatchLoop(Session& session, LogSession& log, const WatchStore& store,
                     WatchInput input, WatchOptions options)
    : session_(session),
      log_(log),
      store_(store),
      input_(std::move(input)),
      options_(std::move(options)),
      report_(&session.out, log.origin(), options_.input, std::move(input_.names)),
      kept_m_(input_.before ? input_.before->m : 0),
      gap_(kLeastGap) {}

ExitCode WatchLoop::Run() {
  while (true) {
    if (const std::optional<ExitCode> code = Look()) return *code;
    if (!session_.out.Flush()) return ExitCode::kUnverified;
    const bool done = options_.once && started_;
    if (!done && !interrupt_.requested()) Rest();
    if (done || interrupt_.requested()) {
      const absl::Status kept = started_ ? Keep() : absl::OkStatus();
      return kept.ok() ? ExitCode::kHolds : session_.out.Fail(kept);
    }
  }
}

void WatchLoop::Rest() {
  if (!waiter_) waiter_.emplace(&log_.connection(), log_.origin());
  const Clock::time_point begin = Clock::now();
  const auto passed = [begin] { return Clock::now() - begin; };
  while (!interrupt_.requested() && passed() < gap_) {
    std::this_thread::sleep_for(kTick);
  }
  // A lost server is asked again after the gap: nobody would tell that it is back.
  const std::chrono::microseconds interval(options_.interval_us);
  while (!interrupt_.requested() && !lost_ && passed() < interval) {
    if (waiter_->Wait(looked_m_, kTick)) return;
  }
}

std::optional<ExitCode> WatchLoop::Look() {
  const absl::StatusOr<VerifiedHead> head = log_.Head({}, {});
  if (!head.ok()) return Failed(Step::kHead, head.status());
  const bool is_new = !started_ || head->version.index.m != looked_m_;
  if (!lost_) gap_ = is_new ? kLeastGap : std::min(2 * gap_, kLongestGap);
  looked_m_ = head->version.index.m;
  if (const std::optional<ExitCode> code = Begin(*head)) return code;
  return watch_ ? LookAt(*head) : std::nullopt;
}

std::optional<ExitCode> WatchLoop::Begin(const VerifiedHead& head) {
  if (watch_) return std::nullopt;
  const Manifest& manifest = head.version.manifest;
  if (!vrf_ && (manifest.labels || input_.vrf.named())) {
    absl::StatusOr<std::unique_ptr<VrfSource>> opened =
        OpenVrfSource(input_.vrf, session_.server, manifest, log_.connection());
    if (!opened.ok()) return Unverified(opened.status());
    vrf_ = *std::move(opened);
    log_.client().UseVrf(vrf_.get());
  }
  std::vector<Hash> watched;
  if (manifest.labels) {
    if (const absl::Status found = FindLabels(head); !found.ok()) {
      return Failed(Step::kLabels, found);
    }
    watched.reserve(labels_.size());
    for (const auto& [label, record] : labels_) watched.push_back(label);
    report_.Labelled(std::exchange(labels_, {}));
  } else {
    watched = std::move(input_.records);
  }
  watch_.emplace(&log_.connection(), std::move(watched), std::move(input_.before));
  input_ = {};
  return std::nullopt;
}

absl::Status WatchLoop::FindLabels(const VerifiedHead& head) {
  const std::span<const Hash> records = input_.records;
  Progress progress("labels", records.size(), session_.out.quiet());
  // What was had before a failure was paid for.
  while (labels_.size() < records.size()) {
    if (interrupt_.requested()) return absl::CancelledError("interrupted");
    const auto rest = records.subspan(labels_.size());
    const absl::StatusOr<std::vector<LoggedValue>> piece = log_.client().ValuesOf(
        head, rest.first(std::min(rest.size(), LogClient::kBatchRecords)),
        WithProofs::kUnlessOwn);
    if (!piece.ok()) return piece.status();
    for (const LoggedValue& one : *piece) labels_.emplace_back(one.value, one.record);
    progress.Update(labels_.size());
  }
  return absl::OkStatus();
}

std::optional<ExitCode> WatchLoop::LookAt(const VerifiedHead& head) {
  const uint64_t since = watch_->state().m;
  absl::StatusOr<std::vector<WatchEvent>> events = std::vector<WatchEvent>();
  {
    Progress progress("asking", 0, session_.out.quiet() || started_);
    events = watch_->Look(head, [&](uint64_t done, uint64_t) -> absl::Status {
      progress.Update(done);
      if (interrupt_.requested()) return absl::CancelledError("interrupted");
      return absl::OkStatus();
    });
  }
  if (!events.ok()) {
    if (interrupt_.requested()) return std::nullopt;
    if (watch_->doubted()) return Doubt(head, events.status());
    return Failed(Step::kEvents, events.status());
  }
  if (lost_ && lost_->at != Step::kAhead) Found();
  if (!started_) report_.Start(*watch_, head, since);
  if (const std::optional<ExitCode> code = Tell(head, since, *events)) return code;
  return CheckLag(head);
}

std::optional<ExitCode> WatchLoop::CheckLag(const VerifiedHead& head) {
  const uint64_t m = head.version.index.m;
  const uint64_t lag = head.version.checkpoint.size - m;
  const std::chrono::microseconds interval(options_.interval_us);
  // Whether m moved or not: a server may also let it move, and stay behind.
  if (!read_at_ || Clock::now() - *read_at_ >= interval) {
    const absl::StatusOr<WatchAhead> ahead =
        watch_->ReadAhead(head, [&](uint64_t, uint64_t) -> absl::Status {
          if (interrupt_.requested()) return absl::CancelledError("interrupted");
          return absl::OkStatus();
        });
    if (!ahead.ok()) return Failed(Step::kAhead, ahead.status());
    if (lost_) Found();
    read_at_ = Clock::now();
    log_.NoteSuccessor(ahead->successor);
    // A log that grows is always a little behind: what stays so is told, once.
    const bool stays = options_.once || uncovered_m_ == m;
    uncovered_m_ = ahead->changes > 0 ? m : 0;
    if (ahead->changes > 0 && stays && lag_told_m_ != m) {
      lag_told_m_ = m;
      report_.Behind(head, *ahead);
    }
  }
  const bool beyond = options_.max_lag && lag > *options_.max_lag;
  if (beyond == beyond_max_lag_) return std::nullopt;
  beyond_max_lag_ = beyond;
  const absl::Status why = absl::DataLossError(absl::StrFormat(
      "the set of m = %d is %d entries behind the head of size %d; allowed are %d", m,
      lag, head.version.checkpoint.size, options_.max_lag.value_or(lag)));
  if (!beyond) {
    session_.out.Note(
        absl::StrFormat("the set of m = %d is within --max-lag again", m));
    return std::nullopt;
  }
  if (options_.once) return Unverified(why);
  report_.BeyondMaxLag(head, *options_.max_lag, why, log_.Explain(why));
  return std::nullopt;
}

std::optional<ExitCode> WatchLoop::Tell(const VerifiedHead& head, uint64_t since,
                                        const std::vector<WatchEvent>& events) {
  for (const WatchEvent& event : events) {
    report_.Event(*watch_, head, since, event);
    if (!session_.out.Flush()) return ExitCode::kUnverified;
    const bool told = options_.command.empty() || RunCommand(head, event);
    // Not all are told: none are kept as told, and the next run begins with them.
    if (!told || (interrupt_.requested() && &event != &events.back())) {
      return ExitCode::kHolds;
    }
  }
  const bool first = !started_;
  started_ = true;
  if (!first && events.empty() && Clock::now() - kept_at_ < kKeepEvery) {
    return std::nullopt;
  }
  const absl::Status kept = Keep();
  if (!kept.ok()) return session_.out.Fail(kept);
  return std::nullopt;
}

absl::Status WatchLoop::Keep() {
  const WatchState& state = watch_->state();
  if (state.m == kept_m_ && watch_->new_values() + watch_->dropped_values() == 0) {
    return absl::OkStatus();
  }
  const absl::StatusOr<std::optional<KnownLog>> known =
      log_.state().Load(log_.origin());
  if (!known.ok()) return known.status();
  WatchState kept = state;
  if (*known) kept.vkey = FormatVkey((*known)->key);
  if (absl::Status s = store_.Save(kept); !s.ok()) return s;
  kept_m_ = state.m;
  kept_at_ = Clock::now();
  return absl::OkStatus();
}

bool WatchLoop::RunCommand(const VerifiedHead& head, const WatchEvent& event) {
  const Hash& value = watch_->values()[event.place];
  const std::string hash = ToHex(report_.RecordOf(value));
  const absl::Status ran = RunHook(
      options_.command,
      {{"SETLOG_EVENT", std::string(WordOf(event))},
       {"SETLOG_HASH", hash},
       {"SETLOG_LABEL", vrf_ ? ToHex(value) : std::string()},
       {"SETLOG_ORIGIN", log_.origin()},
       {"SETLOG_INDEX_SIZE", absl::StrFormat("%d", head.version.index.m)},
       {"SETLOG_POSITION",
        event.position ? absl::StrFormat("%d", *event.position) : std::string()}},
      [this] { return interrupt_.requested(); },
      [&] {
        session_.out.Error(absl::StrFormat(
            "--exec for %s %s still runs after %d s: nothing more is told until it "
            "ends",
            hash, WordOf(event), kSlowHook.count()));
      });
  if (ran.ok()) return true;
  session_.out.Error(absl::StrFormat("--exec for %s %s: %s; the watch %s", hash,
                                     WordOf(event), std::string(ran.message()),
                                     absl::IsCancelled(ran) ? "ends" : "goes on"));
  return !absl::IsCancelled(ran);
}

void WatchLoop::Found() {
  const auto lost =
      std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - lost_->since);
  session_.out.Note(
      absl::StrFormat("%s answers again, after %d s; what happened meanwhile follows",
                      session_.server.address, lost.count()));
  lost_.reset();
  gap_ = kLeastGap;
}

std::optional<ExitCode> WatchLoop::Failed(Step at, const absl::Status& why) {
  if (interrupt_.requested()) return std::nullopt;
  const bool lies = log_.client().conviction() || log_.client().contradiction();
  if (lies || !IsLoss(why)) return Unverified(why);
  if (options_.once) return log_.Fail(why);
  // A server may go on showing heads and refuse the rest: that is no return. It is said
  // again when it is another loss, or for another reason.
  const bool headless = at == Step::kHead;
  const bool same =
      lost_ && (lost_->at == Step::kHead) == headless && lost_->why == why.code();
  if (!same && !headless) {
    // Or it was lost after it had shown this one.
    const absl::StatusOr<VerifiedHead> head = log_.Head({}, {});
    if (!head.ok()) return Failed(Step::kHead, head.status());
  }
  gap_ = lost_ ? std::min(2 * gap_, kLongestGap) : 2 * kLeastGap;
  lost_ = {lost_ ? lost_->since : Clock::now(), at, why.code()};
  if (same) return std::nullopt;
  const std::string words =
      headless || at == Step::kLabels
          ? log_.Explain(why)
          : absl::StrFormat(
                "%s shows heads, but refuses the entries or lookups behind them, "
                "so events may be missing: %s",
                session_.server.address, std::string(why.message()));
  session_.out.Error(absl::StrFormat(
      "lost: %s\n  The watch tries again until a signal ends it.", words));
  return std::nullopt;
}

ExitCode WatchLoop::Unverified(const absl::Status& why) {
  if (log_.CodeOf(why) != ExitCode::kUnverified) {
    const std::optional<Conviction>& found = log_.client().conviction();
    if (!found) return log_.Fail(why);
    const auto known = log_.state().Load(found->misbehaviour.origin);
    const bool pinned = known.ok() && *known && (*known)->pinned;
    return PrintConviction(*found, pinned, why, WatchReport::EndedFields(),
                           session_.out);
  }
  report_.Ended(why, log_.Explain(why));
  return ExitCode::kUnverified;
}

ExitCode WatchLoop::Doubt(const VerifiedHead& head, const absl::Status& why) {
  const WatchState& state = watch_->state();
  const absl::StatusOr<VerifiedHead> older =
      log_.Head({.size = state.index_position + 1}, {});
  if (older.ok() && older->version.index.m == state.m) {
    SetDifference between(&log_.connection(), &*older, &head);
    const auto found = between.Find([](const char*, uint64_t, uint64_t) {});
    if (!found.ok() && between.evidence()) {
      Json json = WatchReport::EndedFields();
      json["verdict"] = kMisbehaviour;
      json["origin"] = log_.origin();
      json["pinned"] = head.pinned;
      return ReportEvidence(*between.evidence(), head.version.log_key, head.pinned,
                            log_.state(), std::move(json), session_.out);
    }
  }
  return Unverified(absl::DataLossError(absl::StrFormat(
      "%s; evidence of it could not be made: `setlog audit` shows which is wrong, "
      "unless %s was changed",
      std::string(why.message()), store_.path())));
}

}  // namespace setlog
