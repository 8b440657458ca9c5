// `setlog audit`: replays a log from its first entry, or from the last audit on.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/audit_state.h"
#include "client/covering.h"
#include "client/fault_evidence.h"
#include "client/log_audit.h"
#include "client/stateless_audit.h"
#include "client/stateless_store.h"
#include "tools/audit_sample.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/interrupt.h"
#include "tools/known_conviction.h"
#include "tools/log_session.h"
#include "tools/print_conviction.h"
#include "tools/progress.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

struct AuditFlags {
  std::string origin;
  std::string state;
  std::string from;
  bool restart = false;
  bool stateless = false;
  std::optional<uint64_t> sample;
  int64_t keep_every_us = 10'000'000;
  TrustFlags trust;
};

class Audit {
 public:
  Audit(const AuditFlags& flags, Session& session, LogSession& log, AuditStore& store,
        StatelessStore& stateless_store)
      : flags_(flags),
        session_(session),
        log_(log),
        store_(store),
        stateless_store_(stateless_store) {}

  ExitCode Run() {
    absl::StatusOr<std::optional<AuditState>> state = std::nullopt;
    if (!flags_.restart) {
      if (flags_.stateless) {
        absl::StatusOr<std::optional<StatelessState>> last = stateless_store_.Load();
        if (!last.ok()) return Unverified(last.status());
        if (*last) return RunStateless(**std::move(last));
      }
      state = store_.Load();
    }
    if (!state.ok()) return Unverified(state.status());
    absl::StatusOr<VerifiedHead> head = NewestHead();
    if (!head.ok()) return Unverified(head.status());
    head_ = &*head;

    Replay replay(flags_.origin);
    std::optional<KnownHead> audited;
    if (*state) {
      absl::StatusOr<Checkpoint> checkpoint =
          OpenCheckpoint((*state)->note, head->version.log_key);
      if (!checkpoint.ok()) return Unverified(BadState(checkpoint.status()));
      audited = KnownHead{(*state)->note, *std::move(checkpoint)};
      if (const auto code = CheckSeen(*audited)) return *code;
      lead_ = LeadOf(*audited);
      absl::StatusOr<Replay> resumed =
          Replay::Resume(flags_.origin, std::move((*state)->replay));
      if (!resumed.ok()) return Unverified(BadState(resumed.status()));
      replay = *std::move(resumed);
    }
    if (const auto code = CheckElsewhere()) return *code;
    begin_ = replay.size();
    if (begin_ > head->version.checkpoint.size) {
      if (begin_ <= lead_) return NothingNew();
      return Unverified(BadState(absl::DataLossError(
          absl::StrFormat("it has audited %d entries under a head of fewer", begin_))));
    }
    LogAudit audit(&log_.connection(), head_, std::move(replay));
    audit_ = &audit;
    if (audited) {
      const absl::Status prefix = audit.CheckPrefix();
      if (absl::IsDataLoss(prefix)) return Unverified(BadState(prefix));
      if (!prefix.ok()) return Unverified(prefix);
    }
    return Replayed();
  }

 private:
  absl::StatusOr<VerifiedHead> NewestHead() {
    absl::StatusOr<VerifiedHead> head = log_.Head({}, {});
    if (absl::IsDataLoss(head.status()) && !log_.client().contradiction() &&
        !log_.client().conviction()) {
      // The newest index entry may be what is wrong with the log: its first one will
      // do.
      absl::StatusOr<VerifiedHead> first = log_.Head({.size = 2}, {});
      if (first.ok()) head = std::move(first);
    }
    return head;
  }

  ExitCode Replayed() {
    const absl::StatusOr<bool> finished =
        WithProgress([&](const std::function<absl::Status()>& after_piece) {
          return audit_->Run(after_piece);
        });
    if (!finished.ok()) return Unverified(finished.status());
    if (!*finished) return Misbehaving(*audit_->fault());
    const absl::Status saved = flags_.stateless ? SaveWithoutSet() : Save();
    if (!saved.ok()) return Unverified(saved);
    return Clean();
  }

