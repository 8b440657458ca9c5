#include "server/cosigning.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/witness_request.h"

namespace setlog {
namespace {

constexpr int64_t kSecond = 1'000'000;
// Whatever a witness asks for, it is asked again some time.
constexpr uint64_t kLongestRetryAfter = 3600;

// Of the time of a cosignature: it cannot be right at `now_s`.
bool IsAhead(uint64_t time_s, uint64_t now_s) {
  return time_s > now_s && time_s - now_s > kMaxClockSkewSeconds;
}

// When the key of `line` says in the note that it cosigned it; 0 = not at all, or in
// the future: what an older program or a wrong clock let in would make all that comes
// until then look old.
uint64_t HeldTime(const Note& note, const NoteSignature& line, uint64_t now_s) {
  for (const NoteSignature& held : note.signatures) {
    if (held.key_name != line.key_name || held.key_id != line.key_id) continue;
    const Bytes bytes = AsBytes(held.signature);
    if (bytes.size() < 8) continue;
    const uint64_t time_s = ReadU64(bytes);
    return IsAhead(time_s, now_s) ? 0 : time_s;
  }
  return 0;
}

// The note with the cosignature, unless it has a later one of the same key: whoever
// stands between could answer with what the witness said an hour ago.
Note WithLatest(Note note, const WitnessCosignature& cosignature, uint64_t now_s) {
  if (HeldTime(note, cosignature.line, now_s) > cosignature.time_s) return note;
  return WithSignature(std::move(note), cosignature.line);
}

}  // namespace

bool MeetsQuorum(const Policy& policy, std::string_view note) {
  if (!policy.quorum) return false;
  const absl::StatusOr<PolicyResult> result = EvaluatePolicy(policy, note);
  return result.ok() && result->quorum_met;
}

absl::Status CheckQuorumReachable(const Policy& policy) {
  if (!policy.quorum) return absl::OkStatus();
  const auto located = [&](Policy::Member member, const std::vector<bool>& groups) {
    return member.kind == Policy::Member::Kind::kWitness
               ? !policy.witnesses[member.index].url.empty()
               : static_cast<bool>(groups[member.index]);
  };
  std::vector<bool> groups;  // they refer only backwards
  for (const Policy::Group& group : policy.groups) {
    size_t members = 0;
    for (Policy::Member member : group.members) members += located(member, groups);
    groups.push_back(members >= group.threshold);
  }
  if (located(*policy.quorum, groups)) return absl::OkStatus();
  std::string names;
  for (const Policy::Witness& witness : policy.witnesses) {
    if (!witness.url.empty()) continue;
    names += absl::StrFormat("%s%s", names.empty() ? "" : ", ", witness.name);
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "its quorum can never be met, for there is no URL to ask %s at: write it at the "
      "end of the witness line",
      names));
}

Cosigning::Cosigning(Policy policy, Options options)
    : policy_(std::move(policy)),
      options_(std::move(options)),
      witnesses_(policy_.witnesses.size()) {
  for (size_t i = 0; i < witnesses_.size(); ++i) {
    witnesses_[i].asked = !policy_.witnesses[i].url.empty();
  }
}

void Cosigning::AddLog(LogNumber log) { logs_[log].seats.resize(witnesses_.size()); }

void Cosigning::SetHint(LogNumber log, size_t witness, uint64_t size) {
  logs_.at(log).seats[witness].size = size;
}

void Cosigning::SetQuorum(LogNumber log, CosignedHead head) {
  logs_.at(log).quorum = std::move(head);
}

void Cosigning::NewHead(LogNumber number, const StoredHead& head, std::string note,
                        int64_t now_us) {
  Log& log = logs_.at(number);
  if (log.target && head.size <= log.newest.size) return;
  log.newest = head;
  log.newest_note = std::move(note);
  Schedule(number, log, now_us);
}

bool Cosigning::MayComplete(const Log& log) const {
  for (size_t i = 0; i < log.seats.size(); ++i) {
    const Seat& seat = log.seats[i];
    if (witnesses_[i].asked && !seat.cosigned && seat.failures == 0 &&
        witnesses_[i].failures == 0 && seat.size <= log.target->head.size) {
      return true;
    }
  }
  return false;
}

