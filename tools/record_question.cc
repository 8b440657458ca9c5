#include "tools/record_question.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "tools/flags.h"
#include "tools/record_source.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

// Of a record that is absent, so that a hint can be looked for.
constexpr size_t kKeepBytes = size_t{1} << 20;

}  // namespace

void AddRecordQuestion(CLI::App& app, RecordQuestion& question) {
  AddInputFlags(app, question.input);
  AddHashes(app, "--hash", question.hashes, "a record's hash instead; may be repeated");
  AddVrfFlags(app, question.vrf);
}

absl::Status CheckQuestion(const RecordQuestion& question) {
  return question.hashes.empty() ? CheckOneInput(question.input) : absl::OkStatus();
}

ExitCode AnswerNone(const RecordQuestion& question, const Json& at,
                    const absl::Status& why, LogSession& log, Output& out) {
  if (log.CodeOf(why) != ExitCode::kUnverified) return log.Fail(why);
  return AnswerNone(question, log.origin(), at, WordOf(why), log.Explain(why), out);
}

ExitCode AnswerNone(const RecordQuestion& question, const std::string& origin,
                    const Json& at, std::string_view word, const std::string& why,
                    Output& out) {
  std::vector<const Hash*> records;
  for (const Hash& hash : question.hashes) records.push_back(&hash);
  if (records.empty()) records.push_back(nullptr);
  for (const Hash* record : records) {
    Json json = InFields(word, record, origin, at, nullptr);
    json["error"] = why;
    out.Verdict(json, word, ": " + why);
  }
  out.Detail("  Nothing was shown, neither presence nor absence.");
  return ExitCode::kUnverified;
}

absl::StatusOr<std::unique_ptr<VrfSource>> UseVrf(const VrfFlags& flags,
                                                  const Manifest& manifest,
                                                  LogSession& log,
                                                  const Session& session) {
  if (!manifest.labels && !flags.named()) return nullptr;
  absl::StatusOr<std::unique_ptr<VrfSource>> vrf =
      OpenVrfSource(flags, session.server, manifest, log.connection());
  if (vrf.ok()) log.client().UseVrf(vrf->get());
  return vrf;
}

ExitCode AskUnder(const VerifiedHead& head, const RecordQuestion& question,
                  InquiryOptions options, LogSession& log, Session& session) {
  Output& out = session.out;
  const Manifest& manifest = head.version.manifest;
  const absl::StatusOr<std::unique_ptr<VrfSource>> vrf =
      UseVrf(question.vrf, manifest, log, session);
  if (!vrf.ok()) return AnswerNone(question, options.at, vrf.status(), log, out);
  // Only absent records have hints looked up: who counts messages would learn it.
  if (*vrf) options.hints = false;
  const absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(manifest);
  if (!scheme.ok()) return AnswerNone(question, options.at, scheme.status(), log, out);
  absl::StatusOr<RecordSource> source =
      RecordSource::Open(question.input, question.hashes, *scheme, kKeepBytes);
  if (!source.ok()) return out.Fail(source.status());
  Inquiry inquiry(&log, &head, scheme->kind(), std::move(options), &out);
  return inquiry.Run(*source);
}

}  // namespace setlog
