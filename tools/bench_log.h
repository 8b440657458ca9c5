// tools/bench_log.h -- a log that a benchmark may use, and what is known of its
// content.
//
//   absl::StatusOr<BenchLog> log = BenchLog::ToWrite(session, trust, "", false);
//   Ingest(log->session().connection(), ...);
//   absl::StatusOr<Version> version = log->FindVersion(m);
//
// A log cannot be deleted and forgets nothing, so a benchmark writes only into a log of
// its own: one whose manifest's title is kBenchTitle. It makes one if none is named
// (bench/<16 hex digits>), or if the named one does not exist. The key and the heads of
// a log that nobody named are kept in a temporary directory and not in SETLOG_HOME. Not
// thread-safe.
#ifndef SETLOG_TOOLS_BENCH_LOG_H_
#define SETLOG_TOOLS_BENCH_LOG_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/log_session.h"

namespace setlog {

inline constexpr char kBenchTitle[] = "setlog bench: random values, of no use";

// Of the log's adds, a sample from all over it; at most `most`. Verified entries.
absl::StatusOr<std::vector<Hash>> SampleAdds(const Connection& connection,
                                             const Checkpoint& head, size_t most);

class BenchLog {
 public:
  // An unnamed log's origin.
  static std::string NewOrigin();

  // FailedPrecondition for a log that somebody else made, unless `any_log`.
  static absl::StatusOr<BenchLog> ToWrite(Session& session, const TrustFlags& trust,
                                          const std::string& origin, bool named,
                                          bool any_log);
  // NotFound if there is none.
  static absl::StatusOr<BenchLog> ToRead(Session& session, const TrustFlags& trust,
                                         const std::string& origin);
  BenchLog(BenchLog&&) = default;
  ~BenchLog();

  LogSession& session() { return *log_; }
  // As it was when this was made.
  const VerifiedHead& head() const { return *head_; }
  bool created() const { return created_; }

  // The version whose index entry names m, verified under a signed head. NotFound if
  // the log has none. O(log size) small calls.
  absl::StatusOr<Version> FindVersion(uint64_t m);

 private:
  BenchLog() = default;
  absl::StatusOr<v1::Head> HeadAt(uint64_t size) const;

  std::unique_ptr<std::string> home_;  // to be removed
  std::unique_ptr<LogSession> log_;
  std::optional<VerifiedHead> head_;
  bool created_ = false;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_BENCH_LOG_H_
