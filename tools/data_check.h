// tools/data_check.h -- every record that is here against one version of a log, before
// anybody trains on them.
//
//   DataCheck check(version, options, &out);
//   ExitCode code = check.Run(source);
//
// The records here are read to their end and become a set. If its root is the one that
// the log committed to, it is that very set, and no server is believed or asked. Else
// each is looked up in batch proofs under the one verified head, and those that are not
// members are named. All members being here is never concluded by counting: the count
// in a head is its owner's word, the root is not. Memory: LocalSet's, and 36 bytes for
// each record that is not there. Not thread-safe.
#ifndef SETLOG_TOOLS_DATA_CHECK_H_
#define SETLOG_TOOLS_DATA_CHECK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/data_counts.h"
#include "tools/local_set.h"
#include "tools/log_version.h"
#include "tools/record_list.h"
#include "tools/record_source.h"

namespace setlog {

struct DataCheckOptions {
  bool subset = false;
  std::string missing_file;  // gets the members that are not here
};

class DataCheck {
 public:
  // All must outlive it.
  DataCheck(LogVersion* version, DataCheckOptions options, Output* out)
      : version_(version), options_(std::move(options)), out_(out) {}

  ExitCode Run(RecordSource& source);

 private:
  // A record that is not in the set.
  struct Stray {
    Hash value;
    SetVerdict verdict = SetVerdict::kAbsent;
  };

  // Sets log_failed_ if the labels cannot be had, not the records.
  absl::Status ReadAll(RecordSource& source, RecordList& list);
  absl::Status LookUp(uint64_t distinct);
  absl::Status CountStrays(const RecordList& list);
  absl::Status WriteMissing(const DataCounts& counts);
  void PrintStray(const ListedRecord& record, SetVerdict verdict);
  ExitCode Print(const DataCounts& counts, bool holds);
  Json Fields(const DataCounts& counts, bool holds) const;
  const Stray* FindStray(const Hash& value) const;
  ExitCode Unverified(const absl::Status& why);

  LogVersion* version_;
  const DataCheckOptions options_;
  Output* out_;
  bool log_failed_ = false;
  LocalSet here_;
  std::vector<Stray> strays_;  // by value
  uint64_t records_ = 0;
  uint64_t absent_ = 0;  // of the records
  uint64_t removed_ = 0;
  std::vector<std::string> shown_;  // lines about the first strays
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_DATA_CHECK_H_
