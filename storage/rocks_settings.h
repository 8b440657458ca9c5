// storage/rocks_settings.h -- every RocksDB option that setlog relies on, with the
// reason.
//
//   rocksdb::DB::Open(RocksDatabaseSettings(memory_bytes), path,
//                     RocksFamilies(memory_bytes), &families, &db);
//
// Internal to storage/: only rocks_*.cc may include RocksDB.
#ifndef SETLOG_STORAGE_ROCKS_SETTINGS_H_
#define SETLOG_STORAGE_ROCKS_SETTINGS_H_

#include <rocksdb/db.h>

#include <cstdint>
#include <vector>

namespace setlog {

// Checksums each row from the building of a batch until it stands in the memtable.
inline constexpr size_t kRowChecksumBytes = 8;

rocksdb::DBOptions RocksDatabaseSettings(uint64_t memory_bytes);

// Two families: the durable rows, then derived rows.
std::vector<rocksdb::ColumnFamilyDescriptor> RocksFamilies(uint64_t memory_bytes);

// For every write batch of the log: on OK it is on the disk.
rocksdb::WriteOptions DurableWrite();
// For derived rows: no write-ahead log, no sync.
rocksdb::WriteOptions DerivedWrite();
// For every read.
rocksdb::ReadOptions CheckedRead();

}  // namespace setlog

#endif  // SETLOG_STORAGE_ROCKS_SETTINGS_H_