  // From the state of an audit before, without the set.
  ExitCode RunStateless(StatelessState state) {
    const absl::StatusOr<VerifiedHead> head = NewestHead();
    if (!head.ok()) return Unverified(head.status());
    head_ = &*head;
    absl::StatusOr<Checkpoint> checkpoint =
        OpenCheckpoint(state.note, head->version.log_key);
    if (!checkpoint.ok()) return Unverified(BadState(checkpoint.status()));
    const KnownHead audited{state.note, *std::move(checkpoint)};
    if (const auto code = CheckSeen(audited)) return *code;
    lead_ = LeadOf(audited);
    if (const auto code = CheckElsewhere()) return *code;
    begin_ = state.size;
    if (begin_ > head->version.checkpoint.size) {
      if (begin_ <= lead_) return NothingNew();
      return Unverified(BadState(absl::DataLossError(
          absl::StrFormat("it has audited %d entries under a head of fewer", begin_))));
    }
    StatelessAudit audit(
        &log_.connection(), head_, [this](const At& at) { return log_.Head(at, {}); },
        std::move(state));
    stateless_audit_ = &audit;
    const absl::Status start = audit.CheckStart();
    if (absl::IsDataLoss(start)) return Unverified(BadState(start));
    if (!start.ok()) return Unverified(start);
    const absl::StatusOr<bool> finished =
        WithProgress([&](const std::function<absl::Status()>& after_piece) {
          return audit.Run(after_piece);
        });
    if (!finished.ok()) return Unverified(finished.status());
    if (!*finished) return Misbehaving(*audit.fault());
    if (absl::Status s = KeepStateless(); !s.ok()) return Unverified(s);
    return Clean();
  }

  // Runs the audit; keeps what it came to now and then, and when it is interrupted.
  template <typename RunAll>
  absl::StatusOr<bool> WithProgress(RunAll run) {
    const uint64_t size = head_->version.checkpoint.size;
    Progress progress("auditing", size - begin_, session_.out.quiet());
    const Interrupt interrupt;
    Clock::time_point keep_at = Clock::now() + KeepEvery();
    return run([&]() -> absl::Status {
      if (Reached() > begin_) progress.Update(Reached() - begin_);
      const bool stop = interrupt.requested() && Reached() < size;
      const Clock::time_point begin = Clock::now();
      if (!stop && begin < keep_at) return absl::OkStatus();
      const absl::Status kept = stateless_audit_ ? KeepStateless() : Keep();
      if (!kept.ok()) return kept;
      // At most a tenth of the time is spent on keeping.
      const Clock::time_point now = Clock::now();
      keep_at = now + std::max<Clock::duration>(KeepEvery(), 9 * (now - begin));
      if (!stop) return absl::OkStatus();
      return absl::CancelledError(absl::StrFormat(
          "interrupted after %d of %d entries, which are kept in %s: run it again to "
          "go on",
          Reached(), size, KeptPath()));
    });
  }

  // Entries below it were read.
  uint64_t Reached() const {
    if (stateless_audit_) return stateless_audit_->position();
    return audit_ ? audit_->replay().size() : begin_;
  }
  const PlacedIndex* LastIndex() const {
    if (stateless_audit_) return &stateless_audit_->last();
    if (!audit_ || !audit_->replay().state().last_index) return nullptr;
    return &*audit_->replay().state().last_index;
  }
  size_t Tags() const {
    if (stateless_audit_) return stateless_audit_->tags().size();
    return audit_ ? audit_->replay().tags().size() : 0;
  }
  const std::string& KeptPath() const {
    return stateless_audit_ ? stateless_store_.path() : store_.path();
  }

  absl::Status KeepStateless() {
    const absl::StatusOr<StatelessState> state = stateless_audit_->State();
    return state.ok() ? stateless_store_.Save(*state) : state.status();
  }
  // Of a replay that has come to its end: where a stateless audit goes on.
  absl::Status SaveWithoutSet() {
    StatelessState state = EmptyStatelessState();
    if (const PlacedIndex* last = LastIndex()) state.last = *last;
    absl::StatusOr<std::vector<Hash>> peaks =
        HashesBefore(audit_->tree(), state.last.entry.m);
    if (!peaks.ok()) return peaks.status();
    state.peaks = *std::move(peaks);
    state.note = head_->proof.checkpoint;
    state.size = audit_->replay().size();
    state.tags = audit_->replay().tags();
    return stateless_store_.Save(state);
  }

