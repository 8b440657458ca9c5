// server/backup_manifest.h -- backup.json: what a backup consists of.
//
//   std::string text = FormatBackupManifest(manifest);
//   absl::StatusOr<BackupManifest> back = ParseBackupManifest(text);
//
// One JSON object in RFC 8785 form, LF, the SHA-256 of that object in hex, LF. Drawn in
// docs/format.md, "A backup". Pure functions.
#ifndef SETLOG_SERVER_BACKUP_MANIFEST_H_
#define SETLOG_SERVER_BACKUP_MANIFEST_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "storage/store.h"

namespace setlog {

inline constexpr char kBackupManifestName[] = "backup.json";

struct BackupFile {
  std::string path;  // relative to the backup: "store/CURRENT"
  uint64_t size = 0;
  Hash sha256;
  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

struct BackupLog {
  std::string origin;
  uint64_t size = 0;
  Hash root;
  std::string vkey;
  friend bool operator==(const BackupLog&, const BackupLog&) = default;
};

struct BackupManifest {
  int64_t created = 0;  // POSIX seconds
  bool keys = false;    // made --with-keys
  StoreId store{};
  CommitPoint commit;
  std::vector<BackupLog> logs;    // by log number
  std::vector<BackupFile> files;  // all but the manifest, by path
};

std::string FormatBackupManifest(const BackupManifest& manifest);
// Exact: formatting the result gives `text`. DataLoss otherwise.
absl::StatusOr<BackupManifest> ParseBackupManifest(std::string_view text);

}  // namespace setlog

#endif  // SETLOG_SERVER_BACKUP_MANIFEST_H_
