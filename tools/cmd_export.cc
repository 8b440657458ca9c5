// `setlog export`: the log as static files, for any web server.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/export_directory.h"
#include "client/log_export.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"
#include "tools/progress.h"

namespace setlog {
namespace {

struct ExportFlags {
  std::string origin;
  std::string directory;
  TrustFlags trust;
};

ExitCode Export(const ExportFlags& flags, Session& session) {
  Output& out = session.out;
  absl::StatusOr<LogSession> log = LogSession::Open(session, flags.trust, flags.origin);
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = log->Head({}, {});
  if (!head.ok()) return log->Fail(head.status());
  absl::StatusOr<ExportDirectory> directory = ExportDirectory::Open(flags.directory);
  if (!directory.ok()) return out.Fail(directory.status());
  const Version& version = head->version;
  const TreeClient tree(&log->connection(), version.checkpoint);
  absl::StatusOr<Exported> done;
  {
    Progress progress("exporting", version.checkpoint.size, out.quiet());
    done = ExportLog(tree, head->proof.checkpoint, version.log_key, *directory,
                     [&](uint64_t entries) { progress.Update(entries); });
  }
  if (!done.ok()) return log->Fail(done.status());
  out.Result({{"origin", flags.origin},
              {"size", done->size},
              {"from", done->from},
              {"files", directory->files()},
              {"pinned", head->pinned}},
             absl::StrFormat("exported %s, %d entries, to %s", flags.origin, done->size,
                             flags.directory));
  out.Detail(absl::StrFormat("  %d entries and %d files are new",
                             done->size - done->from, directory->files()));
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareExport(CLI::App& app) {
  auto flags = std::make_unique<ExportFlags>();
  AddOrigin(app, flags->origin);
  app.add_option("DIR", flags->directory,
                 "where `checkpoint` and `tile/` go, or are gone on with")
      ->required()
      ->type_name("");
  AddTrustFlags(app, flags->trust);
  app.footer(
      "  setlog export example.org/pets /srv/www/example.org/pets\n\n"
      "The files are what the server shows over HTTP (C2SP tlog-tiles), so any web "
      "server\n"
      "can stand in for it. Run it again to add what is new. Killed on the way, the "
      "files\n"
      "are those of the last whole export, and more that nobody asks for yet.");
  return
      [flags = std::move(flags)](Session& session) { return Export(*flags, session); };
}

}  // namespace setlog
