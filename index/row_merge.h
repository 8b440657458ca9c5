// index/row_merge.h -- the rows of a partition, wherever they are, in one order.
//
//   RowMerge rows(run, frozen, active);    // any of them may be nullptr
//   for (rows.SeekPrefix(first); rows.valid() && rows.prefix() <= last; rows.Next())
//   ... if (!rows.status().ok()) ...           // DataLoss: a bad page of the run
//
// In order of (key, position), since all positions in the run are below those in
// `frozen`, and those below those in `active`. Belongs to one thread, and to the state
// that its sources are in.
#ifndef SETLOG_INDEX_ROW_MERGE_H_
#define SETLOG_INDEX_ROW_MERGE_H_

#include <cstdint>
#include <optional>

#include "index/recent_rows.h"
#include "index/run_file.h"

namespace setlog {

class RowMerge {
 public:
  RowMerge(const RunFile* run, const RecentRows* frozen, const RecentRows* active,
           RunCursor::ReadAhead ahead = RunCursor::ReadAhead::kNone) {
    if (run != nullptr) run_.emplace(*run, ahead);
    if (frozen != nullptr && frozen->size() > 0) frozen_.emplace(*frozen);
    if (active != nullptr && active->size() > 0) active_.emplace(*active);
  }

  void SeekToFirst() { SeekPrefix(0); }
  // To the first row whose key's first 8 bytes, as a number, are at least `prefix`,
  // which must be of the partition.
  void SeekPrefix(uint64_t prefix) {
    if (run_) run_->SeekPrefix(prefix);
    if (frozen_) frozen_->SeekPrefix(prefix);
    if (active_) active_->SeekPrefix(prefix);
    Choose();
  }
  // Fetches the rows from this prefix on, as many as a bucket has, into the cache.
  void Prefetch(uint64_t prefix) {
    if (run_) run_->Prefetch(prefix);
    if (frozen_) frozen_->rows().Prefetch(prefix);
    if (active_) active_->rows().Prefetch(prefix);
  }
  void Next() {
    switch (source_) {
      case Source::kRun:
        run_->Next();
        break;
      case Source::kFrozen:
        frozen_->Next();
        break;
      case Source::kActive:
        active_->Next();
        break;
      case Source::kNone:
        return;
    }
    Choose();
  }

  // On a row. False at the end, and at a bad page: status() then says so.
  bool valid() const { return source_ != Source::kNone; }
  absl::Status status() const { return run_ ? run_->status() : absl::OkStatus(); }

  const Hash& key() const { return *key_; }
  uint64_t prefix() const { return prefix_; }
  uint64_t word() const {
    return source_ == Source::kRun      ? run_->word()
           : source_ == Source::kFrozen ? frozen_->word()
                                        : active_->word();
  }

 private:
  enum class Source { kNone, kRun, kFrozen, kActive };

  // Among equal keys the older source goes first.
  void Choose() {
    source_ = Source::kNone;
    if (run_) {
      if (run_->valid()) {
        Take(Source::kRun, run_->key(), run_->prefix());
      } else if (!run_->status().ok()) {
        return;
      }
    }
    if (frozen_ && frozen_->valid()) {
      Consider(Source::kFrozen, frozen_->key(), frozen_->prefix());
    }
    if (active_ && active_->valid()) {
      Consider(Source::kActive, active_->key(), active_->prefix());
    }
  }
  void Consider(Source source, const Hash& key, uint64_t prefix) {
    if (source_ == Source::kNone || prefix < prefix_ ||
        (prefix == prefix_ && key < *key_)) {
      Take(source, key, prefix);
    }
  }
  void Take(Source source, const Hash& key, uint64_t prefix) {
    source_ = source;
    key_ = &key;
    prefix_ = prefix;
  }

  std::optional<RunCursor> run_;
  std::optional<RecentRows::Cursor> frozen_;
  std::optional<RecentRows::Cursor> active_;
  Source source_ = Source::kNone;
  const Hash* key_ = nullptr;
  uint64_t prefix_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_INDEX_ROW_MERGE_H_