// The newest head becomes the target.
void Cosigning::SetTarget(Log& log, int64_t now_us) {
  absl::StatusOr<Note> parsed = ParseNote(log.newest_note);
  if (!parsed.ok()) return;  // our own note always parses
  log.target = Log::Target{.head = log.newest,
                           .note = log.newest_note,
                           .cosigned = *std::move(parsed),
                           .since_us = now_us};
  for (Seat& seat : log.seats) seat.cosigned = false;
  if (!log.quorum || log.quorum->head != log.newest) return;
  // Known from before a restart.
  const absl::StatusOr<PolicyResult> known = EvaluatePolicy(policy_, log.quorum->note);
  absl::StatusOr<Note> cosigned = ParseNote(log.quorum->note);
  if (!known.ok() || !cosigned.ok()) return;
  log.target->cosigned = *std::move(cosigned);
  const uint64_t now_s = static_cast<uint64_t>(now_us / kSecond);
  for (const PolicyResult::Cosigner& cosigner : known->cosigners) {
    const auto witness =
        std::ranges::find(policy_.witnesses, cosigner.name, &Policy::Witness::name);
    Seat& seat = log.seats[witness - policy_.witnesses.begin()];
    if (IsAhead(cosigner.time_s, now_s)) {
      // As if it had not: it is asked, and what it says then takes the place of this.
      std::erase_if(log.target->cosigned.signatures, [&](const NoteSignature& line) {
        return line.key_name == witness->key.name && line.key_id == witness->key.id;
      });
      continue;
    }
    seat.cosigned = true;
    seat.cosigned_us = static_cast<int64_t>(std::min(cosigner.time_s, now_s)) * kSecond;
    seat.size = std::max(seat.size, log.target->head.size);
  }
  log.target->met = MeetsQuorum(policy_, FormatNote(log.target->cosigned));
}

void Cosigning::Schedule(LogNumber number, Log& log, int64_t now_us) {
  int64_t timer_us = kNever;
  if (!log.target) {
    SetTarget(log, now_us);
  } else if (log.newest.size > log.target->head.size) {
    const bool done = log.target->met || !MayComplete(log);
    const int64_t turn_us =
        log.target->since_us + (done ? options_.min_interval_us : options_.round_us);
    if (turn_us <= now_us) {
      SetTarget(log, now_us);
    } else {
      timer_us = turn_us;
    }
  }
  if (timer_us != log.timer_us) {
    if (log.timer_us != kNever) timers_.erase({log.timer_us, number});
    if (timer_us != kNever) timers_.insert({timer_us, number});
    log.timer_us = timer_us;
  }
  for (size_t i = 0; i < log.seats.size(); ++i) {
    Seat& seat = log.seats[i];
    int64_t due_us = kNever;
    if (log.target && witnesses_[i].asked && !seat.under_way &&
        seat.size <= log.target->head.size) {
      due_us = seat.cosigned ? seat.cosigned_us + options_.recosign_us
                             : log.target->since_us;
      due_us = std::max(due_us, seat.not_before_us);
    }
    SetDue(number, seat, i, due_us);
  }
}

void Cosigning::SetDue(LogNumber number, Seat& seat, size_t witness, int64_t due_us) {
  if (due_us == seat.due_us) return;
  auto& queue = witnesses_[witness].queue;
  if (seat.due_us != kNever) queue.erase({seat.due_us, number});
  if (due_us != kNever) queue.insert({due_us, number});
  seat.due_us = due_us;
}

std::vector<WitnessRequest> Cosigning::Take(int64_t now_us) {
  while (!timers_.empty() && timers_.begin()->first <= now_us) {
    const LogNumber number = timers_.begin()->second;
    Schedule(number, logs_.at(number), now_us);
  }
  std::vector<WitnessRequest> requests;
  for (size_t i = 0; i < witnesses_.size(); ++i) {
    Witness& witness = witnesses_[i];
    // After a failure one request finds out whether the witness is back.
    const size_t places = witness.failures > 0 ? 1 : options_.in_flight;
    while (witness.not_before_us <= now_us && witness.under_way < places &&
           !witness.queue.empty() && witness.queue.begin()->first <= now_us) {
      const LogNumber number = witness.queue.begin()->second;
      Log& log = logs_.at(number);
      Seat& seat = log.seats[i];
      SetDue(number, seat, i, kNever);
      seat.under_way = true;
      ++witness.under_way;
      requests.push_back({.log = number,
                          .witness = i,
                          .old_size = seat.size,
                          .head = log.target->head,
                          .note = log.target->note});
    }
  }
  return requests;
}

