// server/commit_report.h -- what one group commit did and where its time went.
//
// The sequencer hands one to Sequencer::Options::committed when the heads of a commit
// are published and before its requests are answered, on its own thread: whoever takes
// it must not block.
#ifndef SETLOG_SERVER_COMMIT_REPORT_H_
#define SETLOG_SERVER_COMMIT_REPORT_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace setlog {

struct CommitReport {
  // Entries by kind; `created` names the logs whose first entries these are.
  uint64_t manifests = 0;
  uint64_t adds = 0;
  uint64_t removes = 0;
  uint64_t indexes = 0;
  uint64_t tags = 0;
  std::vector<std::string> created;
  // Positions, hashes and rows made; heads signed; heads published. The store tells of
  // its part itself (StoreObserver).
  std::chrono::nanoseconds prepare{};
  std::chrono::nanoseconds sign{};
  std::chrono::nanoseconds publish{};

  uint64_t entries() const { return manifests + adds + removes + indexes + tags; }
};

}  // namespace setlog

#endif  // SETLOG_SERVER_COMMIT_REPORT_H_
