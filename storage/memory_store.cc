// The store for tests: one ordered map, rows under the same keys as on disk.
#include <map>
#include <mutex>
#include <shared_mutex>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "storage/row_format.h"
#include "storage/store.h"

namespace setlog {
namespace {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const StoreId& id) { state_.id = id; }

  absl::Status Commit(const GroupCommit& commit) override {
    const std::unique_lock lock(mutex_);
    if (absl::Status fit = CheckCommit(state_.commit, commit); !fit.ok()) return fit;
    for (const NewHead& head : commit.heads) {
      if (!logs_.contains(head.log) && head.origin.empty()) {
        return absl::InvalidArgumentError(
            absl::StrFormat("log %u is new and has no origin", head.log));
      }
    }
    for (const Write& write : commit.writes) {
      rows_[RowKey(write.log, write.table, write.key)] = write.value;
    }
    for (const NewHead& head : commit.heads) {
      // try_emplace: the origin of a log that is there already is not read again.
      auto [log, is_new] =
          logs_.try_emplace(head.log, LogRecord{head.log, head.origin, head.head});
      log->second.head = head.head;
    }
    state_.previous = state_.commit;
    state_.commit = NextCommitPoint(state_.commit, commit.heads);
    return absl::OkStatus();
  }

  absl::Status Keep(const std::vector<Write>& rows) override {
    const std::unique_lock lock(mutex_);
    for (const Write& row : rows) {
      if (row.log == 0) return absl::InvalidArgumentError("no log has number 0");
    }
    for (const Write& row : rows)
      rows_[RowKey(row.log, row.table, row.key)] = row.value;
    return absl::OkStatus();
  }

  StoreState state() const override {
    const std::shared_lock lock(mutex_);
    return state_;
  }

  absl::StatusOr<std::string> Read(LogNumber log, Table table,
                                   std::string_view key) const override {
    const std::shared_lock lock(mutex_);
    const auto row = rows_.find(RowKey(log, table, key));
    if (row == rows_.end()) return absl::NotFoundError("no such row in the store");
    return row->second;
  }

  absl::Status Scan(LogNumber log, Table table, std::string_view first,
                    std::string_view last,
                    const std::function<bool(std::string_view, std::string_view)>&
                        visit) const override {
    // Copied, so that `visit` may read the store and sees one moment of it.
    for (const auto& [key, value] : Rows(log, table, first, last)) {
      if (!visit(key, value)) break;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::pair<std::string, std::string>> ReadLast(
      LogNumber log, Table table, std::string_view key) const override {
    const std::shared_lock lock(mutex_);
    const std::string prefix = TablePrefix(log, table);
    auto row = rows_.upper_bound(prefix + std::string(key));
    if (row == rows_.begin() || !(--row)->first.starts_with(prefix)) {
      return absl::NotFoundError("no such row in the store");
    }
    return std::pair(row->first.substr(prefix.size()), row->second);
  }

  absl::StatusOr<std::vector<LogRecord>> Logs() const override {
    const std::shared_lock lock(mutex_);
    std::vector<LogRecord> logs;
    for (const auto& [number, log] : logs_) logs.push_back(log);
    return logs;
  }

 private:
  std::vector<std::pair<std::string, std::string>> Rows(LogNumber log, Table table,
                                                        std::string_view first,
                                                        std::string_view last) const {
    const std::shared_lock lock(mutex_);
    const std::string prefix = TablePrefix(log, table);
    const std::string end =
        last.empty() ? PrefixEnd(prefix) : prefix + std::string(last);
    std::vector<std::pair<std::string, std::string>> rows;
    for (auto row = rows_.lower_bound(prefix + std::string(first));
         row != rows_.end() && row->first < end; ++row) {
      rows.emplace_back(row->first.substr(prefix.size()), row->second);
    }
    return rows;
  }

  mutable std::shared_mutex mutex_;
  StoreState state_ ABSL_GUARDED_BY(mutex_);
  std::map<LogNumber, LogRecord> logs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> rows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore() {
  return std::make_unique<MemoryStore>(NewStoreId());
}

}  // namespace setlog
