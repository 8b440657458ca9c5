// tools/other_log.h -- the second log of a command, which may be on another server.
//
//   AddOtherOrigin(app, "NEW", flags.new_origin, "the log that goes on");
//   OtherServerFlags to;
//   AddOtherServer(app, "--to", to, "the server of NEW");  // --to-server
//   --to-token-file Session there = SessionOn(session, to);
//
// A token is for one server: the one of --token-file is never shown to another.
#ifndef SETLOG_TOOLS_OTHER_LOG_H_
#define SETLOG_TOOLS_OTHER_LOG_H_

#include <string>

#include "tools/cli_types.h"
#include "tools/command.h"

namespace setlog {

// A positional origin of this name, checked by CheckOrigin.
CLI::Option* AddOtherOrigin(CLI::App& app, const std::string& name, std::string& origin,
                            const std::string& help);

struct OtherServerFlags {
  std::string address;
  std::string token_file;
};
void AddOtherServer(CLI::App& app, const std::string& prefix, OtherServerFlags& flags,
                    const std::string& whose);

// `session` with the other server's address and token; as it is without flags.
Session SessionOn(const Session& session, const OtherServerFlags& flags);

}  // namespace setlog

#endif  // SETLOG_TOOLS_OTHER_LOG_H_
