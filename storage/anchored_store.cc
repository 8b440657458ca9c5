#include "storage/anchored_store.h"

#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "storage/anchor.h"

namespace setlog {
namespace {

class AnchoredStore final : public Store {
 public:
  AnchoredStore(std::unique_ptr<Store> store, Anchor anchor)
      : store_(std::move(store)), anchor_(std::move(anchor)) {}

  absl::Status Commit(const GroupCommit& commit) override {
    const std::lock_guard writer(writer_mutex_);
    if (failed_) {
      return absl::FailedPreconditionError(
          "an earlier write of the anchor failed: reopen the store");
    }
    absl::Status stored = store_->Commit(commit);
    if (!stored.ok()) return stored;
    absl::Status anchored = anchor_.Write(store_->commit());
    failed_ = !anchored.ok();
    return anchored;
  }

  StoreState state() const override { return store_->state(); }
  absl::StatusOr<std::string> Read(LogNumber log, Table table,
                                   std::string_view key) const override {
    return store_->Read(log, table, key);
  }
  absl::Status Scan(LogNumber log, Table table, std::string_view first,
                    std::string_view last,
                    const std::function<bool(std::string_view, std::string_view)>&
                        visit) const override {
    return store_->Scan(log, table, first, last, visit);
  }
  absl::StatusOr<std::pair<std::string, std::string>> ReadLast(
      LogNumber log, Table table, std::string_view key) const override {
    return store_->ReadLast(log, table, key);
  }
  absl::StatusOr<std::vector<LogRecord>> Logs() const override {
    return store_->Logs();
  }
  absl::Status WriteDerived(LogNumber log, const std::vector<Write>& rows) override {
    return store_->WriteDerived(log, rows);
  }

 private:
  const std::unique_ptr<Store> store_;
  std::mutex writer_mutex_;
  Anchor anchor_ ABSL_GUARDED_BY(writer_mutex_);
  bool failed_ ABSL_GUARDED_BY(writer_mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenAnchoredStore(
    const RocksOptions& options, const std::string& anchor_path) {
  absl::StatusOr<Anchor> anchor = Anchor::Open(anchor_path);
  const bool has_anchor = anchor.ok();
  if (!has_anchor && !absl::IsNotFound(anchor.status())) return anchor.status();

  RocksOptions anchored = options;
  // Where an anchor is, there was a store.
  anchored.create_if_missing = options.create_if_missing && !has_anchor;
  anchored.accept = [&](const StoreState& state) {
    absl::Status fits;
    if (has_anchor) {
      // Read anew: now that the store is locked, no other process moves the two.
      anchor = Anchor::Open(anchor_path);
      fits = anchor.ok() ? CheckAnchor(state, *anchor) : anchor.status();
    } else if (state.commit.number != 0) {
      fits = absl::DataLossError(
          absl::StrFormat("the store is at commit %u, but there is no anchor %s to say "
                          "that this is the "
                          "newest one: restore the anchor, or name the right one",
                          state.commit.number, anchor_path));
    }
    if (!fits.ok()) {
      return absl::Status(fits.code(), absl::StrFormat("store %s: %s", options.path,
                                                       std::string(fits.message())));
    }
    return options.accept ? options.accept(state) : absl::OkStatus();
  };
  absl::StatusOr<std::unique_ptr<Store>> store = OpenRocksStore(anchored);
  if (absl::IsNotFound(store.status()) && has_anchor) {
    return absl::DataLossError(
        absl::StrFormat("there is no store in %s, but its anchor %s is at commit %u: "
                        "restore the newest "
                        "backup of the store",
                        options.path, anchor_path, anchor->point().number));
  }
  if (!store.ok()) return store.status();

  const StoreState state = (*store)->state();
  if (!has_anchor) {
    if (absl::Status made = Anchor::Create(anchor_path, state); !made.ok()) return made;
    anchor = Anchor::Open(anchor_path);
    if (!anchor.ok()) return anchor.status();
  } else if (state.commit != anchor->point()) {
    if (absl::Status forward = anchor->Write(state.commit); !forward.ok())
      return forward;
  }
  return std::make_unique<AnchoredStore>(*std::move(store), *std::move(anchor));
}

}  // namespace setlog