  Clock::duration KeepEvery() const {
    return std::chrono::microseconds(flags_.keep_every_us);
  }
  absl::Status Keep() {
    // Nothing is kept that another server would not lead further from.
    if (absl::Status s = audit_->CheckPrefix(); !s.ok()) return s;
    return Save();
  }
  absl::Status Save() {
    return store_.Save(head_->proof.checkpoint, audit_->replay().state());
  }

  absl::Status BadState(const absl::Status& why) const {
    return absl::DataLossError(absl::StrFormat(
        "%s does not fit the log (%s): restore it, or audit from the beginning with "
        "--restart",
        flags_.stateless ? stateless_store_.path() : store_.path(),
        std::string(why.message())));
  }

  // The head continues one that was taken before; else what to end with.
  std::optional<ExitCode> CheckSeen(const KnownHead& seen) {
    const Checkpoint& before = seen.checkpoint;
    const Checkpoint& now = head_->version.checkpoint;
    if (before.size == 0) return std::nullopt;
    if (before.size > now.size && head_->version.cosigned_at_s) {
      return CheckLead(seen);
    }
    if (before.size > now.size) {
      return Unverified(absl::DataLossError(
          absl::StrFormat("%s: the head went back from size %d to %d; %s",
                          flags_.origin, before.size, now.size, SavedNotes(seen))));
    }
    const TreeClient tree(&log_.connection(), now);
    Hash root = now.root;
    if (before.size < now.size) {
      const absl::StatusOr<ConsistencyResult> between =
          tree.Consistency(before.size, now.size);
      if (!between.ok()) return Unverified(between.status());
      root = between->root1;
    }
    if (root == before.root) return std::nullopt;
    return Convict(
        MakeForkEvidence(tree, seen.note, before.size, head_->proof.checkpoint),
        absl::StrFormat("the head of size %d does not continue the one of size %d",
                        now.size, before.size));
  }

  // With a quorum the head is the newest that witnesses cosigned: it may be older than
  // one that was taken without them, and must then be that one's past. Behind one that
  // they cosigned it does not go.
  std::optional<ExitCode> CheckLead(const KnownHead& seen) {
    const Checkpoint& now = head_->version.checkpoint;
    const absl::StatusOr<bool> met = log_.client().MeetsQuorum(seen.note);
    if (!met.ok()) return Unverified(met.status());
    if (*met) {
      return Unverified(absl::DataLossError(absl::StrFormat(
          "%s: the cosigned head went back from size %d to %d; %s", flags_.origin,
          seen.checkpoint.size, now.size, SavedNotes(seen))));
    }
    const TreeClient tree(&log_.connection(), seen.checkpoint);
    const absl::StatusOr<ConsistencyResult> between =
        tree.Consistency(now.size, seen.checkpoint.size);
    if (!between.ok()) return Unverified(between.status());
    if (between->root1 == now.root) return std::nullopt;
    return Convict(
        MakeForkEvidence(tree, head_->proof.checkpoint, now.size, seen.note),
        absl::StrFormat("the head of size %d does not continue the cosigned one of "
                        "size %d",
                        seen.checkpoint.size, now.size));
  }
  // The size of a head that is newer than the cosigned one; 0 = it is not.
  uint64_t LeadOf(const KnownHead& seen) const {
    const uint64_t size = seen.checkpoint.size;
    return size > head_->version.checkpoint.size ? size : 0;
  }
  // All that stands under the cosigned head was audited before.
  ExitCode NothingNew() {
    const uint64_t size = head_->version.checkpoint.size;
    Json json = Fields("CLEAN");
    json["root"] = ToHex(head_->version.checkpoint.root);
    const IndexEntry& index = head_->version.index;
    json["index_size"] = index.m;
    json["set_count"] = index.n;
    json["set_root"] = ToHex(index.set_root);
    session_.out.Verdict(
        json, "CLEAN",
        absl::StrFormat(": %s up to size %d, every entry of it audited before; nothing "
                        "newer has met the policy's quorum",
                        flags_.origin, size));
    session_.out.Detail(absl::StrFormat(
        "  the last audit came to size %d, under a head of size %d that continues this "
        "one: the cosigned head is older",
        begin_, lead_));
    session_.out.Detail(KeyDetail(head_->version.log_key, head_->pinned));
    return ExitCode::kHolds;
  }

