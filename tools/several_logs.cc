#include "tools/several_logs.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/vkey.h"

namespace setlog {
namespace {

absl::Status Wrong(const char* flag, const std::string& text, const char* why) {
  return absl::InvalidArgumentError(absl::StrFormat("%s %s: %s", flag, text, why));
}

// A flag that goes with one log each time that it is given.
void AddPerLog(CLI::App& app, const char* flag, std::vector<std::string>& texts,
               const char* help, const char* type) {
  app.add_option(flag, texts, help)->type_name(type)->expected(1)->take_all();
}

}  // namespace

void AddSeveralLogsFlags(CLI::App& app, SeveralLogsFlags& flags) {
  AddPerLog(app, "--server-of", flags.servers,
            "the server of a log that is not on --server; may be repeated",
            "ORIGIN=ADDRESS");
  AddPerLog(app, "--token-file-of", flags.token_files,
            "file of a token for that log's server; may be repeated", "ORIGIN=FILE");
  AddVerdictFlags(app, flags.trust);
  app.remove_option(app.get_option("--key"));
  AddPerLog(app, "--key", flags.vkeys, "a log's key; pins it; may be repeated", "VKEY");
}

absl::StatusOr<LogPlaces> LogPlaces::Of(const SeveralLogsFlags& flags,
                                        std::span<const VersionName> names) {
  LogPlaces places(flags.trust);
  for (const VersionName& name : names) {
    places.places_.emplace(name.origin, places.others_);
  }
  const auto set = [&](const char* flag, const std::string& text,
                       const std::string& origin, std::string value,
                       auto field) -> absl::Status {
    const auto place = places.places_.find(origin);
    if (place == places.places_.end()) {
      return Wrong(flag, text, "the command names no version of that log");
    }
    std::string& known = field(place->second);
    if (!known.empty()) return Wrong(flag, text, "this is said twice of that log");
    known = std::move(value);
    return absl::OkStatus();
  };
  const auto set_pair = [&](const char* flag, const std::string& text,
                            auto field) -> absl::Status {
    const size_t end = text.find('=');
    if (end == text.npos || end + 1 == text.size()) {
      return Wrong(flag, text, "write ORIGIN, '=' and the value");
    }
    return set(flag, text, text.substr(0, end), text.substr(end + 1), field);
  };
  for (const std::string& text : flags.servers) {
    const absl::Status s =
        set_pair("--server-of", text,
                 [](VersionPlace& p) -> std::string& { return p.server.address; });
    if (!s.ok()) return s;
  }
  for (const std::string& text : flags.token_files) {
    const absl::Status s =
        set_pair("--token-file-of", text,
                 [](VersionPlace& p) -> std::string& { return p.server.token_file; });
    if (!s.ok()) return s;
  }
  for (const std::string& text : flags.vkeys) {
    const absl::StatusOr<VerifierKey> key = LogKeyOf(text);
    if (!key.ok()) return key.status();
    const absl::Status s =
        set("--key", text, key->name, text,
            [](VersionPlace& p) -> std::string& { return p.trust.vkey; });
    if (!s.ok()) return s;
  }
  return places;
}

VersionPlace LogPlaces::For(const std::string& origin) const {
  const auto place = places_.find(origin);
  return place == places_.end() ? others_ : place->second;
}

}  // namespace setlog
