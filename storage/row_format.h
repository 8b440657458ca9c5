// storage/row_format.h -- every key and value that a store keeps on disk.
//
//   std::string key = RowKey(1, Table::kBundle, U64Key(7));   // 00000001 'b' 0..07
//   std::string row = EncodeCommitRow(state.commit, state.previous);
//   absl::StatusOr<CommitRow> back = ParseCommitRow(row);     // DataLoss if malformed
//
// Pure functions. Integers are big endian; docs/format.md, "The store on disk", draws
// every row. Parsers are strict: what they accept, they would write the same way.
#ifndef SETLOG_STORAGE_ROW_FORMAT_H_
#define SETLOG_STORAGE_ROW_FORMAT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace setlog {

inline constexpr uint32_t kStoreFormatVersion = 1;

void AppendU32(std::string* out, uint32_t value);
// The integer in the first 4 bytes of `bytes`, which must have at least that many.
uint32_t ReadU32(Bytes bytes);

// u32 log | u8 table: what all keys of a table begin with.
std::string TablePrefix(LogNumber log, Table table);
std::string RowKey(LogNumber log, Table table, std::string_view key);
// The first string after all those that begin with `prefix` (which must not be all ff).
std::string PrefixEnd(std::string prefix);

// Rows of the store itself live under log number 0, which no log has.
std::string IdentityKey();
std::string CommitKey();
std::string LogKeyPrefix();
std::string LogKey(LogNumber log);

std::string EncodeIdentity(const StoreId& id);
// FailedPrecondition for a version that this program does not know.
absl::StatusOr<StoreId> ParseIdentity(std::string_view value);

struct CommitRow {
  CommitPoint commit;
  CommitPoint previous;
};
std::string EncodeCommitRow(const CommitRow& row);
absl::StatusOr<CommitRow> ParseCommitRow(std::string_view value);

std::string EncodeLogRow(const StoredHead& head, std::string_view origin);
absl::StatusOr<LogRecord> ParseLogRow(std::string_view key, std::string_view value);

}  // namespace setlog

#endif  // SETLOG_STORAGE_ROW_FORMAT_H_