  // With a state of its own: the head that this machine's other commands took last.
  std::optional<ExitCode> CheckElsewhere() {
    if (flags_.state.empty()) return std::nullopt;
    const absl::StatusOr<std::optional<KnownLog>> known = KnownElsewhere(flags_.origin);
    if (!known.ok()) return Unverified(known.status());
    if (!*known || !(*known)->head) return std::nullopt;
    if ((*known)->key != head_->version.log_key) {
      return Unverified(absl::DataLossError(absl::StrFormat(
          "the key %s is not the one known in SETLOG_HOME, %s",
          FormatVkey(head_->version.log_key), FormatVkey((*known)->key))));
    }
    if (const auto code = CheckSeen(*(*known)->head)) return code;
    if (!(*known)->cosigned) return std::nullopt;
    return CheckSeen(*(*known)->cosigned);
  }

 public:
  // What SETLOG_HOME knows of the log, if it is there.
  static absl::StatusOr<std::optional<KnownLog>> KnownElsewhere(
      const std::string& origin) {
    const absl::StatusOr<std::string> path = StateDirectory::DefaultPath();
    if (!path.ok()) return std::nullopt;
    // Asked for only, so not made: a service may have no home to write to.
    if (access(path->c_str(), F_OK) != 0) return std::nullopt;
    const absl::StatusOr<StateDirectory> state = StateDirectory::Open(*path);
    if (!state.ok()) return state.status();
    return state->Load(origin);
  }

 private:
  std::string SavedNotes(const KnownHead& seen) {
    const bool back = head_->version.checkpoint.size < seen.checkpoint.size;
    const std::string_view kind = back ? kRollbackNote : ".note";
    const auto first = log_.state().SaveEvidence(flags_.origin, seen.note, kind);
    const auto second =
        log_.state().SaveEvidence(flags_.origin, head_->proof.checkpoint, kind);
    const absl::Status& why = first.ok() ? second.status() : first.status();
    if (!why.ok()) {
      return absl::StrFormat("the notes could not be saved (%s)",
                             std::string(why.message()));
    }
    return absl::StrFormat("the notes are %s and %s", *first, *second);
  }

  Json Fields(std::string_view verdict) const {
    Json json{{"verdict", verdict}, {"origin", flags_.origin}};
    json["size"] = head_ ? Json(head_->version.checkpoint.size) : Json(nullptr);
    const PlacedIndex* last = LastIndex();
    json["index_size"] = last ? Json(last->entry.m) : Json(nullptr);
    json["set_count"] = last ? Json(last->entry.n) : Json(nullptr);
    json["set_root"] = last ? Json(ToHex(last->entry.set_root)) : Json(nullptr);
    json["checked"] = Reached() > begin_ ? Reached() - begin_ : 0;
    json["from"] = begin_;
    json["tags"] = Tags();
    json["stateless"] = stateless_audit_ != nullptr;
    json["pinned"] = head_ != nullptr && head_->pinned;
    json["state"] = flags_.stateless ? stateless_store_.path() : store_.path();
    return json;
  }

  ExitCode Clean() {
    Json json = Fields("CLEAN");
    json["root"] = ToHex(head_->version.checkpoint.root);
    session_.out.Verdict(
        json, "CLEAN",
        absl::StrFormat(
            ": %s up to size %d, every entry and every set root recomputed%s",
            flags_.origin, Reached(), stateless_audit_ ? " from the one before" : ""));
    Output& out = session_.out;
    out.Detail(absl::StrFormat(
        "  checked now: entries %d to %d%s", begin_, Reached(),
        begin_ > 0 ? "; an earlier audit read those before (--restart reads all)"
                   : ""));
    if (const PlacedIndex* last = LastIndex()) {
      out.Detail(absl::StrFormat("  set at m = %d: %d members, root %s; tags: %d",
                                 last->entry.m, last->entry.n,
                                 ToHex(last->entry.set_root), Tags()));
    }
    out.Detail(KeyDetail(head_->version.log_key, head_->pinned));
    out.Detail(absl::StrFormat("  kept in %s; run it again for what comes later",
                               json["state"].get<std::string>()));
    const auto& tags =
        stateless_audit_ ? stateless_audit_->tags() : audit_->replay().tags();
    for (const auto& [name, placed] : tags) log_.NoteSuccessor(name);
    return ExitCode::kHolds;
  }

