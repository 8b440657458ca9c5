// storage/rocks_inspection.h -- a store that nobody may use meanwhile, to be looked at.
//
//   absl::StatusOr<std::unique_ptr<StoreInspection>> look =
//       StoreInspection::Open("/srv/setlog/store", uint64_t{64} << 20);
//   (*look)->store().Logs();                        // as any Store, read only
//   (*look)->VerifyFiles(report);                   // every block's checksum
//   (*look)->ScanRows(visit);                       // every row, known or not
//
// Alters nothing, whatever it finds. Holds the store's lock as long as it lives, so the
// files may also be copied meanwhile (all but LOCK: closing a descriptor of it would
// give the lock away). One thread.
#ifndef SETLOG_STORAGE_ROCKS_INSPECTION_H_
#define SETLOG_STORAGE_ROCKS_INSPECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/store.h"

namespace setlog {

class StoreInspection {
 public:
  // Errors of OpenRocksStore: FailedPrecondition if a server, which is named, has it
  // open.
  static absl::StatusOr<std::unique_ptr<StoreInspection>> Open(const std::string& path,
                                                               uint64_t memory_bytes);
  virtual ~StoreInspection() = default;

  // Writing to it is FailedPrecondition.
  virtual Store& store() = 0;
  // Every row, by its whole key, until `visit` returns false. DataLoss at the first
  // block that cannot be read, which checks each block's checksum on the way.
  virtual absl::Status ScanRows(
      const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const = 0;

  // Reads every block of every table file, also of those rows that were overwritten
  // since. `damaged` is called for each file that does not fit its checksums; `read` as
  // it goes on, with bytes.
  virtual void VerifyFiles(
      const std::function<void(std::string file, absl::Status why)>& damaged,
      const std::function<void(uint64_t done, uint64_t total)>& read) const = 0;
};

// Adds one row, by its whole key.
using RowSink =
    std::function<absl::Status(std::string_view key, std::string_view value)>;

// Writes a new store in `path`, which must not exist: the rows of `from` whose keys
// `keep` says yes to, then what `add` puts. On OK it is on the disk. ResourceExhausted:
// the disk is full.
absl::Status RewriteStore(const StoreInspection& from, const std::string& path,
                          uint64_t memory_bytes,
                          const std::function<bool(std::string_view key)>& keep,
                          const std::function<absl::Status(const RowSink& put)>& add);

}  // namespace setlog

#endif  // SETLOG_STORAGE_ROCKS_INSPECTION_H_
