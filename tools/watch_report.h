// tools/watch_report.h -- what `setlog watch` prints about a log and its records.
//
//   WatchReport report(&out, origin, input, std::move(names));
//   report.Start(watch, head, since);           // watching 3 records ... PRESENT ...
//   report.Event(watch, head, since, event);    // ... ENTERED 9f86d0... by entry 1702
//
// With --json one object a line, each with its `event`; docs/operations.md lists them.
// When to look, and what a failure means, is tools/watch_loop.h's. Not thread-safe.
#ifndef SETLOG_TOOLS_WATCH_REPORT_H_
#define SETLOG_TOOLS_WATCH_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "client/head_follower.h"
#include "client/record_watch.h"
#include "log/bytes.h"
#include "tools/output.h"

namespace setlog {

// "entered" or "left".
std::string_view WordOf(const WatchEvent& event);

using LabelledRecord = std::pair<Hash, Hash>;  // the label, the record

class WatchReport {
 public:
  // As many are shown one by one at the start.
  static constexpr size_t kShownValues = 64;

  // `input` says in words where the values come from, `names` what some of them are
  // called. `out` must outlive it.
  WatchReport(Output* out, std::string origin, std::string input,
              std::map<Hash, std::string> names)
      : out_(*out),
        origin_(std::move(origin)),
        input_(std::move(input)),
        names_(std::move(names)) {}

  // Of a private log: which record each of the watched values, a label, is of.
  void Labelled(std::vector<LabelledRecord> records);
  // The record itself in a plain log. O(log n).
  const Hash& RecordOf(const Hash& value) const;

  // After the first look; `since` is the m that an earlier run came to, or 0.
  void Start(const RecordWatch& watch, const VerifiedHead& head, uint64_t since) const;
  void Event(const RecordWatch& watch, const VerifiedHead& head, uint64_t since,
             const WatchEvent& event) const;
  // Entries that the head's version does not cover.
  void Behind(const VerifiedHead& head, const WatchAhead& ahead) const;
  // More of them than are allowed; `words` say `why`.
  void BeyondMaxLag(const VerifiedHead& head, uint64_t max_lag, const absl::Status& why,
                    const std::string& words) const;
  // The last line of a watch that ends because of `why`.
  void Ended(const absl::Status& why, const std::string& words) const;
  // What that line is begun with, for one that says more.
  static Json EndedFields();

 private:
  Json Fields(std::string_view event, const VerifiedHead& head) const;
  // The fields that say which record it is about.
  void AddRecord(const Hash& value, Json& json) const;
  std::string NameOf(const Hash& record) const;

  Output& out_;
  const std::string origin_;
  const std::string input_;
  const std::map<Hash, std::string> names_;
  bool is_private_ = false;
  std::vector<LabelledRecord> records_;  // by label
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_WATCH_REPORT_H_
