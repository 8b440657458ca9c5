// `setlog model audit`: do the logs still say of a model's data what its signer signed?

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/fault_evidence.h"
#include "tools/flags.h"
#include "tools/known_conviction.h"
#include "tools/log_session.h"
#include "tools/model_commands.h"
#include "tools/model_report.h"
#include "tools/print_conviction.h"
#include "tools/signed_data.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"
#include "tools/version_name.h"

namespace setlog {
namespace {

struct ModelAuditFlags {
  SignedDataFlags signed_data;
  std::string from;
};

// One head, against its log as it is now.
class HeadAudit {
 public:
  HeadAudit(const ModelAuditFlags& flags, const SignedData& data, const DataHead& head,
            Session& session)
      : flags_(flags), data_(data), head_(head), session_(session) {}

  ExitCode Run() {
    Output& out = session_.out;
    const TrustFlags& trust = flags_.signed_data.trust;
    const absl::StatusOr<JudgedHead> judged = JudgeHead(head_, trust, out);
    if (!judged.ok()) return out.Fail(judged.status());
    if (judged->conviction) {
      return PrintMemoryConviction(*judged->conviction, JsonOf(head_), out);
    }
    if (!judged->status.ok()) {
      return Unverified(WordOf(judged->status), WhyNotBelieved(head_, *judged));
    }
    absl::StatusOr<LogSession> log =
        LogSession::Open(session_, TrustFor(origin(), trust), origin(),
                         {.from = flags_.from, .trust_on_first_use = false});
    if (!log.ok()) return out.Fail(log.status());
    log_ = &*log;
    if (const auto code = AlreadyConvicted(log->state(), origin(), out)) return *code;
    const absl::StatusOr<VerifiedHead> now = log->Head({}, {});
    if (!now.ok()) return Unverified(now.status());
    if (const auto code = CheckContinues(*now)) return *code;
    return CheckVersion();
  }

 private:
  const std::string& origin() const { return head_.version.manifest.origin; }

  // The log only grew since the head that was signed; else what to end with.
  std::optional<ExitCode> CheckContinues(const VerifiedHead& now) {
    const Checkpoint& before = head_.version.checkpoint;
    const uint64_t size = now.version.checkpoint.size;
    if (size < before.size) {
      return Unverified(absl::DataLossError(absl::StrFormat(
          "the log went back from size %d, which the model names, to %d; %s",
          before.size, size, SavedNotes(now))));
    }
    const TreeClient tree(&log_->connection(), now.version.checkpoint);
    const absl::StatusOr<ConsistencyResult> between =
        tree.Consistency(before.size, size);
    if (!between.ok()) return Unverified(between.status());
    if (between->root1 == before.root) return std::nullopt;
    const absl::StatusOr<Evidence> evidence = MakeForkEvidence(
        tree, head_.proof.checkpoint, before.size, now.proof.checkpoint);
    if (!evidence.ok()) {
      return Unverified(absl::DataLossError(absl::StrFormat(
          "the head of size %d does not continue the one of size %d that the model "
          "names; evidence of it could not be made: %s",
          size, before.size, std::string(evidence.status().message()))));
    }
    return ReportEvidence(*evidence, now.version.log_key, now.pinned, log_->state(),
                          Fields(kMisbehaviour), session_.out);
  }

  // The tag is the same version. Both heads hold the same entries by now: another
  // answer is the server's, not the log's.
  ExitCode CheckVersion() {
    const absl::StatusOr<VerifiedHead> now =
        log_->Head({.tag = head_.version.tag->name}, {});
    if (absl::IsNotFound(now.status())) {
      return Unverified(absl::DataLossError(
          "the server does not show the version, which stands in the log: " +
          std::string(now.status().message())));
    }
    if (!now.ok()) return Unverified(now.status());
    if (now->version.index != head_.version.index ||
        now->proof.tag->position != head_.proof.tag->position) {
      return Unverified(
          absl::DataLossError("the server shows another version of this name"));
    }
    const uint64_t grown = now->version.checkpoint.size - head_.version.checkpoint.size;
    Json json = Fields(kVerified);
    json["log_size"] = now->version.checkpoint.size;
    json["pinned"] = now->pinned;
    session_.out.Verdict(
        json, kVerified,
        absl::StrFormat(" %s stands in its log as %s names it; %s", head_.Name(),
                        data_.model, AuditWords(now->version)));
    session_.out.Detail(absl::StrFormat(
        "  set     at size %d, claimed count %d members, root %s\n"
        "  log     of size %d; %d entries more than when the model was signed, and "
        "consistent",
        head_.version.index.m, head_.version.index.n,
        ToHex(head_.version.index.set_root), now->version.checkpoint.size, grown));
    session_.out.Detail(FreshnessDetail(now->version.cosigned_at_s));
    session_.out.Detail(KeyDetail(now->version.log_key, now->pinned));
    log_->NoteSuccessor(head_.version.tag->name);
    return ExitCode::kHolds;
  }

