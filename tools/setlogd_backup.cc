// setlogd backup, setlogd restore: copies that were checked, and the way back.
#include <CLI/CLI.hpp>
#include <optional>

#include "absl/strings/str_format.h"
#include "server/backup.h"
#include "tools/daemon_flags.h"
#include "tools/daemon_output.h"
#include "tools/setlogd_commands.h"

namespace setlog {
namespace {

Json ToJson(const char* verdict, const BackupManifest& manifest) {
  Json logs = Json::array();
  for (const BackupLog& log : manifest.logs) {
    logs.push_back(
        {{"origin", log.origin}, {"size", log.size}, {"root", ToHex(log.root)}});
  }
  return {{"verdict", verdict},
          {"commit", manifest.commit.number},
          {"keys", manifest.keys},
          {"files", manifest.files.size()},
          {"logs", std::move(logs)}};
}

void PrintLogs(const BackupManifest& manifest, Output& out) {
  for (const BackupLog& log : manifest.logs) {
    out.Detail(absl::StrFormat("  %s: %u entries, root %s", log.origin, log.size,
                               ToHex(log.root)));
  }
}

}  // namespace

int DaemonBackup(int argc, char** argv) {
  DataDirectory where;
  std::string target;
  bool with_keys = false;
  bool json = false;
  CLI::App app(
      "Copies a data directory, also while a server runs on it, and checks the copy:\n"
      "every log's root is recomputed from its entries.\n\n"
      "  setlogd backup /backup/monday --data /var/lib/setlog\n\n"
      "Without --with-keys the copy has neither signing keys nor the token: keep those "
      "apart.\nExit code: 0 made and checked, 2 usage, 3 not made.");
  app.add_option("BACKUP", target, "the directory to make")->required();
  app.add_option("--data", where.data_dir, "the data directory")->required();
  app.add_option("--anchor", where.anchor_path,
                 "the head anchor's file, if no server runs (default: DIR/anchor)");
  app.add_flag("--with-keys", with_keys,
               "signing keys and admin.token too: whoever has the copy can then sign");
  app.add_flag("--json", json, "one JSON object");
  if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) {
    return *exit_code;
  }
  DaemonOutput out(json);
  absl::StatusOr<BackupManifest> made =
      BackUp(where, target, with_keys, out.progress());
  out.EndProgress();
  if (!made.ok()) return FailDaemon(made.status());
  out.out().Verdict(ToJson("BACKED UP", *made), "BACKED UP",
                    absl::StrFormat(" commit %u in %s", made->commit.number, target));
  PrintLogs(*made, out.out());
  out.out().Detail(with_keys ? "The signing keys are in it: keep it as secret as them."
                             : "The signing keys are not in it (--with-keys).");
  return out.out().Flush() ? 0 : 3;
}

int DaemonRestore(int argc, char** argv) {
  DataDirectory to;
  std::string backup;
  std::optional<uint64_t> accept_rollback;
  bool json = false;
  CLI::App app(
      "Makes a data directory from a backup, after checking all of it.\n\n"
      "  setlogd restore /backup/monday --data /var/lib/setlog-new\n\n"
      "Give the --anchor FILE that the server had on another disk: a backup older than "
      "what\nwas acknowledged is then refused, until --accept-rollback names its "
      "commit.\nExit code: 0 restored, 2 usage, 3 refused.");
  app.add_option("BACKUP", backup, "a directory that `setlogd backup` made")
      ->required();
  app.add_option("--data", to.data_dir, "the directory to make")->required();
  app.add_option("--anchor", to.anchor_path,
                 "the head anchor's file (default: the backup's, to DIR/anchor)");
  app.add_option("--accept-rollback", accept_rollback,
                 "the backup's commit, if what came after it is to be given up");
  app.add_flag("--json", json, "one JSON object");
  if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) {
    return *exit_code;
  }
  DaemonOutput out(json);
  absl::StatusOr<Restored> restored =
      Restore(backup, to, accept_rollback, out.progress());
  out.EndProgress();
  if (!restored.ok()) return FailDaemon(restored.status());
  const BackupManifest& manifest = restored->manifest;
  if (accept_rollback) {
    for (const BackupLog& log : manifest.logs) {
      out.out().Error(absl::StrFormat(
          "rolled back: entries [%u, ...) of %s that were acknowledged after commit %u "
          "are lost; whoever saw them can prove it",
          log.size, log.origin, manifest.commit.number));
    }
  }
  Json result = ToJson("RESTORED", manifest);
  result["missing_keys"] = restored->missing_keys;
  out.out().Verdict(
      result, "RESTORED",
      absl::StrFormat(" commit %u to %s", manifest.commit.number, to.data_dir));
  PrintLogs(manifest, out.out());
  if (to.anchor_path.empty()) {
    out.out().Detail(
        "whether it is the newest was NOT checked, for want of an --anchor FILE: if "
        "more "
        "was acknowledged since, starting it forks the log");
  }
  for (const std::string& path : restored->missing_keys) {
    out.out().Detail("put the signing key back before starting: " + path);
  }
  return out.out().Flush() ? 0 : 3;
}

}  // namespace setlog
