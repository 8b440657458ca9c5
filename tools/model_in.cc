// `setlog model in`: is a record in the data that a model was trained on?

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/proof_file.h"
#include "tools/model_commands.h"
#include "tools/record_question.h"
#include "tools/signed_data.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"

namespace setlog {
namespace {

struct ModelInFlags {
  SignedDataFlags signed_data;
  RecordQuestion question;
  std::string expect = "present";
  std::string out;
  std::string proof;

  bool expects_absent() const { return expect == "absent"; }
};

// Under one head, and how it is asked about.
class Asked {
 public:
  Asked(const ModelInFlags& flags, const DataHead& head, Session& session)
      : flags_(flags), head_(head), session_(session) {}

  ExitCode Answer() {
    Output& out = session_.out;
    const TrustFlags& trust = flags_.signed_data.trust;
    const absl::StatusOr<JudgedHead> judged = JudgeHead(head_, trust, out);
    if (!judged.ok()) return out.Fail(judged.status());
    if (judged->conviction) {
      return PrintMemoryConviction(*judged->conviction, JsonOf(head_), out);
    }
    if (!judged->status.ok()) {
      return AnswerNone(flags_.question, origin(), At(), WordOf(judged->status),
                        WhyNotBelieved(head_, *judged), out);
    }
    return flags_.proof.empty() ? AskServer(*judged->head) : AskFile();
  }

 private:
  const std::string& origin() const { return head_.version.manifest.origin; }
  Json At() const { return head_.version.tag->name; }

  ExitCode AskServer(const VerifiedHead& head) {
    absl::StatusOr<LogSession> log =
        LogSession::Open(session_, TrustFor(origin(), flags_.signed_data.trust),
                         origin(), {.trust_on_first_use = false});
    if (!log.ok()) return session_.out.Fail(log.status());
    InquiryOptions options{.at = At(), .expect_absent = flags_.expects_absent()};
    if (!flags_.out.empty()) {
      absl::StatusOr<ProofPlace> place = ProofPlace::Open(flags_.out);
      if (!place.ok()) return session_.out.Fail(place.status());
      options.out = *std::move(place);
    }
    return AskUnder(head, flags_.question, std::move(options), *log, session_);
  }

  // The file has a head of its own, which must be of the very set that the model names.
  ExitCode AskFile() {
    const absl::StatusOr<std::string> bytes =
        ReadSmallFile(flags_.proof, kMaxProofFileBytes);
    if (!bytes.ok()) return session_.out.Fail(bytes.status());
    const TrustFlags& trust = flags_.signed_data.trust;
    absl::StatusOr<Trust> named = NamedTrust(TrustFor(origin(), trust));
    if (!named.ok()) return session_.out.Fail(named.status());
    VerifyQuestion question{.file = flags_.proof,
                            .hashes = flags_.question.hashes,
                            .read = flags_.question.input.read,
                            .named = *std::move(named),
                            .demands = WithFreshness({}, trust),
                            .set = NamedSet{origin(), head_.version.index},
                            .expect_absent = flags_.expects_absent()};
    if (!flags_.question.input.files.empty()) {
      question.record_file = flags_.question.input.files[0];
    }
    return VerifySetProofFile(*bytes, question, session_.out);
  }

  const ModelInFlags& flags_;
  const DataHead& head_;
  Session& session_;
};

// What can be asked of one version only, or about one record only.
absl::Status CheckOne(const ModelInFlags& flags, size_t heads) {
  const InputFlags& input = flags.question.input;
  const bool stdin_named = std::ranges::count(input.files, "-") > 0 ||
                           input.hashes_file == "-" || input.packed_file == "-";
  const char* one = !flags.proof.empty() ? "--proof"
                    : !flags.out.empty() ? "--out"
                    : stdin_named        ? "standard input"
                                         : nullptr;
  if (one != nullptr && heads > 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s goes with one version, and the model names %d: say which with --data", one,
        heads));
  }
  if (flags.proof.empty()) return absl::OkStatus();
  if (input.files.size() + flags.question.hashes.size() != 1 ||
      !input.hashes_file.empty() || !input.packed_file.empty()) {
    return absl::InvalidArgumentError(
        "--proof: a proof file is for one record, a FILE or a --hash");
  }
  return absl::OkStatus();
}

ExitCode ModelIn(const ModelInFlags& flags, Session& session) {
  Output& out = session.out;
  const absl::Status input = CheckQuestion(flags.question);
  if (!input.ok()) return out.Fail(input);
  const std::variant<ExitCode, SignedData> opened =
      OpenSignedData(flags.signed_data, out);
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
  const SignedData& data = std::get<SignedData>(opened);
  const absl::Status one = CheckOne(flags, data.heads.size());
  if (!one.ok()) return out.Fail(one);
  return AnswerEach(data, out, [&](const DataHead& head) {
    return Asked(flags, head, session).Answer();
  });
}

}  // namespace

Runner DeclareModelIn(CLI::App& app) {
  auto flags = std::make_unique<ModelInFlags>();
  AddSignedDataFlags(app, flags->signed_data);
  AddRecordQuestion(app, flags->question);
  app.add_option("--expect", flags->expect,
                 "what exit code 0 is for: present (default) or absent")
      ->check(CLI::IsMember({"present", "absent"}))
      ->type_name("WORD");
  CLI::Option* out =
      app.add_option("--out", flags->out,
                     "write proof files for --proof and `setlog verify`: FILE, or "
                     "DIR/ for <hash>.setproof")
          ->type_name("FILE|DIR");
  app.add_option("--proof", flags->proof,
                 "answer from this .setproof file, and ask no server")
      ->type_name("FILE")
      ->excludes(out);
  app.footer(
      "  setlog model in digits 7.png --signature digits.sig --public-key ml.pub\n"
      "  PRESENT in the set that example.org/digits committed to at size 1798 ...\n\n"
      "One verdict for each record and each version that the model names. The "
      "signature "
      "and\n"
      "all files of the model are verified first; then each version's head, under a "
      "key or\n"
      "policy that you named, now or before, and never under the key that the model "
      "brings\n"
      "along. Exit code: 0 all present, 1 some absent or removed (--expect absent "
      "swaps\n"
      "them), 3 something could not be verified: then nothing was shown of it.");
  return
      [flags = std::move(flags)](Session& session) { return ModelIn(*flags, session); };
}

}  // namespace setlog