int64_t Cosigning::NextTime() const {
  int64_t next_us = timers_.empty() ? kNever : timers_.begin()->first;
  for (const Witness& witness : witnesses_) {
    const size_t places = witness.failures > 0 ? 1 : options_.in_flight;
    if (witness.queue.empty() || witness.under_way >= places) continue;
    next_us = std::min(next_us,
                       std::max(witness.queue.begin()->first, witness.not_before_us));
  }
  return next_us;
}

int64_t Cosigning::Pause(unsigned failures,
                         std::optional<uint64_t> retry_after_s) const {
  int64_t pause_us = options_.longest_pause_us;
  if (failures <= 20) {
    pause_us = std::min(pause_us, options_.first_pause_us << (failures - 1));
  }
  pause_us = static_cast<int64_t>(static_cast<double>(pause_us) *
                                  (0.75 + options_.random() / 2));
  if (retry_after_s) {
    const int64_t asked_us =
        static_cast<int64_t>(std::min(*retry_after_s, kLongestRetryAfter)) * kSecond;
    pause_us = std::max(pause_us, asked_us);
  }
  return pause_us;
}

std::optional<WitnessFailure> Cosigning::Conflict(Log& log, Seat& seat,
                                                  const WitnessRequest& request,
                                                  std::optional<uint64_t> size,
                                                  std::string* detail) {
  if (size && *size > log.newest.size) {
    *detail = absl::StrFormat(
        "it has cosigned size %d, the log has %d entries: an old copy of the data, or "
        "a second server with the log's key",
        *size, log.newest.size);
    return WitnessFailure::kAhead;
  }
  if (size && *size > log.target->head.size) {
    // Its head is ours, newer than the target: an answer that was lost, or another
    // submitter. It cannot go back, and the others shall not lose what they cosigned
    // because of it: it is asked for the next target that is not below.
    seat.size = *size;
    seat.conflicts = 0;
    return std::nullopt;
  }
  // Without a size, or with the one that was sent: what it cosigned is not known.
  const uint64_t hint = size.value_or(0);
  const bool helps = hint != request.old_size;
  seat.size = hint;
  if (helps && ++seat.conflicts <= options_.conflicts) return std::nullopt;
  *detail = size ? absl::StrFormat(
                       "it says that it cosigned size %d last, and does "
                       "not go on from there either",
                       *size)
                 : "409 without the size that it cosigned last: for this size it may "
                   "have cosigned another root";
  return WitnessFailure::kConflict;
}

std::optional<WitnessFailure> Cosigning::Keep(Log& log, Seat& seat,
                                              const WitnessRequest& request,
                                              const WitnessCosignature& cosignature,
                                              int64_t now_us, uint64_t wall_s,
                                              WitnessEffect* effect) {
  effect->hint = seat.size != request.head.size;
  // An answer that was overtaken on its way cannot take the hint back.
  seat.size = std::max(seat.size, request.head.size);
  const uint64_t time_s = cosignature.time_s;
  const auto off = [&](uint64_t seconds, const char* where) {
    effect->detail = absl::StrFormat(
        "its cosignature is of time %d, %d s %s the clock here (%d): one of the two "
        "clocks is wrong",
        time_s, seconds, where, wall_s);
    return WitnessFailure::kClock;
  };
  if (IsAhead(time_s, wall_s)) return off(time_s - wall_s, "ahead of");
  // Asking at once would bring the same again, and an hour from now it is old.
  const int64_t soon_us =
      now_us - std::max<int64_t>(options_.recosign_us - options_.longest_pause_us, 0);
  // The target has moved on: what it was has its quorum, or is given up.
  const bool of_target = log.target->head == request.head;
  if (of_target) {
    Note& note = log.target->cosigned;
    const uint64_t held_s = HeldTime(note, cosignature.line, wall_s);
    if (held_s >= time_s) {
      seat.cosigned_us = soon_us;
      effect->detail = absl::StrFormat(
          "asked to cosign size %d again it answers with what it said before, of time "
          "%d, or with something older (%d)",
          request.head.size, held_s, time_s);
      return WitnessFailure::kStale;
    }
    note = WithLatest(std::move(note), cosignature, wall_s);
    seat.cosigned = true;
    seat.cosigned_us = now_us;
    effect->gathered = true;
  }
  std::optional<WitnessFailure> failure;
  if (time_s + kMaxClockSkewSeconds < wall_s) {
    if (of_target) seat.cosigned_us = soon_us;
    failure = off(wall_s - time_s, "behind");
  }
  if (log.quorum && log.quorum->head == request.head) {
    const absl::StatusOr<Note> note = ParseNote(log.quorum->note);
    if (!note.ok()) return failure;
    log.quorum->note = FormatNote(WithLatest(*note, cosignature, wall_s));
    effect->quorum = true;
  }
  if (!effect->gathered || log.target->met) return failure;
  std::string note = FormatNote(log.target->cosigned);
  if (!MeetsQuorum(policy_, note)) return failure;
  log.target->met = true;
  log.quorum = CosignedHead{request.head, std::move(note)};
  effect->quorum = true;
  return failure;
}

