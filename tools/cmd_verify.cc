// `setlog verify`: checks a proof file offline.

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/proof_file.h"
#include "client/record_reader.h"
#include "log/tlog_proof.h"
#include "tools/at_flag.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/trust_flags.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"

namespace setlog {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

struct VerifyFlags {
  VerifyQuestion question;
  TrustFlags trust;
  std::string at;
  std::string expect = "present";
  std::optional<int64_t> max_age_us;
};

int64_t NowSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

ExitCode Verify(VerifyFlags& flags, Output& out) {
  VerifyQuestion& question = flags.question;
  absl::StatusOr<Trust> named = NamedTrust(flags.trust);
  if (!named.ok()) return out.Fail(named.status());
  question.named = *std::move(named);
  absl::StatusOr<At> at = ParseAt(flags.at);
  if (!at.ok()) return out.Fail(at.status());
  question.demands.tag = at->tag;
  question.demands.m = at->size;
  if (flags.max_age_us) {
    question.demands.oldest_cosignature_s = static_cast<uint64_t>(
        std::max<int64_t>(0, NowSeconds() - *flags.max_age_us / kMicrosPerSecond));
  }
  question.expect_absent = flags.expect == "absent";
  if (question.hashes.size() > 1) {
    return out.Fail(
        absl::InvalidArgumentError("--hash: a proof file is for one record"));
  }
  const absl::StatusOr<std::string> bytes =
      ReadSmallFile(question.file, std::max(kMaxProofFileBytes, kMaxTlogProofBytes));
  if (!bytes.ok()) return out.Fail(bytes.status());
  return IsTlogProof(*bytes) ? VerifyTlogProofFile(*bytes, question, out)
                             : VerifySetProofFile(*bytes, question, out);
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

Runner DeclareVerify(CLI::App& app) {
  auto flags = std::make_unique<VerifyFlags>();
  VerifyQuestion& question = flags->question;
  app.add_option("FILE", question.file, "a .setproof or a .tlog-proof")->required();
  CLI::Option* record = app.add_option("--record", question.record_file,
                                       "a file of one record: the proof must be for it")
                            ->type_name("FILE");
  AddHashes(app, "--hash", question.hashes, "the record's hash instead")
      ->excludes(record);
  AddTrustFlags(app, flags->trust);
  app.add_option("--at", flags->at, "must be for this version: a tag, or the size m")
      ->type_name("TAG|M");
  AddNumber(app, "--max-lag", question.demands.max_lag,
            "the set may be this many entries behind the head");
  AddDuration(app, "--max-age", flags->max_age_us,
              "the policy's quorum must have cosigned within this time");
  app.add_flag("--require-replay", question.demands.require_replay,
               "the policy's group `replay` must have recomputed the set");
  app.add_option("--expect", flags->expect,
                 "what exit code 0 is for: present (default) or absent")
      ->check(CLI::IsMember({"present", "absent"}))
      ->type_name("WORD");
  AddReadFlags(app, question.read);
  AddSchemeFlags(app, question.scheme);
  app.footer(
      "  setlog verify answer.setproof --record cat.png --key example.org/pets+...\n"
      "  PRESENT in the set that example.org/pets committed to at size 12 ...\n\n"
      "Needs no server. Without --key, --policy or a key that is known for the log, "
      "the\n"
      "answer is UNVERIFIED (exit 3): anybody can make a file with a key of their "
      "own.\n"
      "--scheme and its parameters are for a .tlog-proof, which does not name them.");
  return [flags = std::move(flags)](Session& session) {
    return Verify(*flags, session.out);
  };
}

}  // namespace setlog
