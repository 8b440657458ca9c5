#include "tools/daemon_output.h"

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

const char* NameOf(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kNote:
      return "note";
    case Finding::Kind::kRebuildable:
      return "rebuildable";
    case Finding::Kind::kDamage:
      return "damage";
  }
  return "";
}

// Remedies name a command; the directories make it one that can be typed.
std::string Complete(const std::string& remedy, const std::string& data_dir) {
  if (remedy == "setlogd repair") return remedy + " --data " + data_dir;
  if (remedy == "setlogd restore") return remedy + " BACKUP --data NEWDIR";
  return remedy;
}

}  // namespace

CheckProgressFn DaemonOutput::progress() {
  return [this](const CheckProgress& at) {
    if (bar_ == nullptr || at.what != what_) {
      what_ = at.what;
      bar_ = std::make_unique<Progress>("checking " + what_, at.total, out_.quiet());
    }
    bar_->Update(at.done);
  };
}

void DaemonOutput::Findings(const std::vector<Finding>& findings,
                            const std::string& data_dir) {
  for (const Finding& finding : findings) {
    const std::string remedy = Complete(finding.remedy, data_dir);
    out_.Result({{"finding", NameOf(finding.kind)},
                 {"where", finding.where},
                 {"what", finding.what},
                 {"remedy", remedy}},
                absl::StrFormat("%s  %s: %s%s%s", NameOf(finding.kind), finding.where,
                                finding.what, remedy.empty() ? "" : "; run: ", remedy));
  }
}

}  // namespace setlog
