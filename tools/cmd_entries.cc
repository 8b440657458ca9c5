// `setlog entries`: the raw log, each entry verified under the head.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/entry.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

struct EntriesFlags {
  std::string origin;
  std::optional<uint64_t> from;
  std::string files;  // --from too: no directory or URL is digits only
  std::optional<uint64_t> to;
  TrustFlags trust;
};

// Adds the fields of the entry's type to `json`; the words for people.
std::string Describe(const Entry& entry, Json& json) {
  if (const auto* manifest = std::get_if<ManifestEntry>(&entry)) {
    json["manifest"] = Json::parse(manifest->json, nullptr, /*allow_exceptions=*/false);
    return manifest->json;
  }
  if (const auto* add = std::get_if<AddEntry>(&entry)) {
    json["r"] = ToHex(add->value);
    return ToHex(add->value);
  }
  if (const auto* remove = std::get_if<RemoveEntry>(&entry)) {
    json["r"] = ToHex(remove->value);
    return ToHex(remove->value);
  }
  if (const auto* index = std::get_if<IndexEntry>(&entry)) {
    json["m"] = index->m;
    json["n"] = index->n;
    json["set_root"] = ToHex(index->set_root);
    return absl::StrFormat("m %d  n %d  set root %s", index->m, index->n,
                           ToHex(index->set_root));
  }
  const TagEntry& tag = std::get<TagEntry>(entry);
  json["m"] = tag.m;
  json["name"] = tag.name;
  return absl::StrFormat("m %d  name %s", tag.m, tag.name);
}

// An entry that is none of the five forms is shown all the same: it is in the log.
void Print(uint64_t position, Bytes bytes, Output& out) {
  const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
  const char* type = entry.ok() ? NameOf(TypeOf(*entry)) : "malformed";
  Json json{{"index", position}, {"type", type}, {"entry", ToHex(bytes)}};
  const std::string words = entry.ok() ? Describe(*entry, json) : ToHex(bytes);
  out.Result(json, absl::StrFormat("%d  %s  %s", position, type, words));
}

ExitCode ShowEntries(const EntriesFlags& flags, Session& session) {
  Output& out = session.out;
  absl::StatusOr<LogSession> log =
      LogSession::Open(session, flags.trust, flags.origin, {.from = flags.files});
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = log->Head({}, {});
  if (!head.ok()) return log->Fail(head.status());
  const Checkpoint& checkpoint = head->version.checkpoint;
  const TreeClient tree(&log->connection(), checkpoint);
  const absl::Status status =
      tree.Entries(flags.from.value_or(0), flags.to.value_or(checkpoint.size),
                   [&out](uint64_t begin, std::span<const Bytes> entries) {
                     for (size_t i = 0; i < entries.size(); ++i)
                       Print(begin + i, entries[i], out);
                     return absl::OkStatus();
                   });
  return status.ok() ? ExitCode::kHolds : log->Fail(status);
}

// What the values of --from are: a position, or where the log's files are.
void AddFromTwice(CLI::App& app, EntriesFlags& flags) {
  CLI::Option* option = app.add_option_function<std::vector<std::string>>(
      "--from",
      [&flags](const std::vector<std::string>& values) {
        for (const std::string& value : values) {
          const bool digits = value.find_first_not_of("0123456789") == value.npos;
          const std::optional<uint64_t> position = ParseDecimal(value);
          if (digits ? !position || flags.from : !flags.files.empty()) {
            throw CLI::ValidationError(
                "--from",
                absl::StrFormat("\"%s\": one position (digits only, no leading zero), "
                                "and one directory or URL (./%s), if any",
                                value, value));
          }
          if (digits) {
            flags.from = *position;
          } else {
            flags.files = value;
          }
        }
      },
      absl::StrFormat("the first position (0); or %s", kFromHelp));
  option->type_name("N|DIR|URL")->allow_extra_args(false);
}

}  // namespace

Runner DeclareEntries(CLI::App& app) {
  auto flags = std::make_unique<EntriesFlags>();
  AddOrigin(app, flags->origin);
  AddFromTwice(app, *flags);
  AddNumber(app, "--to", flags->to, "one past the last position (the head's size)");
  AddVerdictFlags(app, flags->trust);
  app.footer("  setlog entries example.org/pets --from 0 --to 10 --json");
  return [flags = std::move(flags)](Session& session) {
    return ShowEntries(*flags, session);
  };
}

}  // namespace setlog
