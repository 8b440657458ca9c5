#include "tools/flags.h"

#include <CLI/CLI.hpp>
#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/origin.h"
#include "tools/units.h"

namespace setlog {
namespace {

// CLI11 reports errors in flags by exception; it also catches this one.
[[noreturn]] void Refuse(const std::string& name, const std::string& why) {
  throw CLI::ValidationError(name, why);
}

uint64_t NumberOrRefuse(const std::string& name, const std::string& text) {
  const std::optional<uint64_t> number = ParseDecimal(text);
  if (!number) {
    Refuse(name,
           absl::StrFormat("\"%s\" is no number: write decimal digits, at most 2^64-1",
                           text));
  }
  return *number;
}

CLI::Option* AddParsed(CLI::App& app, const std::string& name,
                       std::function<void(const std::string&)> parse,
                       const std::string& help, const char* type) {
  CLI::Option* option = app.add_option_function<std::string>(name, parse, help);
  return option->type_name(type);
}

template <typename Target>
CLI::Option* AddParsedNumber(CLI::App& app, const std::string& name, Target& number,
                             const std::string& help) {
  return AddParsed(
      app, name,
      [name, &number](const std::string& text) { number = NumberOrRefuse(name, text); },
      help, name.starts_with('-') ? "N" : "");
}

template <typename Target>
CLI::Option* AddParsedDuration(CLI::App& app, const std::string& name, Target& target,
                               const std::string& help) {
  return AddParsed(
      app, name,
      [name, &target](const std::string& text) {
        const absl::StatusOr<int64_t> duration = ParseDuration(text);
        if (!duration.ok()) Refuse(name, std::string(duration.status().message()));
        target = *duration;
      },
      help, "TIME");
}

}  // namespace

CLI::Option* AddNumber(CLI::App& app, const std::string& name,
                       std::optional<uint64_t>& number, const std::string& help) {
  return AddParsedNumber(app, name, number, help);
}

CLI::Option* AddNumber(CLI::App& app, const std::string& name, uint64_t& number,
                       const std::string& help) {
  return AddParsedNumber(app, name, number, help)->required();
}

CLI::Option* AddDuration(CLI::App& app, const std::string& name, int64_t& duration_us,
                         const std::string& help) {
  return AddParsedDuration(app, name, duration_us, help);
}

CLI::Option* AddDuration(CLI::App& app, const std::string& name,
                         std::optional<int64_t>& duration_us, const std::string& help) {
  return AddParsedDuration(app, name, duration_us, help);
}

CLI::Option* AddHashes(CLI::App& app, const std::string& name,
                       std::vector<Hash>& hashes, const std::string& help) {
  CLI::Option* option = app.add_option_function<std::vector<std::string>>(
      name,
      [name, &hashes](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          const std::optional<Hash> hash = HashFromHex(absl::AsciiStrToLower(text));
          if (!hash) {
            Refuse(name, absl::StrFormat("\"%s\" is no hash of 64 hex digits", text));
          }
          hashes.push_back(*hash);
        }
      },
      help);
  return option->type_name("HEX")->allow_extra_args(false);
}

CLI::Option* AddFrom(CLI::App& app, std::string& from) {
  return AddParsed(
      app, "--from",
      [&from](const std::string& text) {
        // An unset variable must not mean the server.
        if (text.empty()) Refuse("--from", "it is empty: name a directory or a URL");
        const std::string scheme = text.substr(0, text.find("://"));
        if (scheme != text && scheme != "http" && scheme != "https") {
          Refuse("--from", text + " is no http:// or https:// URL, nor a directory");
        }
        from = text;
      },
      kFromHelp, "DIR|URL");
}

CLI::Option* AddOrigin(CLI::App& app, std::string& origin) {
  return AddParsed(
             app, "ORIGIN",
             [&origin](const std::string& text) {
               const absl::Status status = CheckOrigin(text);
               if (!status.ok()) Refuse("ORIGIN", std::string(status.message()));
               origin = text;
             },
             "the log's name, like data.example.org/gsm8k", "")
      ->required();
}

}  // namespace setlog
