// server/log_check.h -- checks everything that a store keeps of one log.
//
//   LogCheckResult log = CheckLog(store, record, [](uint64_t entries) {});
//   for (const Finding& finding : log.findings) ...
//
// Entries are replayed, and every stored row has to be the one that follows from them:
// a row that differs, is missing, or that no entry explains is a finding.
#ifndef SETLOG_SERVER_LOG_CHECK_H_
#define SETLOG_SERVER_LOG_CHECK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/finding.h"
#include "storage/store.h"

namespace setlog {

struct LogCheckResult {
  std::vector<Finding> findings;
  std::string manifest;  // entry 0's body; empty if the log could not be replayed
  std::string vkey;      // of the key row; empty if it is missing or malformed
};

// All tables; not the key file. O(entries).
LogCheckResult CheckLog(const Store& store, const LogRecord& record,
                        const std::function<void(uint64_t entries)>& progress);

// The files of the log's index in `data_dir`, all of their bytes; changes none. Nothing
// found if they are good or there are none: the server makes them anew. `manifest` as
// in LogCheckResult; the key file must be readable, otherwise nothing is checked.
std::vector<Finding> CheckIndex(Store* store, const LogRecord& record,
                                const std::string& manifest,
                                const std::string& data_dir);

}  // namespace setlog

#endif  // SETLOG_SERVER_LOG_CHECK_H_
