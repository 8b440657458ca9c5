// tools/append_records.h -- what `add` and `remove` have in common: all of it.
//
//   auto flags = std::make_unique<AppendFlags>();
//   DeclareAppend(app, Operation::kAdd, *flags);
//   return AppendRecords(*flags, Operation::kAdd, session);
//
// In this order: read and check every input, make the labels of a private log, find the
// session, send, wait until the index has reached the last record, print, forget the
// session.
#ifndef SETLOG_TOOLS_APPEND_RECORDS_H_
#define SETLOG_TOOLS_APPEND_RECORDS_H_

#include <string>

#include "client/appender.h"
#include "tools/cli_types.h"
#include "tools/command.h"
#include "tools/record_flags.h"
#include "tools/trust_flags.h"
#include "tools/vrf_flags.h"

namespace setlog {

struct AppendFlags {
  std::string origin;
  InputFlags input;
  TrustFlags trust;
  VrfFlags vrf;  // private logs
  bool no_pad = false;
  bool dry_run = false;
  bool no_wait = false;
  bool restart = false;
};
void DeclareAppend(CLI::App& app, Operation operation, AppendFlags& flags);

ExitCode AppendRecords(const AppendFlags& flags, Operation operation, Session& session);

}  // namespace setlog

#endif  // SETLOG_TOOLS_APPEND_RECORDS_H_
