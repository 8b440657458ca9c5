// tools/set_comparison.h -- one version of a set against versions of others.
//
//   std::variant<ExitCode, SetComparison> opened =
//       SetComparison::Open(flags, "upstreams", session);
//   ...
//   comparison.Offends(hash, {{"covered", false}}, "uncovered");   // any number
//   return comparison.Print({.verdict..., .counts = {...}});
//
// All versions are verified, and seen to be comparable (log/comparable.h), before
// anything is asked about them, and each is asked about under its one head. Not
// thread-safe.
#ifndef SETLOG_TOOLS_SET_COMPARISON_H_
#define SETLOG_TOOLS_SET_COMPARISON_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "client/set_overlap.h"
#include "tools/cli_types.h"
#include "tools/several_logs.h"

namespace setlog {

struct ComparisonFlags {
  std::string train;
  std::vector<std::string> others;
  SeveralLogsFlags logs;
};
// TRAIN and OTHER..., with `help` for the others, and the flags of several logs.
void AddComparisonFlags(CLI::App& app, ComparisonFlags& flags, const char* other,
                        const char* help);

class SetComparison {
 public:
  // An exit code if all is said already. `others` is what the summary calls them.
  static std::variant<ExitCode, SetComparison> Open(const ComparisonFlags& flags,
                                                    const char* others,
                                                    Session& session);

  LogVersion& train() { return versions_.front(); }
  std::span<LogVersion> others() { return std::span(versions_).subspan(1); }

  // The members of a version, verified; nothing after it was said why not.
  std::optional<std::vector<Hash>> Members(LogVersion& version);
  // Those of `values` that are members of it; the same.
  std::optional<std::vector<Hash>> Among(LogVersion& version, std::vector<Hash> values);
  // The exit code of what was said last.
  ExitCode failed() const { return failed_; }

  // A member of TRAIN that is why it does not hold: a line of JSON now, or one of the
  // first lines under the verdict.
  void Offends(const Hash& hash, const Json& fields, const std::string& line);

  struct Summary {
    uint64_t offending = 0;        // members of TRAIN
    std::string sentence;          // what holds or not, without the audit
    const char* offending_field;   // "uncovered"
    const char* count_field;       // "covered"
    std::vector<uint64_t> counts;  // for each of the others
  };
  ExitCode Print(const Summary& summary);

 private:
  SetComparison(std::vector<LogVersion> versions, const char* others, Session* session)
      : versions_(std::move(versions)), others_(others), session_(session) {}

  Json Fields(const Summary& summary) const;
  // "set root of 2 of 3 not audited"
  std::string AuditWordsOfAll() const;
  void Fail(const absl::Status& why, LogVersion& version);

  std::vector<LogVersion> versions_;  // TRAIN is the first
  const char* others_;
  Session* session_;
  ExitCode failed_ = ExitCode::kHolds;
  uint64_t lines_ = 0;
  std::vector<std::string> shown_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_SET_COMPARISON_H_
