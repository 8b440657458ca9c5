// storage/rocks_settings.h -- every RocksDB option that setlog relies on, with the
// reason.
//
//   rocksdb::DB::Open(rocksdb::Options(RocksDatabaseSettings(),
//                                      RocksRowSettings(memory_bytes)),
//                     path, &db);
//
// Internal to storage/: only rocks_*.cc may include RocksDB.
#ifndef SETLOG_STORAGE_ROCKS_SETTINGS_H_
#define SETLOG_STORAGE_ROCKS_SETTINGS_H_

#include <rocksdb/db.h>

#include <cstdint>

namespace setlog {

// Checksums each row from the building of a batch until it stands in the memtable.
inline constexpr size_t kRowChecksumBytes = 8;

rocksdb::DBOptions RocksDatabaseSettings();
// Of the one column family that there is.
rocksdb::ColumnFamilyOptions RocksRowSettings(uint64_t memory_bytes);

// For every write batch of the log: on OK it is on the disk.
rocksdb::WriteOptions DurableWrite();
// For a store in the making, which is flushed at the end: no write-ahead log, no sync.
rocksdb::WriteOptions BulkWrite();
// For every read.
rocksdb::ReadOptions CheckedRead();

}  // namespace setlog

#endif  // SETLOG_STORAGE_ROCKS_SETTINGS_H_
