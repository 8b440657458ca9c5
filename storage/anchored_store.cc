#include "storage/anchored_store.h"

#include <chrono>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_format.h"
#include "storage/anchor.h"

namespace setlog {
namespace {

class AnchoredStore final : public Store {
 public:
  AnchoredStore(std::unique_ptr<Store> store, Anchor anchor, StoreObserver observer)
      : store_(std::move(store)),
        observer_(std::move(observer)),
        anchor_(std::move(anchor)) {}

  absl::Status Commit(const GroupCommit& commit) override {
    const std::lock_guard writer(writer_mutex_);
    if (failed_) {
      return absl::FailedPreconditionError(
          "an earlier write of the anchor failed: reopen the store");
    }
    const Clock::time_point start = Clock::now();
    absl::Status stored = Seen("commit", store_->Commit(commit));
    if (!stored.ok()) return stored;
    const Clock::time_point written = Clock::now();
    absl::Status anchored = Seen("anchor", anchor_.Write(store_->commit()));
    failed_ = !anchored.ok();
    if (anchored.ok() && observer_.committed) {
      observer_.committed(written - start, Clock::now() - written);
    }
    return anchored;
  }

  // Not under the writer's lock: the anchor has nothing to do with it.
  absl::Status Keep(const std::vector<Write>& rows) override {
    return Seen("keep", store_->Keep(rows));
  }

  StoreState state() const override { return store_->state(); }
  absl::StatusOr<std::string> Read(LogNumber log, Table table,
                                   std::string_view key) const override {
    return Seen("read", store_->Read(log, table, key));
  }
  absl::StatusOr<std::string> ReadUnchecked(LogNumber log, Table table,
                                            std::string_view key) const override {
    return Seen("read", store_->ReadUnchecked(log, table, key));
  }
  absl::Status ReadManyUnchecked(
      LogNumber log, Table table, std::span<const std::string> keys,
      const std::function<absl::Status(size_t, std::string_view)>& visit)
      const override {
    return Seen("read", store_->ReadManyUnchecked(log, table, keys, visit));
  }
  absl::Status Scan(LogNumber log, Table table, std::string_view first,
                    std::string_view last,
                    const std::function<bool(std::string_view, std::string_view)>&
                        visit) const override {
    return Seen("read", store_->Scan(log, table, first, last, visit));
  }
  absl::StatusOr<std::pair<std::string, std::string>> ReadLast(
      LogNumber log, Table table, std::string_view key) const override {
    return Seen("read", store_->ReadLast(log, table, key));
  }
  absl::StatusOr<std::vector<LogRecord>> Logs() const override {
    return store_->Logs();
  }
  absl::StatusOr<StoreState> Checkpoint(const std::string& directory) override {
    return store_->Checkpoint(directory);
  }

 private:
  using Clock = std::chrono::steady_clock;

  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
    return value.status();
  }
  // The result, of which the observer hears if it is an error.
  template <typename Result>
  Result Seen(std::string_view operation, Result result) const {
    if (!result.ok() && !absl::IsNotFound(StatusOf(result)) && observer_.failed) {
      observer_.failed(operation, StatusOf(result));
    }
    return result;
  }

  const std::unique_ptr<Store> store_;
  const StoreObserver observer_;
  std::mutex writer_mutex_;
  Anchor anchor_ ABSL_GUARDED_BY(writer_mutex_);
  bool failed_ ABSL_GUARDED_BY(writer_mutex_) = false;
};

}  // namespace

absl::Status JudgeAnchor(const StoreState& state, const std::string& anchor_path,
                         const absl::StatusOr<Anchor>& anchor,
                         std::optional<uint64_t> accept_rollback) {
  absl::Status fits;
  // Whether --accept-rollback may overrule it: never where there is another history.
  bool may_accept = false;
  if (anchor.ok()) {
    fits = CheckAnchor(state, *anchor);
    const uint64_t anchored = anchor->point().number;
    may_accept = state.id == anchor->id() &&
                 (state.commit.number < anchored || (state.commit == anchor->point()));
  } else if (!absl::IsNotFound(anchor.status())) {
    fits = anchor.status();
    may_accept = absl::IsDataLoss(fits);
  } else if (state.commit.number != 0) {
    fits = absl::DataLossError(absl::StrFormat(
        "the store is at commit %u, but there is no anchor %s to say that this is the "
        "newest one: restore the anchor, or name the right one (--anchor)",
        state.commit.number, anchor_path));
    may_accept = true;
  }
  if (!accept_rollback) {
    if (fits.ok() || !may_accept) return fits;
    return absl::Status(
        fits.code(),
        absl::StrFormat(
            "%s. `--accept-rollback %u` goes on without what may be missing",
            std::string(fits.message()), state.commit.number));
  }
  if (fits.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "there is nothing to accept: the store is at commit %u, as its anchor %s says; "
        "start without --accept-rollback",
        state.commit.number, anchor_path));
  }
  if (!may_accept) return fits;
  if (*accept_rollback != state.commit.number) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "--accept-rollback %u: the store is at commit %u; nothing was changed",
        *accept_rollback, state.commit.number));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Store>> OpenAnchoredStore(
    const RocksOptions& options, const std::string& anchor_path,
    std::optional<uint64_t> accept_rollback, StoreObserver observer) {
  absl::StatusOr<Anchor> anchor = Anchor::Open(anchor_path);
  const bool has_anchor = !absl::IsNotFound(anchor.status());
  if (!anchor.ok() && has_anchor && !absl::IsDataLoss(anchor.status())) {
    return anchor.status();
  }

  RocksOptions anchored = options;
  // Where an anchor is, there was a store.
  anchored.create_if_missing =
      options.create_if_missing && !has_anchor && !accept_rollback;
  anchored.accept = [&](const StoreState& state) {
    // Read anew: now that the store is locked, no other process moves the two.
    if (has_anchor) anchor = Anchor::Open(anchor_path);
    absl::Status fits = JudgeAnchor(state, anchor_path, anchor, accept_rollback);
    if (!fits.ok()) {
      return absl::Status(fits.code(), absl::StrFormat("store %s: %s", options.path,
                                                       std::string(fits.message())));
    }
    return options.accept ? options.accept(state) : absl::OkStatus();
  };
  absl::StatusOr<std::unique_ptr<Store>> store = OpenRocksStore(anchored);
  if (absl::IsNotFound(store.status()) && has_anchor) {
    const std::string where =
        anchor.ok() ? absl::StrFormat("is at commit %u", anchor->point().number)
                    : "is there";
    return absl::DataLossError(absl::StrFormat(
        "there is no store in %s, but its anchor %s %s: restore the newest backup "
        "(`setlogd restore`)",
        options.path, anchor_path, where));
  }
  if (!store.ok()) return store.status();

  const StoreState state = (*store)->state();
  if (!anchor.ok() || accept_rollback) {
    if (absl::Status made = Anchor::Create(anchor_path, state); !made.ok()) return made;
    anchor = Anchor::Open(anchor_path);
    if (!anchor.ok()) return anchor.status();
  } else if (state.commit != anchor->point()) {
    if (absl::Status forward = anchor->Write(state.commit); !forward.ok())
      return forward;
  }
  return std::make_unique<AnchoredStore>(*std::move(store), *std::move(anchor),
                                         std::move(observer));
}

}  // namespace setlog
