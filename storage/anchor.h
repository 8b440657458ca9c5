// storage/anchor.h -- the head anchor: where a store must stand, kept outside of it.
//
// RocksDB recovers a damaged store to an earlier commit and calls that success; for a
// log it is a fork. The anchor is written after each commit and before anybody is told
// of it, so whoever opens the store knows what it must still contain.
//
//   absl::Status made = Anchor::Create(path, store.state());
//   absl::StatusOr<Anchor> anchor = Anchor::Open(path);
//   absl::Status same = CheckAnchor(store.state(), *anchor);   // at open
//   absl::Status written = anchor->Write(store.commit());      // after each Commit
//
// The file is two slots of 4,096 bytes; commit n goes to slot n mod 2, so that a write
// torn by a power cut leaves the other slot, which holds commit n - 1, whole:
//
//   0   16 bytes   "setlog anchor 1\n"
//   16  16 bytes   store id
//   32  u64        commit number, big endian
//   40  32 bytes   chain (store.h, CommitPoint)
//   72  32 bytes   SHA-256 of bytes 0 .. 71
//   104            zeros up to 4096
//
// Not thread-safe: it belongs to the store's one writer.
#ifndef SETLOG_STORAGE_ANCHOR_H_
#define SETLOG_STORAGE_ANCHOR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/durable_file.h"
#include "storage/store.h"

namespace setlog {

class Anchor {
 public:
  // Writes an anchor at `state`, in both slots, over whatever was at `path`. Only for a
  // new store, or when somebody decided that this state is the right one.
  static absl::Status Create(const std::string& path, const StoreState& state);

  // NotFound: no such file. DataLoss: no anchor that Create and Write could have left,
  // torn or not.
  static absl::StatusOr<Anchor> Open(const std::string& path);

  // Writes a damaged anchor anew if it can be shown that it held nothing newer than
  // `state`: commit n + 1 would have gone to the slot of n - 1, so what is left of that
  // slot decides. True if the file was changed, false if both slots are whole (whether
  // they agree with the store is CheckAnchor's question). NotFound: no such file.
  // DataLoss: nothing shows what it held, so only somebody who knows can decide.
  static absl::StatusOr<bool> Mend(const std::string& path, const StoreState& state);
  // Whether Mend would change the file; the same errors. Nothing is written.
  static absl::StatusOr<bool> IsMendable(const std::string& path,
                                         const StoreState& state);

  const std::string& path() const { return file_.path(); }
  const StoreId& id() const { return id_; }
  // The newest commit that is anchored.
  const CommitPoint& point() const { return point_; }
  // One slot is unreadable. If a power cut did it, a commit was on the disk and its
  // anchor was being written: then the store is exactly one commit ahead.
  bool torn() const { return torn_; }

  // Anchors the commit after point(); on OK it survives power loss. FailedPrecondition:
  // `point` is not the next one, or an earlier Write failed (open the anchor anew).
  // Cost: one fdatasync.
  absl::Status Write(const CommitPoint& point);

 private:
  Anchor(DurableFile file, const StoreId& id, const CommitPoint& point, bool torn)
      : file_(std::move(file)), id_(id), point_(point), torn_(torn) {}

  DurableFile file_;
  StoreId id_;
  CommitPoint point_;
  bool torn_ = false;
  bool failed_ = false;
};

// OK if a store that stands at `state` holds exactly what was anchored: it is at the
// anchor's point, or one commit past it, which nobody was told of (the crash fell
// between the two writes; the caller writes the anchor forward). DataLoss otherwise,
// with what to do.
absl::Status CheckAnchor(const StoreState& state, const Anchor& anchor);

}  // namespace setlog

#endif  // SETLOG_STORAGE_ANCHOR_H_