  std::string SavedNotes(const VerifiedHead& now) {
    const auto first =
        log_->state().SaveEvidence(origin(), head_.proof.checkpoint, kRollbackNote);
    const auto second =
        log_->state().SaveEvidence(origin(), now.proof.checkpoint, kRollbackNote);
    const absl::Status& why = first.ok() ? second.status() : first.status();
    if (why.ok()) return absl::StrFormat("the notes are %s and %s", *first, *second);
    return absl::StrFormat("the notes could not be saved (%s)",
                           std::string(why.message()));
  }

  Json Fields(std::string_view verdict) const {
    Json json{{"verdict", verdict}};
    json.update(JsonOf(head_));
    return json;
  }

  ExitCode Unverified(const absl::Status& why) {
    // What the caller can put right, and a log that was caught.
    if (log_->CodeOf(why) != ExitCode::kUnverified) return log_->Fail(why);
    return Unverified(WordOf(why), log_->Explain(why));
  }
  ExitCode Unverified(std::string_view word, const std::string& why) {
    Json json = Fields(word);
    json["error"] = why;
    session_.out.Verdict(json, word, absl::StrFormat(" %s: %s", head_.Name(), why));
    return ExitCode::kUnverified;
  }

  const ModelAuditFlags& flags_;
  const SignedData& data_;
  const DataHead& head_;
  Session& session_;
  LogSession* log_ = nullptr;
};

ExitCode ModelAudit(const ModelAuditFlags& flags, Session& session) {
  Output& out = session.out;
  for (const std::string& name : flags.signed_data.data) {
    const absl::StatusOr<VersionName> parsed = ParseVersionName(name);
    if (!parsed.ok()) return out.Fail(parsed.status());
    if (parsed->at.tag) continue;
    return out.Fail(absl::InvalidArgumentError(
        "--data " + name + ": a model names versions by tags: ORIGIN@TAG"));
  }
  SignedDataFlags every = flags.signed_data;
  every.data.clear();
  std::variant<ExitCode, SignedData> opened = OpenSignedData(every, out);
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
  SignedData& data = std::get<SignedData>(opened);
  absl::StatusOr<std::vector<DataHead>> heads =
      HeadsNamed(std::move(data.heads), flags.signed_data.data);
  if (!heads.ok()) {
    // What the signer signed is known, and it is something else.
    const std::string why(heads.status().message());
    out.Verdict({{"verdict", kRefused}, {"model", data.model}, {"error", why}},
                kRefused, absl::StrFormat(" %s: %s", data.model, why));
    return ExitCode::kDoesNotHold;
  }
  data.heads = *std::move(heads);
  if (!flags.from.empty() && data.heads.size() > 1) {
    return out.Fail(absl::InvalidArgumentError(absl::StrFormat(
        "--from has the files of one log, and the model names %d versions: say which "
        "with --data",
        data.heads.size())));
  }
  return AnswerEach(data, out, [&](const DataHead& head) {
    return HeadAudit(flags, data, head, session).Run();
  });
}

}  // namespace

Runner DeclareModelAudit(CLI::App& app) {
  auto flags = std::make_unique<ModelAuditFlags>();
  AddSignedDataFlags(app, flags->signed_data);
  AddFrom(app, flags->from);
  app.footer(
      "  setlog model audit digits --signature digits.sig --public-key ml.pub\n"
      "  VERIFIED example.org/digits@v1 stands in its log as digits names it ...\n\n"
      "One verdict for each version that the model names: the log has only grown since "
      "the\n"
      "head that was signed, and the version is still what it was. `setlog audit` "
      "recomputes\n"
      "the sets themselves. Exit code: 0 all of them stand, 1 the model does not name "
      "--data,\n"
      "3 something could not be verified, 4 a log contradicts what it signed before, "
      "with\n"
      "an evidence file.");
  return [flags = std::move(flags)](Session& session) {
    return ModelAudit(*flags, session);
  };
}

}  // namespace setlog
