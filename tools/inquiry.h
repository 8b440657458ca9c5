// tools/inquiry.h -- many records asked about under one version, and each answered.
//
//   Inquiry inquiry(&log, head, scheme.kind(), options, &out);
//   ExitCode worst = inquiry.Run(source);
//
// Records go out in batches; every verdict comes from a proof that was verified under
// the one head. With an output place each is asked alone, with the entries that a proof
// file needs. A batch that cannot be verified is UNVERIFIED, record by record, and the
// last one asked. In a private log the labels come first, a batch in one message: who
// gets none because of what was typed, such as no token, has no verdict at all. Not
// thread-safe.
#ifndef SETLOG_TOOLS_INQUIRY_H_
#define SETLOG_TOOLS_INQUIRY_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/log_client.h"
#include "log/scheme.h"
#include "tools/log_session.h"
#include "tools/output.h"
#include "tools/record_source.h"

namespace setlog {

// Where `--out` puts proof files: one file, or DIR/<hash>.setproof.
class ProofPlace {
 public:
  // A directory if it is one or `path` ends in '/' (then it is created).
  static absl::StatusOr<ProofPlace> Open(std::string path);

  bool takes_many() const { return is_directory_; }
  std::string FileFor(const Hash& record) const;

 private:
  ProofPlace(std::string path, bool is_directory)
      : path_(std::move(path)), is_directory_(is_directory) {}
  std::string path_;
  bool is_directory_;
};

struct InquiryOptions {
  Json at;  // as asked: a tag, a size or null
  bool expect_absent = false;
  std::optional<ProofPlace> out;
  // Ask about records that an absent one may have been meant to be.
  bool hints = true;
};

// The fields of a verdict; `head` is nothing before there is one.
Json InFields(std::string_view word, const Hash* record, const std::string& origin,
              const Json& at, const VerifiedHead* head);

class Inquiry {
 public:
  // All must outlive it.
  Inquiry(LogSession* log, const VerifiedHead* head, SchemeKind scheme,
          InquiryOptions options, Output* out);

  // Asks about all records; the worst exit code.
  ExitCode Run(RecordSource& source);

 private:
  struct Question {
    SourceRecord record;
    std::optional<LoggedValue> value;
    SetVerdict verdict = SetVerdict::kAbsent;
    std::string proof;  // the bytes of its proof file, if one is wanted
    std::vector<std::string> hints;
  };

  // Fills `batch`; whether there may be more.
  absl::StatusOr<bool> NextBatch(RecordSource& source, std::vector<Question>& batch);
  absl::Status FindValues(std::vector<Question>& batch);
  absl::Status Ask(std::vector<Question>& batch);
  absl::Status AskWithProof(Question& question);
  void AddHints(std::vector<Question>& batch);
  absl::Status WriteProof(const Question& question);
  ExitCode Print(const Question& question);
  void AddLabel(const Question& question, Json& json) const;
  ExitCode PrintUnverified(const Question& question, const absl::Status& why);
  void PrintVersion();

  LogSession* log_;
  const VerifiedHead* head_;
  const SchemeKind scheme_;
  const InquiryOptions options_;
  const bool is_private_;  // the log: of labels
  Output* out_;
  uint64_t asked_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_INQUIRY_H_
