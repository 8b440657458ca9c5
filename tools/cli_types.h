// tools/cli_types.h -- CLI11's types, by name alone.
//
// For headers that declare flags: CLI11 is a library of headers, and each file that
// includes <CLI/CLI.hpp> compiles most of it. Only those that define flags do.
#ifndef SETLOG_TOOLS_CLI_TYPES_H_
#define SETLOG_TOOLS_CLI_TYPES_H_

namespace CLI {
class App;
class Option;
}  // namespace CLI

#endif  // SETLOG_TOOLS_CLI_TYPES_H_
