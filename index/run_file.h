// index/run_file.h -- the rows of one partition, in order, in one immutable file.
//
//   auto run = RunFile::Open(path, identity, partition);  // checks all but the pages
//   RunCursor cursor(**run);
//   for (cursor.SeekPrefix(first); cursor.valid() && cursor.prefix() < end;
//        cursor.Next()) use(cursor.key(), cursor.word());
//   if (!cursor.status().ok()) ...                        // DataLoss: a bad page
//
//   pages of 4,096 bytes:  110 keys of 32 bytes | 110 words of 5 bytes | u16 rows |
//                          16 zero bytes | u64 checksum; all but the last are full
//   u64 a page:            the first 8 bytes of its first key (the fence)
//   footer of 72 bytes:    tag 32 | u64 m | u64 rows | u64 pages | u64 checksum of the
//                          fence | u64 checksum of the footer so far
//
// Every row's position is below m, and all events of the partition below m are here.
// The file is mapped: opened files keep no descriptor, and a page is checked (checksum,
// count, order of its rows) the first time it is read. Memory: 8 bytes and a bit a
// page.
//
// A file is thread-safe; a cursor belongs to one thread and must not outlive its file.
// A disk that fails to deliver a mapped page raises SIGBUS, which ends the process.
#ifndef SETLOG_INDEX_RUN_FILE_H_
#define SETLOG_INDEX_RUN_FILE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "index/event_row.h"
#include "index/file_tag.h"
#include "index/mapped_file.h"
#include "index/run_page.h"
#include "log/bytes.h"

namespace setlog {

class RunFile {
 public:
  // NotFound if there is no such file; DataLoss if it is not the whole, undamaged frame
  // of a run of this partition; Unavailable. O(pages): the fence is read into memory.
  static absl::StatusOr<std::unique_ptr<RunFile>> Open(const std::string& path,
                                                       const IndexIdentity& identity,
                                                       unsigned partition);

  const std::string& path() const { return file_.path(); }
  uint64_t m() const { return m_; }
  uint64_t rows() const { return rows_; }
  uint64_t pages() const { return fence_.size(); }
  uint64_t file_bytes() const { return file_.bytes().size(); }

  // Reads and checks every page again, as if it had not been checked, and the order of
  // rows across pages. Sequential.
  absl::Status CheckAll() const;

  // Asks for the pages of rows with these prefixes (sorted) to be read from the disk,
  // without waiting: to be called for many keys before cursors seek to them one by one.
  // Costs a system call for each stretch of pages, so not worth it where most of the
  // file is in memory.
  void WillNeed(std::span<const uint64_t> prefixes) const;
  // The same for all pages from that of prefix `first` to that of `last`.
  void WillNeed(uint64_t first, uint64_t last) const;

 private:
  friend class RunCursor;
  RunFile(MappedFile file, const IndexIdentity& identity, unsigned partition,
          uint64_t m, uint64_t rows, std::vector<uint64_t> fence);

  const uint8_t* page(uint64_t index) const {
    return file_.bytes().data() + index * kRunPageBytes;
  }
  unsigned RowsIn(uint64_t index) const {
    return index + 1 < pages() ? kRunPageRows
                               : static_cast<unsigned>(rows_ - index * kRunPageRows);
  }
  // OK if the page was, or now is, found good.
  absl::Status Require(uint64_t index) const {
    const uint64_t word = checked_[index / 64].load(std::memory_order_relaxed);
    return word >> (index % 64) & 1 ? absl::OkStatus() : Check(index);
  }
  absl::Status Check(uint64_t index) const;
  // The first page whose fence is at least `prefix`; pages() if there is none. A few
  // steps from where it would be if keys were spread evenly, as hashes are.
  uint64_t FirstPageFrom(uint64_t prefix) const;

  MappedFile file_;
  IndexIdentity identity_;
  unsigned partition_;
  uint64_t m_;
  uint64_t rows_;
  std::vector<uint64_t> fence_;
  double pages_per_prefix_ = 0;
  mutable std::vector<std::atomic<uint64_t>> checked_;  // a bit a page
};

// A place in a run. Seek before anything else. After a bad page the cursor is not valid
// and status() says why, until the next Seek.
class RunCursor {
 public:
  enum class ReadAhead { kNone, kSequential };
  // kSequential: Next asks for megabytes ahead of where it is, for walks over all rows.
  explicit RunCursor(const RunFile& run, ReadAhead ahead = ReadAhead::kNone)
      : run_(&run), ahead_(ahead) {}

  void SeekToFirst();
  // To the first row whose key is at least `key`. Costs a few probes of the fence,
  // which are spared if the row is in the current page, and of one page; a binary
  // search over pages where many keys share 8 bytes.
  void Seek(const Hash& key);
  // To the first row whose key's first 8 bytes, as a number, are at least `prefix`.
  void SeekPrefix(uint64_t prefix);
  // Fetches the row that SeekPrefix would go to, and a few behind it, into the cache.
  // Cheap if prefixes increase.
  void Prefetch(uint64_t prefix);
  // To the next row; must be valid().
  void Next() {
    if (++slot_ == count_) NextPage();
  }

  // On a row. False before the first Seek, after the last row, and at a bad page.
  bool valid() const { return slot_ < count_; }
  const absl::Status& status() const { return status_; }

  // The current row, in place; the reference lives as long as the file.
  const Hash& key() const { return RunPageKey(page_, slot_); }
  uint64_t prefix() const { return RunPagePrefix(page_, slot_); }
  uint64_t word() const { return RunPageWord(page_, slot_); }
  EventRow row() const { return {key(), word()}; }
  // The current row and those behind it in its page, all of which were checked.
  RunRows rows() const {
    return {{&key(), count_ - slot_},
            reinterpret_cast<const PackedWord*>(page_ + kRunPageWords) + slot_};
  }
  // As Next, `count` times, at most rows().keys.size().
  void Skip(size_t count) {
    slot_ += static_cast<unsigned>(count);
    if (slot_ == count_) NextPage();
  }

 private:
  void NextPage();
  // RunFile::FirstPageFrom, at once if that is the page after `page`.
  uint64_t FirstPageFrom(uint64_t prefix, uint64_t page) const;
  // How far into a page the rows of `prefix` would be if they were spread evenly, where
  // keys from the first fence on lie before the second. From 0 to 1.
  static double ShareOfPage(uint64_t prefix, uint64_t first, uint64_t next);
  // Puts the cursor on a row of a page, having checked the page; false if it is bad.
  bool Enter(uint64_t page, unsigned slot);
  // Onto the first row of `page` for which `before` is false, or the one after the
  // page; looks from where rows of `prefix` would be if they were spread evenly.
  template <typename Before>
  void SearchPage(uint64_t page, uint64_t prefix, Before before);

  const RunFile* run_;
  ReadAhead ahead_;
  const uint8_t* page_ = nullptr;
  unsigned slot_ = 0;
  unsigned count_ = 0;  // rows in the page; 0 where there is none
  uint64_t page_index_ = 0;
  uint64_t asked_ = 0;    // pages below were asked for ahead
  uint64_t fetched_ = 0;  // the page of the last Prefetch
  absl::Status status_;
};

}  // namespace setlog

#endif  // SETLOG_INDEX_RUN_FILE_H_
