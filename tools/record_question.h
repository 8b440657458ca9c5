// tools/record_question.h -- "is it in the set?", of one version after another.
//
//   RecordQuestion question;            // FILE..., --hash, --hashes, --vrf-key, ...
//   AddRecordQuestion(app, question);
//   if (absl::Status s = CheckQuestion(question); !s.ok()) return out.Fail(s);
//   ExitCode worst = AskUnder(head, question, options, log, session);
//
// The head decides what a record is, by its manifest's scheme; so the input is read
// once more for each head that is asked about. Standard input can be read once only.
#ifndef SETLOG_TOOLS_RECORD_QUESTION_H_
#define SETLOG_TOOLS_RECORD_QUESTION_H_

#include <memory>
#include <string>
#include <vector>

#include "client/head_follower.h"
#include "tools/cli_types.h"
#include "tools/inquiry.h"
#include "tools/log_session.h"
#include "tools/record_flags.h"
#include "tools/vrf_flags.h"

namespace setlog {

struct RecordQuestion {
  InputFlags input;
  std::vector<Hash> hashes;
  VrfFlags vrf;
};
void AddRecordQuestion(CLI::App& app, RecordQuestion& question);

// InvalidArgument unless it names records, in one way.
absl::Status CheckQuestion(const RecordQuestion& question);

// Who makes the labels of a private log, which `log` uses from now on; null for a plain
// one. The errors of OpenVrfSource.
absl::StatusOr<std::unique_ptr<VrfSource>> UseVrf(const VrfFlags& flags,
                                                  const Manifest& manifest,
                                                  LogSession& log,
                                                  const Session& session);

// The verdict on each record in the set of `head`, by the log's server; the worst exit
// code.
ExitCode AskUnder(const VerifiedHead& head, const RecordQuestion& question,
                  InquiryOptions options, LogSession& log, Session& session);

// No version, no answer: what cannot be verified is said of each record that is known
// before its input is read. `at` is as in InquiryOptions.
ExitCode AnswerNone(const RecordQuestion& question, const Json& at,
                    const absl::Status& why, LogSession& log, Output& out);
// The same of a log that there is no session with; all of it is said.
ExitCode AnswerNone(const RecordQuestion& question, const std::string& origin,
                    const Json& at, std::string_view word, const std::string& why,
                    Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_RECORD_QUESTION_H_
