// `setlog verify`: checks a proof file, or evidence, offline.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/evidence_file.h"
#include "client/pads_file.h"
#include "client/proof_file.h"
#include "client/record_reader.h"
#include "log/tlog_proof.h"
#include "tools/answer_flags.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/print_conviction.h"
#include "tools/trust_flags.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"

namespace setlog {
namespace {

struct VerifyFlags {
  VerifyQuestion question;
  TrustFlags trust;
  AnswerFlags answer;
};

ExitCode Verify(VerifyFlags& flags, Output& out) {
  VerifyQuestion& question = flags.question;
  absl::StatusOr<Trust> named = NamedTrust(flags.trust);
  if (!named.ok()) return out.Fail(named.status());
  question.named = *std::move(named);
  absl::StatusOr<At> at = AtOf(flags.answer);
  if (!at.ok()) return out.Fail(at.status());
  question.demands = WithFreshness(
      {.tag = at->tag, .m = at->size, .max_lag = flags.answer.max_lag}, flags.trust);
  question.expect_absent = flags.answer.expects_absent();
  if (question.hashes.size() > 1) {
    return out.Fail(
        absl::InvalidArgumentError("--hash: a proof file is for one record"));
  }
  size_t most =
      std::max({kMaxProofFileBytes, kMaxTlogProofBytes, kMaxEvidenceFileBytes});
  if (question.file.ends_with(kPadsExtension)) most = kMaxPadsFileBytes;
  const absl::StatusOr<std::string> bytes = ReadSmallFile(question.file, most);
  if (!bytes.ok()) return out.Fail(bytes.status());
  if (IsTlogProof(*bytes)) return VerifyTlogProofFile(*bytes, question, out);
  if (IsEvidence(question.file, *bytes)) {
    return VerifyEvidenceFile(*bytes, question, out);
  }
  if (IsPadsFile(question.file, *bytes)) return VerifyPadsFile(*bytes, question, out);
  return VerifySetProofFile(*bytes, question, out);
}

}  // namespace

absl::StatusOr<std::optional<Hash>> AskedHash(const VerifyQuestion& question,
                                              const RecordScheme& scheme) {
  if (!question.hashes.empty()) return question.hashes[0];
  if (question.record_file.empty()) return std::nullopt;
  absl::StatusOr<RecordReader> reader =
      RecordReader::Open(scheme, {question.record_file}, ReaderOptions(question.read));
  if (!reader.ok()) return reader.status();
  absl::StatusOr<std::optional<Record>> record = reader->Next();
  if (!record.ok()) return record.status();
  if (*record) {
    const Hash hash = (*record)->hash;
    const absl::StatusOr<std::optional<Record>> second = reader->Next();
    if (!second.ok()) return second.status();
    if (!*second) return hash;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s has %s; --record takes a file of exactly one", question.record_file,
      *record ? "more than one record" : "no record"));
}

ExitCode PrintUnverified(Json json, const absl::Status& why, Output& out) {
  json["error"] = std::string(why.message());
  out.Verdict(json, WordOf(why), ": " + std::string(why.message()));
  out.Detail("  Nothing was shown, neither presence nor absence.");
  return ExitCode::kUnverified;
}

ExitCode PrintMemoryConviction(const MemoryConviction& found, Json json, Output& out) {
  return PrintConviction(
      found.conviction, found.pinned,
      absl::DataLossError(absl::StrFormat(
          "the file contradicts what is known here of %s: %s",
          found.conviction.misbehaviour.origin, found.conviction.misbehaviour.what)),
      std::move(json), out);
}

Runner DeclareVerify(CLI::App& app) {
  auto flags = std::make_unique<VerifyFlags>();
  VerifyQuestion& question = flags->question;
  app.add_option("FILE", question.file,
                 "a .setproof, a .pads, a .tlog-proof or an .evidence file")
      ->required()
      ->type_name("");
  CLI::Option* record = app.add_option("--record", question.record_file,
                                       "a file of one record: the proof must be for it")
                            ->type_name("FILE");
  AddHashes(app, "--hash", question.hashes, "the record's hash instead")
      ->excludes(record);
  AddVerdictFlags(app, flags->trust);
  AddAnswerFlags(app, flags->answer,
                 "must be for this version: a tag, or the size m of the verdict");
  AddReadFlags(app, question.read);
  AddSchemeFlags(app, question.scheme);
  app.footer(
      "  setlog verify answer.setproof --record cat.png --key example.org/pets+...\n"
      "  PRESENT in the set that example.org/pets committed to at size 12 ...\n\n"
      "Needs no server. Without --key, --policy or a key that is known for the log, "
      "the\n"
      "answer is UNVERIFIED (exit 3): anybody can make a file with a key of their "
      "own.\n"
      "A file whose head has the size of one that this machine took before, and "
      "another\n"
      "root, convicts the log (exit 4, with an .evidence file); heads of other sizes "
      "are not\n"
      "compared, which takes a server: `setlog head`, `setlog audit`.\n"
      "An .evidence file answers MISBEHAVIOUR (exit 4) if the log's own signatures "
      "convict\n"
      "it, else UNVERIFIED; only --key and --policy go with it.\n"
      "A .pads file answers OPENED: how many members of a private log are no records.\n"
      "--scheme and its parameters are for a .tlog-proof, which does not name them.");
  return [flags = std::move(flags)](Session& session) {
    return Verify(*flags, session.out);
  };
}

}  // namespace setlog
