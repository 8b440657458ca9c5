#include "tools/name_data.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/training_data.h"
#include "model/statement.h"
#include "tools/log_session.h"
#include "tools/model_data.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;

// What is there before anything is asked or written.
absl::Status CheckPlace(const DataFlags& flags, const std::string& model,
                        const std::vector<std::string>& ignore_paths) {
  const std::string path = model + "/" + kTrainingDataFile;
  std::error_code error;
  const fs::file_type there = fs::symlink_status(path, error).type();
  const bool exists = there != fs::file_type::not_found && there != fs::file_type::none;
  if (flags.names.empty() && !flags.keep) {
    if (!exists || IsIgnored(kTrainingDataFile, ignore_paths)) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s says what a model was trained on, and would be signed: name the data with "
        "--data ORIGIN@TAG, which writes it anew, sign it as it is with --keep-data, "
        "or remove it",
        path));
  }
  if (IsIgnored(kTrainingDataFile, ignore_paths)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--ignore-paths leaves out %s, so that the data would not be signed",
        kTrainingDataFile));
  }
  if (!fs::is_directory(model, error)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is no directory: data is named in a file beside the model's", model));
  }
  if (exists && there != fs::file_type::regular) {
    return absl::FailedPreconditionError(path + " is no regular file: remove it");
  }
  return absl::OkStatus();
}

// A key is one log's, and somebody who names one means it.
absl::Status CheckKey(const TrustFlags& trust, const std::vector<DataName>& names) {
  if (trust.vkey.empty()) return absl::OkStatus();
  const absl::StatusOr<VerifierKey> key = LogKeyOf(trust.vkey);
  if (!key.ok()) return key.status();
  for (const DataName& name : names) {
    if (name.origin == key->name) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("--key: no --data is of its log %s", key->name));
}

absl::StatusOr<std::vector<DataName>> NamesOf(const DataFlags& flags) {
  std::vector<DataName> names;
  for (const std::string& text : flags.names) {
    absl::StatusOr<DataName> name = ParseDataName(text);
    if (!name.ok()) return name.status();
    names.push_back(*std::move(name));
  }
  if (absl::Status s = CheckKey(flags.trust, names); !s.ok()) return s;
  return names;
}

absl::StatusOr<std::vector<DataHead>> ReadKept(const std::string& path) {
  const absl::StatusOr<std::string> bytes = ReadSmallFile(path, kMaxTrainingDataBytes);
  if (!bytes.ok()) return bytes.status();
  return ParseTrainingData(*bytes);
}

// What is signed with the model, to be told.
ExitCode Say(const std::vector<DataHead>& heads, Output& out) {
  Json names = Json::array();
  for (const DataHead& head : heads) {
    out.Note("the data " + SentenceOf(head));
    names.push_back(JsonOf(head));
  }
  out.AddToResults("data", std::move(names));
  return ExitCode::kHolds;
}

// One version, under the newest head, with the cosignatures that it has.
absl::StatusOr<DataHead> FetchHead(const DataName& name, LogSession& log) {
  absl::StatusOr<VerifiedHead> head = log.Head({.tag = name.tag}, {});
  if (head.ok()) head = log.client().Cosigned(*head, {});
  if (!head.ok()) return head.status();
  return MakeDataHead(head->proof, head->version.log_key);
}

}  // namespace

void AddDataFlags(CLI::App& app, DataFlags& flags) {
  app.add_option(
         "--data", flags.names,
         "a version that the model was trained on, to be signed with it; may be "
         "repeated")
      ->type_name("ORIGIN@TAG")
      ->expected(1)
      ->take_all();
  app.add_flag("--keep-data", flags.keep,
               "sign the data that the model names already, as it is")
      ->excludes("--data");
  AddTrustFlags(app, flags.trust);
}

ExitCode NameData(const DataFlags& flags, const std::string& model,
                  const std::vector<std::string>& ignore_paths, Session& session) {
  Output& out = session.out;
  const std::string path = model + "/" + kTrainingDataFile;
  const absl::StatusOr<std::vector<DataName>> names = NamesOf(flags);
  if (!names.ok()) return out.Fail(names.status());
  const absl::Status place = CheckPlace(flags, model, ignore_paths);
  if (!place.ok()) return out.Fail(place);
  if (flags.keep) {
    const absl::StatusOr<std::vector<DataHead>> kept = ReadKept(path);
    return kept.ok() ? Say(*kept, out) : out.Fail(kept.status());
  }
  if (flags.names.empty()) return ExitCode::kHolds;
  std::vector<DataHead> heads;
  for (const DataName& name : *names) {
    absl::StatusOr<LogSession> log =
        LogSession::Open(session, TrustFor(name.origin, flags.trust), name.origin);
    if (!log.ok()) return out.Fail(log.status());
    absl::StatusOr<DataHead> head = FetchHead(name, *log);
    if (!head.ok()) return log->Fail(head.status());
    heads.push_back(*std::move(head));
  }
  const absl::StatusOr<std::string> bytes = FormatTrainingData(heads);
  if (!bytes.ok()) return out.Fail(bytes.status());
  const absl::Status written = ReplaceFile(path, *bytes, 0644);
  if (!written.ok()) return out.Fail(written);
  return Say(heads, out);
}

}  // namespace setlog