  ExitCode Misbehaving(const ReplayFault& fault) {
    const std::string what =
        absl::StrFormat("entry %d: %s", fault.position, fault.reason);
    if (fault.rule == ReplayFault::Rule::kUnsupported) {
      return Unverified(absl::UnimplementedError(what));
    }
    return Convict(
        stateless_audit_ ? stateless_audit_->MakeEvidence() : audit_->MakeEvidence(),
        what);
  }

  // `why` stands under the head in any case; whether others can be shown it depends.
  ExitCode Convict(absl::StatusOr<Evidence> evidence, const std::string& why) {
    if (!evidence.ok()) {
      return Unverified(
          absl::Status(absl::StatusCode::kDataLoss,
                       absl::StrFormat("%s; evidence of it could not be made: %s", why,
                                       std::string(evidence.status().message()))));
    }
    return ReportEvidence(*evidence, head_->version.log_key, head_->pinned,
                          log_.state(), Fields(kMisbehaviour), session_.out);
  }

  ExitCode Unverified(const absl::Status& why) {
    // What the caller can put right, and heads that contradict each other.
    if (log_.CodeOf(why) != ExitCode::kUnverified && !absl::IsCancelled(why)) {
      return log_.Fail(why);
    }
    const std::string words = log_.Explain(why);
    Json json = Fields(WordOf(why));
    json["error"] = words;
    session_.out.Verdict(json, WordOf(why), ": " + words);
    session_.out.Detail("  Nothing was shown, neither honesty nor a lie.");
    return ExitCode::kUnverified;
  }

  const AuditFlags& flags_;
  Session& session_;
  LogSession& log_;
  AuditStore& store_;
  StatelessStore& stateless_store_;
  const VerifiedHead* head_ = nullptr;
  // The one that runs.
  LogAudit* audit_ = nullptr;
  StatelessAudit* stateless_audit_ = nullptr;
  uint64_t begin_ = 0;
  uint64_t lead_ = 0;  // LeadOf the head of the last audit
};

// A key that is known in SETLOG_HOME is known to an audit with a state of its own.
absl::Status BringKey(const AuditFlags& flags, const LogSession& log) {
  if (flags.state.empty() || !flags.trust.vkey.empty()) return absl::OkStatus();
  const absl::StatusOr<std::optional<KnownLog>> known =
      Audit::KnownElsewhere(flags.origin);
  if (!known.ok()) return known.status();
  if (!*known) return absl::OkStatus();
  return log.state().Update(flags.origin, [&](std::optional<KnownLog>& here) {
    if (!here) {
      here = KnownLog{
          .key = (*known)->key, .pinned = (*known)->pinned, .policy = (*known)->policy};
    }
    return absl::OkStatus();
  });
}

ExitCode RunSample(const AuditFlags& flags, Session& session) {
  if (!flags.from.empty()) {
    return session.out.Fail(absl::InvalidArgumentError(
        "--sample asks what the set says, and static files hold none: ask a server "
        "(--server) instead of files (--from)"));
  }
  if (!flags.state.empty() || flags.stateless || flags.restart) {
    return session.out.Fail(
        absl::InvalidArgumentError("--sample draws anew each time and keeps nothing: "
                                   "not with --state, --stateless "
                                   "or --restart"));
  }
  if (*flags.sample == 0 || *flags.sample > kMaxSample) {
    return session.out.Fail(absl::InvalidArgumentError(absl::StrFormat(
        "--sample takes 1 to %d entries; without it all are checked", kMaxSample)));
  }
  absl::StatusOr<LogSession> log = LogSession::Open(session, flags.trust, flags.origin,
                                                    {.trust_on_first_use = false});
  if (!log.ok()) return session.out.Fail(log.status());
  if (session.convicted)
    return *AlreadyConvicted(log->state(), flags.origin, session.out);
  return RunAuditSample(session, *log, *flags.sample);
}

