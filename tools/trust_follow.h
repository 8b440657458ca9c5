// tools/trust_follow.h -- `setlog trust follow`: trust moves from a log to its
// successor.
//
//   return FollowSuccessor({.old_origin = "example.org/pets"}, session);
//
// Only if both logs say so, each under its own key (log/successor.h):
//   - OLD, under the key that is known for it, has a tag that names NEW's key;
//   - NEW, under that very key, has OLD's origin and key in its manifest, and a version
//     of OLD (m and set root) that OLD has;
//   - if NEW has a version `parent`, its set root is that one.
// Nothing is remembered of NEW before all of it was seen.
#ifndef SETLOG_TOOLS_TRUST_FOLLOW_H_
#define SETLOG_TOOLS_TRUST_FOLLOW_H_

#include <string>

#include "tools/command.h"
#include "tools/other_log.h"

namespace setlog {

struct FollowFlags {
  std::string old_origin;
  std::string new_origin;  // "": whatever OLD names
  std::string from;        // OLD's files, in the place of its server
  OtherServerFlags to;
  std::string policy_file;  // for NEW; else OLD's with NEW's key added
  bool no_policy = false;
};

// Makes NEW's key known, pinned if OLD's is. Exit 3 if the two do not name each other.
ExitCode FollowSuccessor(const FollowFlags& flags, Session& session);

}  // namespace setlog

#endif  // SETLOG_TOOLS_TRUST_FOLLOW_H_