WitnessEffect Cosigning::Answered(const WitnessRequest& request,
                                  const HttpResponse& answer, int64_t now_us,
                                  uint64_t wall_s) {
  Witness& witness = witnesses_[request.witness];
  Log& log = logs_.at(request.log);
  Seat& seat = log.seats[request.witness];
  seat.under_way = false;
  --witness.under_way;

  WitnessAnswer read =
      ReadWitnessAnswer(request.note, policy_.witnesses[request.witness].key, answer);
  WitnessEffect effect{.failure = read.failure, .detail = std::move(read.detail)};
  if (read.conflict) {
    effect.failure = Conflict(log, seat, request, read.conflict->size, &effect.detail);
  } else if (read.cosignature) {
    effect.failure =
        Keep(log, seat, request, *read.cosignature, now_us, wall_s, &effect);
  }
  if (effect.failure) {
    ++witness.counts[static_cast<size_t>(*effect.failure)];
    effect.whole_witness = IsOfWitness(*effect.failure);
  }
  if (effect.whole_witness) {
    // What was under way when it failed first is no further failure.
    if (witness.not_before_us <= now_us) {
      effect.turned = !std::exchange(witness.down, true);
      witness.not_before_us = now_us + Pause(++witness.failures, answer.retry_after_s);
    }
    // So that another log is the next that tries.
    seat.not_before_us = witness.not_before_us + 1;
  } else {
    // It answers: whatever it says, others may be asked of it.
    witness.failures = 0;
    witness.not_before_us = 0;
    if (effect.failure) {
      effect.turned = !std::exchange(seat.down, true);
      seat.conflicts = 0;
    }
    if (effect.failure == WitnessFailure::kStale ||
        (effect.failure == WitnessFailure::kClock && effect.gathered)) {
      // It works, and the next head need not wait for it.
      seat.failures = 0;
      seat.not_before_us = 0;
    } else if (effect.failure) {
      seat.not_before_us = now_us + Pause(++seat.failures, answer.retry_after_s);
    } else if (read.cosignature) {
      effect.whole_witness = std::exchange(witness.down, false);
      effect.turned = std::exchange(seat.down, false) || effect.whole_witness;
      seat.failures = 0;
      seat.conflicts = 0;
      seat.not_before_us = 0;
      witness.last_success_us = now_us;
    }
  }
  Schedule(request.log, log, now_us);
  return effect;
}

std::optional<CosignedHead> Cosigning::gathered(LogNumber number) const {
  const Log& log = logs_.at(number);
  if (!log.target) return std::nullopt;
  return CosignedHead{log.target->head, FormatNote(log.target->cosigned)};
}

const std::optional<CosignedHead>& Cosigning::quorum(LogNumber log) const {
  return logs_.at(log).quorum;
}

uint64_t Cosigning::hint(LogNumber log, size_t witness) const {
  return logs_.at(log).seats[witness].size;
}

Cosigning::WitnessFigures Cosigning::Figures(size_t i) const {
  const Witness& witness = witnesses_[i];
  WitnessFigures figures{.asked = witness.asked,
                         .last_success_us = witness.last_success_us,
                         .failures = witness.counts};
  for (const auto& [number, log] : logs_) {
    const uint64_t size = std::min(log.seats[i].size, log.newest.size);
    figures.lag = std::max(figures.lag, log.newest.size - size);
  }
  return figures;
}

uint64_t Cosigning::QuorumLag(LogNumber number) const {
  const Log& log = logs_.at(number);
  const uint64_t size = log.quorum ? log.quorum->head.size : 0;
  return log.newest.size - std::min(size, log.newest.size);
}

}  // namespace setlog
