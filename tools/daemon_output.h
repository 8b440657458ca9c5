// tools/daemon_output.h -- what the commands beside serving print: findings, progress.
//
//   DaemonOutput out(json);
//   check = CheckDataDirectory(where, out.progress());
//   return out.Findings(*check);
#ifndef SETLOG_TOOLS_DAEMON_OUTPUT_H_
#define SETLOG_TOOLS_DAEMON_OUTPUT_H_

#include <memory>
#include <string>
#include <vector>

#include "server/finding.h"
#include "server/store_check.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace setlog {

class DaemonOutput {
 public:
  explicit DaemonOutput(bool json) : out_({.json = json}) {}

  Output& out() { return out_; }
  // Draws on a terminal only. Valid as long as this object.
  CheckProgressFn progress();
  void EndProgress() { bar_.reset(); }

  // One line a finding, on standard output; `data_dir` completes the remedies.
  void Findings(const std::vector<Finding>& findings, const std::string& data_dir);

 private:
  Output out_;
  std::string what_;
  std::unique_ptr<Progress> bar_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_DAEMON_OUTPUT_H_
