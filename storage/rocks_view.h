// storage/rocks_view.h -- an open RocksDB directory as a Store that can only be read.
//
//   RocksView view(*std::move(database), state);
//   absl::StatusOr<std::string> row = view.Read(log, Table::kTag, "v1");
//
// Internal to storage/: what rocks_store.cc writes through and rocks_inspection.cc
// looks at. Thread-safe.
#ifndef SETLOG_STORAGE_ROCKS_VIEW_H_
#define SETLOG_STORAGE_ROCKS_VIEW_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/rocks_database.h"
#include "storage/store.h"

namespace setlog {

class RocksView : public Store {
 public:
  RocksView(std::unique_ptr<RocksDatabase> database, const StoreState& state)
      : database_(std::move(database)), opened_at_(state) {}
  ~RocksView() override;

  // FailedPrecondition.
  absl::Status Commit(const GroupCommit& commit) override;

  StoreState state() const override { return opened_at_; }
  absl::StatusOr<std::string> Read(LogNumber log, Table table,
                                   std::string_view key) const override;
  absl::StatusOr<std::string> ReadUnchecked(LogNumber log, Table table,
                                            std::string_view key) const override;
  absl::Status ReadManyUnchecked(
      LogNumber log, Table table, std::span<const std::string> keys,
      const std::function<absl::Status(size_t, std::string_view)>& visit)
      const override;
  absl::Status Scan(LogNumber log, Table table, std::string_view first,
                    std::string_view last,
                    const std::function<bool(std::string_view, std::string_view)>&
                        visit) const override;
  absl::StatusOr<std::pair<std::string, std::string>> ReadLast(
      LogNumber log, Table table, std::string_view key) const override;
  absl::StatusOr<std::vector<LogRecord>> Logs() const override;

  const RocksDatabase& database() const { return *database_; }

 protected:
  const std::unique_ptr<RocksDatabase> database_;

 private:
  absl::Status ReadOnly() const;

  const StoreState opened_at_;
};

}  // namespace setlog

#endif  // SETLOG_STORAGE_ROCKS_VIEW_H_
