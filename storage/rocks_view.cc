#include "storage/rocks_view.h"

#include <rocksdb/db.h>

#include "storage/rocks_settings.h"
#include "storage/row_format.h"

namespace setlog {

RocksView::~RocksView() = default;

absl::Status RocksView::Commit(const GroupCommit&) { return ReadOnly(); }

absl::Status RocksView::WriteDerived(LogNumber, const std::vector<Write>&) {
  return ReadOnly();
}

absl::Status RocksView::ReadOnly() const {
  return absl::FailedPreconditionError("the store " + database_->path() +
                                       " was opened to be read only");
}

absl::StatusOr<std::string> RocksView::Read(LogNumber log, Table table,
                                            std::string_view key) const {
  if (database_->family(table) == nullptr) {
    return absl::NotFoundError("no such row in the store");
  }
  return database_->Get(database_->family(table), RowKey(log, table, key));
}

absl::StatusOr<std::string> RocksView::ReadUnchecked(LogNumber log, Table table,
                                                     std::string_view key) const {
  if (database_->family(table) == nullptr) {
    return absl::NotFoundError("no such row in the store");
  }
  return database_->Get(database_->family(table), RowKey(log, table, key),
                        RocksDatabase::Checksums::kIgnored);
}

absl::Status RocksView::Scan(
    LogNumber log, Table table, std::string_view first, std::string_view last,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  if (database_->family(table) == nullptr) return absl::OkStatus();
  const std::string prefix = TablePrefix(log, table);
  const std::string end = last.empty() ? PrefixEnd(prefix) : prefix + std::string(last);
  return database_->Scan(database_->family(table), prefix + std::string(first), end,
                         [&](std::string_view key, std::string_view value) {
                           return visit(key.substr(prefix.size()), value);
                         });
}

absl::StatusOr<std::pair<std::string, std::string>> RocksView::ReadLast(
    LogNumber log, Table table, std::string_view key) const {
  if (database_->family(table) == nullptr) {
    return absl::NotFoundError("no such row in the store");
  }
  const std::string prefix = TablePrefix(log, table);
  rocksdb::ReadOptions options = CheckedRead();
  const rocksdb::Slice lower(prefix);
  options.iterate_lower_bound = &lower;
  const std::unique_ptr<rocksdb::Iterator> row(
      database_->db().NewIterator(options, database_->family(table)));
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
      database_->Scan(database_->durable(), LogKeyPrefix(), PrefixEnd(LogKeyPrefix()),
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
