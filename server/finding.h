// server/finding.h -- one thing that a check of a data directory has to say.
//
//   findings.push_back({Finding::Kind::kDamage, "DIR/anchor", "is unreadable",
//                       "setlogd restore BACKUP --data NEWDIR"});
#ifndef SETLOG_SERVER_FINDING_H_
#define SETLOG_SERVER_FINDING_H_

#include <string>

namespace setlog {

struct Finding {
  enum class Kind {
    kNote,         // worth knowing; the store is none the worse
    kRebuildable,  // wrong, but the log tells what it should be: `setlogd repair`
    kDamage,       // cannot be made again from what is here
  };
  Kind kind = Kind::kNote;
  std::string where;   // a file, or a row: "example.org/a, tag row v1"
  std::string what;    // what is wrong with it
  std::string remedy;  // the command or step that helps; may be empty for notes
};

}  // namespace setlog

#endif  // SETLOG_SERVER_FINDING_H_
