// tools/flags.h -- flags with a strict spelling, on top of CLI11's.
//
//   std::optional<uint64_t> size;
//   AddNumber(app, "--size", size, "the tree's size");  // "0x10", "-1", "5.0": exit 2
//
// CLI11's own integers take octal, hexadecimal and signs; these take the one decimal
// spelling that the formats of setlog have. Each writes to a variable that must outlive
// the parsing of `app`.
#ifndef SETLOG_TOOLS_FLAGS_H_
#define SETLOG_TOOLS_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/bytes.h"
#include "tools/cli_types.h"

namespace setlog {

CLI::Option* AddNumber(CLI::App& app, const std::string& name,
                       std::optional<uint64_t>& number, const std::string& help);
// A number that the command cannot do without.
CLI::Option* AddNumber(CLI::App& app, const std::string& name, uint64_t& number,
                       const std::string& help);
// Microseconds of "15s", "2h": tools/units.h.
CLI::Option* AddDuration(CLI::App& app, const std::string& name, int64_t& duration_us,
                         const std::string& help);
CLI::Option* AddDuration(CLI::App& app, const std::string& name,
                         std::optional<int64_t>& duration_us, const std::string& help);
// 64 hex digits, of either case; may be given several times.
CLI::Option* AddHashes(CLI::App& app, const std::string& name,
                       std::vector<Hash>& hashes, const std::string& help);
// --from: the log's published files, for commands that need no server.
inline constexpr char kFromHelp[] =
    "a directory or URL with the log's files (setlog export), in place of a server";
CLI::Option* AddFrom(CLI::App& app, std::string& from);
// The positional ORIGIN, checked by CheckOrigin.
CLI::Option* AddOrigin(CLI::App& app, std::string& origin);

}  // namespace setlog

#endif  // SETLOG_TOOLS_FLAGS_H_
