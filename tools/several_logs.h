// tools/several_logs.h -- the flags of a command that asks several logs, which may be
// on several servers, under the keys of several owners.
//
//   SeveralLogsFlags flags;
//   AddSeveralLogsFlags(app, flags);   // --server-of, --token-file-of, --key, --policy
//   const absl::StatusOr<LogPlaces> places = LogPlaces::Of(flags, names);
//   OpenVersion(names[0], places->For(names[0].origin), session);
//
// What is said of one log is for that log alone: a token of one server is never shown
// to another, and a key of one log says nothing of another.
#ifndef SETLOG_TOOLS_SEVERAL_LOGS_H_
#define SETLOG_TOOLS_SEVERAL_LOGS_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/cli_types.h"
#include "tools/log_version.h"

namespace setlog {

struct SeveralLogsFlags {
  std::vector<std::string> servers;      // ORIGIN=ADDRESS
  std::vector<std::string> token_files;  // ORIGIN=FILE
  std::vector<std::string> vkeys;
  TrustFlags trust;  // of all, without a key
};
void AddSeveralLogsFlags(CLI::App& app, SeveralLogsFlags& flags);

class LogPlaces {
 public:
  // InvalidArgument for what does not parse, is said twice, or is of no log in `names`:
  // somebody who names a key or a server means it.
  static absl::StatusOr<LogPlaces> Of(const SeveralLogsFlags& flags,
                                      std::span<const VersionName> names);

  VersionPlace For(const std::string& origin) const;

 private:
  explicit LogPlaces(const TrustFlags& trust) : others_{.trust = trust} {}

  VersionPlace others_;
  std::map<std::string, VersionPlace> places_;  // by origin
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_SEVERAL_LOGS_H_