ExitCode RunAudit(const AuditFlags& flags, Session& session) {
  if (flags.sample) return RunSample(flags, session);
  if (flags.stateless && !flags.from.empty()) {
    return session.out.Fail(absl::InvalidArgumentError(
        "--stateless needs proofs that only a server makes: leave it out, or ask one "
        "(--server) instead of files (--from)"));
  }
  absl::StatusOr<LogSession> log = LogSession::Open(
      session, flags.trust, flags.origin,
      {.home = flags.state, .from = flags.from, .trust_on_first_use = false});
  if (!log.ok()) return session.out.Fail(log.status());
  if (absl::Status s = BringKey(flags, *log); !s.ok()) return session.out.Fail(s);
  // Never CLEAN again, whatever fits; and not by another state's silence either.
  const absl::StatusOr<std::string> home = StateDirectory::DefaultPath();
  if (!session.convicted && home.ok() && access(home->c_str(), F_OK) == 0) {
    const absl::StatusOr<StateDirectory> elsewhere = StateDirectory::Open(*home);
    if (!elsewhere.ok()) return session.out.Fail(elsewhere.status());
    if (const auto code = AlreadyConvicted(*elsewhere, flags.origin, session.out)) {
      return *code;
    }
  }
  if (const auto code = AlreadyConvicted(log->state(), flags.origin, session.out)) {
    return *code;
  }
  const std::string directory = log->state().path() + "/audit";
  absl::StatusOr<AuditStore> store = AuditStore::Open(directory, flags.origin);
  if (!store.ok()) return session.out.Fail(store.status());
  StatelessStore stateless_store(directory, flags.origin);
  return Audit(flags, session, *log, *store, stateless_store).Run();
}

}  // namespace

Runner DeclareAudit(CLI::App& app) {
  auto flags = std::make_unique<AuditFlags>();
  AddOrigin(app, flags->origin);
  app.add_option("--state", flags->state,
                 "where keys, heads and progress are kept (default: SETLOG_HOME)")
      ->type_name("DIR");
  AddFrom(app, flags->from);
  app.add_flag("--restart", flags->restart,
               "from the first entry, not from the last run");
  app.add_flag("--stateless", flags->stateless,
               "check what was added since the last audit without holding the set");
  AddDuration(app, "--keep-every", flags->keep_every_us,
              "how often progress is kept on the way (10s)");
  AddNumber(app, "--sample", flags->sample,
            "a spot check: N entries drawn at random, and how likely it would have "
            "met a fault");
  AddVerdictFlags(app, flags->trust);
  app.footer(
      "  setlog audit example.org/pets --key example.org/pets+1a2b3c4d+...\n"
      "  CLEAN: example.org/pets up to size 1702, every entry and every set root "
      "...\n\n"
      "The key is never taken from the server: name it, or let it be known already.\n"
      "Memory: some 120 bytes a record at the peak. Run again, it checks what\n"
      "was added since; interrupted, it goes on. Exit code: 0 CLEAN, 3 UNVERIFIED\n"
      "(not all could be checked), 4 MISBEHAVIOUR, with an evidence file.\n\n"
      "--stateless shows the same with memory for what has changed only: each index\n"
      "entry must follow from the one before, by proofs that the server makes. That\n"
      "holds by induction, from an audit before: so its first run (and --restart)\n"
      "replays the log, and leaves some kilobytes for the next one.\n\n"
      "--sample answers SAMPLED (exit 0), never CLEAN: each drawn entry stands in its\n"
      "place under the head and is well formed, and the newest set denies no drawn\n"
      "add or remove that no later one explains. Of the others it tells only how\n"
      "many bad ones would have been met, and how probably: 300 of any number meet "
      "one\n"
      "in a hundred with 95 %.");
  return [flags = std::move(flags)](Session& session) {
    return RunAudit(*flags, session);
  };
}

}  // namespace setlog
