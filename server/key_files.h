// server/key_files.h -- small secret files of the data directory: signing keys, tokens.
//
// A log's signing key is DIR/keys/<hex SHA-256 of its origin>.key: one line, the skey
// of log/skey.h, mode 0600, never in the database. Files are created whole or not at
// all and synced, with their directory, before anything relies on them.
//
// A key belongs to one history for ever. A new one is <hex>.key.new until the log's
// first entries are durable; KeepSigningKey then gives it its name. So a .key without
// its log in the store means that the store was lost or put aside, and no new log is
// ever made under it, while a .key.new without its log has signed nothing.
#ifndef SETLOG_SERVER_KEY_FILES_H_
#define SETLOG_SERVER_KEY_FILES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/skey.h"

namespace setlog {

std::string SigningKeyPath(std::string_view data_dir, std::string_view origin);

// NotFound if there is no key; FailedPrecondition if others may read the file;
// DataLoss if it is not the key of this origin.
absl::StatusOr<SigningKey> ReadSigningKey(const std::string& data_dir,
                                          std::string_view origin);
// A new random key, on disk as .key.new, in place of one that was not kept.
// FailedPrecondition if there is a .key: see above.
absl::StatusOr<SigningKey> NewSigningKey(const std::string& data_dir,
                                         std::string_view origin);
// The .key.new becomes the .key. Does nothing if there is only a .key.
absl::Status KeepSigningKey(const std::string& data_dir, std::string_view origin);
// As ReadSigningKey, of the .key.new.
absl::StatusOr<SigningKey> ReadNewSigningKey(const std::string& data_dir,
                                             std::string_view origin);

// The token of DIR/admin.token, made at the first call and kept for ever: 64 hex
// digits.
absl::StatusOr<std::string> AdminToken(const std::string& data_dir);
// The same, never made. NotFound; FailedPrecondition if others may read it or it is
// anything else.
absl::StatusOr<std::string> ReadAdminToken(const std::string& data_dir);

// Creates a directory with mode 0700, and syncs its parent, if it is not there.
absl::Status EnsureDirectory(const std::string& path);

}  // namespace setlog

#endif  // SETLOG_SERVER_KEY_FILES_H_
