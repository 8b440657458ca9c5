// tools/record_list.h -- all records of a command, in the order in which they came.
//
//   RecordList list = *RecordList::Create();
//   absl::Status ok = list.Append({record, value, "train.csv:7"});  // any number
//   ok = list.Read([&](const ListedRecord& r) { ... });             // then, as often
//
// So what a server says of some of them can be said of the lines that they stand in,
// though the input may be a pipe. They are in an unlinked file. Not thread-safe.
#ifndef SETLOG_TOOLS_RECORD_LIST_H_
#define SETLOG_TOOLS_RECORD_LIST_H_

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

struct ListedRecord {
  Hash record;       // its hash
  Hash value;        // what stands in the log for it: in a private one a label
  std::string name;  // "FILE:LINE"; "" if only the hash was given
};

class RecordList {
 public:
  static absl::StatusOr<RecordList> Create();

  // ResourceExhausted, naming TMPDIR, if the disk is full.
  absl::Status Append(const ListedRecord& record);
  uint64_t size() const { return size_; }

  // Calls back with each, in order; an error of the callback ends it. No Append after
  // it.
  using Callback = std::function<absl::Status(const ListedRecord&)>;
  absl::Status Read(const Callback& callback) const;

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  explicit RecordList(File file) : file_(std::move(file)) {}

  File file_;
  uint64_t size_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_RECORD_LIST_H_
