// `setlog check-data`: are the records here those of a version of a log?

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "tools/commands.h"
#include "tools/data_check.h"
#include "tools/log_version.h"
#include "tools/record_question.h"

namespace setlog {
namespace {

struct CheckDataFlags {
  RecordQuestion question;
  std::string at;
  DataCheckOptions options;
  TrustFlags trust;
};

ExitCode CheckData(const CheckDataFlags& flags, Session& session) {
  Output& out = session.out;
  const absl::StatusOr<VersionName> name = ParseVersionName(flags.at);
  if (!name.ok()) return out.Fail(name.status());
  const absl::Status input = CheckQuestion(flags.question);
  if (!input.ok()) return out.Fail(input);
  std::variant<ExitCode, LogVersion> opened =
      OpenVersion(*name, {.trust = flags.trust}, session);
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
  LogVersion& version = std::get<LogVersion>(opened);
  const auto unverified = [&](const absl::Status& why) {
    return ReportUnverified(why, *name, *version.log, Json::object(), out);
  };
  const Manifest& manifest = version.version().manifest;
  const absl::StatusOr<std::unique_ptr<VrfSource>> vrf =
      UseVrf(flags.question.vrf, manifest, *version.log, session);
  if (!vrf.ok()) return unverified(vrf.status());
  const absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(manifest);
  if (!scheme.ok()) return unverified(scheme.status());
  absl::StatusOr<RecordSource> source =
      RecordSource::Open(flags.question.input, flags.question.hashes, *scheme, 0);
  if (!source.ok()) return out.Fail(source.status());
  return DataCheck(&version, flags.options, &out).Run(*source);
}

}  // namespace

Runner DeclareCheckData(CLI::App& app) {
  auto flags = std::make_unique<CheckDataFlags>();
  AddRecordQuestion(app, flags->question);
  // A record that was passed over would be one that was not checked.
  app.remove_option(app.get_option("--skip-bad"));
  app.add_option("--at", flags->at,
                 "the version that they are to be: ORIGIN@TAG, or ORIGIN, "
                 "its newest")
      ->required()
      ->type_name("ORIGIN@TAG");
  app.add_flag("--subset", flags->options.subset,
               "members that are not here are allowed");
  app.add_option("--missing", flags->options.missing_file,
                 "write the hashes of members that are not here, 64 hex digits a line")
      ->type_name("FILE");
  AddVerdictFlags(app, flags->trust);
  app.footer(
      "  setlog check-data train/ --at example.org/pets@v1\n"
      "  VERIFIED the 1300 records here are the set that example.org/pets committed to "
      "...\n\n"
      "Before training: every record here is a member, and every member is here "
      "(--subset\n"
      "asks for the first only). Duplicates are allowed and counted. A record is its\n"
      "canonical bytes: one changed pixel or space is another record. This shows that "
      "what\n"
      "is here was committed, not what a program trains on afterwards. Exit code: 0 it "
      "holds,\n"
      "1 it does not, and --json names every record that is no member, 2 an input "
      "cannot be\n"
      "read, 3 could not be verified, 4 the log contradicts itself.");
  return [flags = std::move(flags)](Session& session) {
    return CheckData(*flags, session);
  };
}

}  // namespace setlog
