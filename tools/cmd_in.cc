// `setlog in`: is a record in the set? Asked from a server, verified here.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "tools/answer_flags.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/inquiry.h"
#include "tools/log_session.h"
#include "tools/newest_version.h"
#include "tools/record_question.h"
#include "tools/verdict.h"
#include "tools/version_name.h"

namespace setlog {
namespace {

struct InFlags {
  std::string origin;
  RecordQuestion question;
  AnswerFlags answer;
  bool strict_at = false;
  std::string out;
  TrustFlags trust;
};

// The version that was asked for, with all that was demanded of it.
absl::StatusOr<VerifiedHead> FindVersion(const InFlags& flags, const At& at,
                                         LogSession& log) {
  const Demands demands = {.max_lag = flags.answer.max_lag};
  absl::StatusOr<VerifiedHead> head = log.Head(at, demands);
  if (!head.ok()) return head;
  if (flags.strict_at && at.size) {
    const absl::Status newest = CheckNewest(log.connection(), head->version, *at.size);
    if (!newest.ok()) return newest;
  }
  if (flags.out.empty()) return head;
  return log.client().Cosigned(*head, WithFreshness(demands, flags.trust));
}

ExitCode In(const InFlags& flags, Session& session) {
  Output& out = session.out;
  const absl::StatusOr<At> at = AtOf(flags.answer);
  if (!at.ok()) return out.Fail(at.status());
  const absl::Status input = CheckQuestion(flags.question);
  if (!input.ok()) return out.Fail(input);
  InquiryOptions options{.at = JsonOf(*at),
                         .expect_absent = flags.answer.expects_absent()};
  if (!flags.out.empty()) {
    absl::StatusOr<ProofPlace> place = ProofPlace::Open(flags.out);
    if (!place.ok()) return out.Fail(place.status());
    options.out = *std::move(place);
  }
  absl::StatusOr<LogSession> log = LogSession::Open(session, flags.trust, flags.origin);
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = FindVersion(flags, *at, *log);
  if (!head.ok()) {
    return AnswerNone(flags.question, options.at, head.status(), *log, out);
  }
  return AskUnder(*head, flags.question, std::move(options), *log, session);
}

}  // namespace

Runner DeclareIn(CLI::App& app) {
  auto flags = std::make_unique<InFlags>();
  AddOrigin(app, flags->origin);
  AddRecordQuestion(app, flags->question);
  AddAnswerFlags(app, flags->answer,
                 "the version: a tag, or the newest one in the first SIZE entries");
  app.add_flag("--strict-at", flags->strict_at,
               "with --at SIZE: check that there is no newer one in them");
  app.add_option("--out", flags->out,
                 "write proof files for `setlog verify`: FILE for one record, or DIR/ "
                 "for <hash>.setproof")
      ->type_name("FILE|DIR");
  AddVerdictFlags(app, flags->trust);
  app.footer(
      "  setlog in example.org/pets cat.png --out cat.setproof\n"
      "  PRESENT in the set that example.org/pets committed to at size 12 ...\n\n"
      "ABSENT means absent from that set, and no more. Exit code: 0 all present, 1 "
      "some\n"
      "absent or removed (--expect absent swaps them), 3 some could not be "
      "verified.\n\n"
      "In a private log the record's label is looked up: with --vrf-key the owner "
      "makes "
      "it\n"
      "here; else --prover, or the server, makes it and proves it, for a token with "
      "the "
      "verb\n"
      "read, and one record is spent of what that token may ask.");
  return [flags = std::move(flags)](Session& session) { return In(*flags, session); };
}

}  // namespace setlog
