#include "storage/rocks_view.h"

#include <rocksdb/db.h>

#include "storage/rocks_settings.h"
#include "storage/row_format.h"

namespace setlog {

RocksView::~RocksView() = default;

absl::Status RocksView::Commit(const GroupCommit&) { return ReadOnly(); }

absl::Status RocksView::ReadOnly() const {
  return absl::FailedPreconditionError("the store " + database_->path() +
                                       " was opened to be read only");
}

absl::StatusOr<std::string> RocksView::Read(LogNumber log, Table table,
                                            std::string_view key) const {
  return database_->Get(RowKey(log, table, key));
}

absl::StatusOr<std::string> RocksView::ReadUnchecked(LogNumber log, Table table,
                                                     std::string_view key) const {
  return database_->Get(RowKey(log, table, key), RocksDatabase::Checksums::kIgnored);
}

absl::Status RocksView::ReadManyUnchecked(
    LogNumber log, Table table, std::span<const std::string> keys,
    const std::function<absl::Status(size_t, std::string_view)>& visit) const {
  std::vector<std::string> rows;
  rows.reserve(keys.size());
  for (const std::string& key : keys) rows.push_back(RowKey(log, table, key));
  return database_->GetMany(rows, visit);
}

absl::Status RocksView::Scan(
    LogNumber log, Table table, std::string_view first, std::string_view last,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const std::string prefix = TablePrefix(log, table);
  const std::string end = last.empty() ? PrefixEnd(prefix) : prefix + std::string(last);
  return database_->Scan(prefix + std::string(first), end,
                         [&](std::string_view key, std::string_view value) {
                           return visit(key.substr(prefix.size()), value);
                         });
}

absl::StatusOr<std::pair<std::string, std::string>> RocksView::ReadLast(
    LogNumber log, Table table, std::string_view key) const {
  const std::string prefix = TablePrefix(log, table);
  rocksdb::ReadOptions options = CheckedRead();
  const rocksdb::Slice lower(prefix);
  options.iterate_lower_bound = &lower;
  const std::unique_ptr<rocksdb::Iterator> row(database_->db().NewIterator(options));
  row->SeekForPrev(prefix + std::string(key));
  if (!row->status().ok()) return database_->ToStatus(row->status());
  if (!row->Valid()) return absl::NotFoundError("no such row in the store");
  return std::pair(row->key().ToString().substr(prefix.size()),
                   row->value().ToString());
}

absl::StatusOr<std::vector<LogRecord>> RocksView::Logs() const {
  std::vector<LogRecord> logs;
  absl::Status parsed;
  absl::Status scanned =
      database_->Scan(LogKeyPrefix(), PrefixEnd(LogKeyPrefix()),
                      [&](std::string_view key, std::string_view value) {
                        absl::StatusOr<LogRecord> log = ParseLogRow(key, value);
                        parsed = log.status();
                        if (log.ok()) logs.push_back(*std::move(log));
                        return parsed.ok();
                      });
  if (!scanned.ok()) return scanned;
  if (!parsed.ok()) return parsed;
  return logs;
}

}  // namespace setlog
