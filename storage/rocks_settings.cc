#include "storage/rocks_settings.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace setlog {

rocksdb::DBOptions RocksDatabaseSettings() {
  rocksdb::DBOptions options;
  // --- What a damaged or interrupted store does at open.
  // Replays up to the first unreadable record and stops there. A power cut leaves such
  // a record at the end as a matter of course, also one of garbage rather than a short
  // one, which kTolerateCorruptedTailRecords and kAbsoluteConsistency would refuse. It
  // stops at an old damaged record as well and loses all after it: the head anchor is
  // what tells the two apart, before a file is altered.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // What was replayed is written again and synced. So the anchor may follow a commit
  // that was found in the page cache only, its own sync having failed or never ended.
  options.avoid_flush_during_recovery = false;
  // A block or manifest record that fails its checksum is an error, never skipped.
  options.paranoid_checks = true;
  options.skip_checking_sst_file_sizes_on_db_open = false;
  options.best_efforts_recovery = false;
  // Recycled files hold old records behind the new ones: one more thing to mistake.
  options.recycle_log_file_num = 0;
  // Needs bookkeeping around WAL syncs that had bugs after 7.8; the anchor promises
  // more.
  options.track_and_verify_wals_in_manifest = false;

  // --- After an I/O error: no retries behind our back. An fsync that failed once and
  // then "succeeds" has lost data; only a new open reads what is really there.
  options.max_bgerror_resume_count = 0;

  // --- Order and atomicity of writes: the plain path, one queue, one memtable writer.
  options.allow_concurrent_memtable_write = false;
  options.enable_pipelined_write = false;
  options.unordered_write = false;
  options.two_write_queues = false;
  options.manual_wal_flush = false;

  // --- Bounds.
  // A mapped file turns an I/O error into SIGBUS.
  options.allow_mmap_reads = false;
  options.allow_mmap_writes = false;
  // Descriptors are shared with gRPC, which hangs for good when they run out.
  options.max_open_files = 512;
  options.max_manifest_file_size = uint64_t{16} << 20;
  options.max_log_file_size = uint64_t{1} << 20;
  options.keep_log_file_num = 4;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // Trickles out SST data while it is written, so that commits do not wait for one
  // large burst. The final sync is what counts and is always made.
  options.bytes_per_sync = uint64_t{1} << 20;
  return options;
}

// A quarter of the memory is the two write buffers, which also bound what a start
// replays; the rest is the cache. All rows share one family: a manifest that lost its
// tail then shows an older commit (which the anchor refuses) or, if later ones are in
// the write-ahead log, a gap (which ReadState refuses), never the newest commit row
// without the rows of its commit, flushed apart from it.
rocksdb::ColumnFamilyOptions RocksRowSettings(uint64_t memory_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(memory_bytes / 4 * 3);
  // In the cache, so that memory_bytes bounds them too.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // On: the files of level 0 overlap in key range, and a row is in one of them. It
  // costs 10 bits a row, and a row of the log is a bundle of up to 256 entries.
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.checksum = rocksdb::ChecksumType::kXXH3;
  table.format_version = 5;

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = memory_bytes / 8;
  options.max_write_buffer_number = 2;
  // Hashes do not compress.
  options.compression = rocksdb::CompressionType::kNoCompression;
  options.force_consistency_checks = true;
  // Full bundles and tiles go to blob files, written once at flush; compaction then
  // moves keys only. Bytes written per entry of 35, bundles of 256, commits of 16,384,
  // WAL included: 10^6 entries 72, against 105 leveled and universal (nothing compacts
  // yet); 10^7 entries 72, against 231 leveled, 200 leveled dynamic, 162 universal.
  options.enable_blob_files = true;
  // Just below a full tile (8,192 bytes) and bundle (8,960). Partial ones, which are
  // overwritten, stay in the tables, so that blobs hold next to no garbage ...
  options.min_blob_size = 8192;
  // ... and need no collector, which would rewrite live blobs (109 bytes per entry).
  options.enable_blob_garbage_collection = false;
  options.blob_compression_type = rocksdb::CompressionType::kNoCompression;
  return options;
}

rocksdb::WriteOptions DurableWrite() {
  rocksdb::WriteOptions options;
  options.sync = true;
  options.protection_bytes_per_key = kRowChecksumBytes;
  return options;
}

rocksdb::WriteOptions BulkWrite() {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  options.protection_bytes_per_key = kRowChecksumBytes;
  return options;
}

rocksdb::ReadOptions CheckedRead() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

}  // namespace setlog
