#include "client/log_audit.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/entry_stream.h"
#include "client/fault_evidence.h"
#include "client/refused.h"
#include "log/tree.h"

namespace setlog {
namespace {

constexpr std::chrono::milliseconds kTick(200);

}  // namespace

LogAudit::LogAudit(const Connection* connection, const VerifiedHead* head,
                   Replay replay)
    : connection_(connection),
      head_(head),
      tree_(connection, head->version.checkpoint),
      parallel_(std::max(1u, std::thread::hardware_concurrency())),
      replay_(std::move(replay)) {
  replay_.Use(std::ref(parallel_));
}

absl::Status LogAudit::CheckRoot(uint64_t size, const Hash& root) const {
  const Checkpoint& head = tree_.head();
  if (size == 0) return absl::OkStatus();
  Hash expected = head.root;
  if (size != head.size) {
    const absl::StatusOr<ConsistencyResult> result = tree_.Consistency(size, head.size);
    if (!result.ok()) return result.status();
    expected = result->root1;
  }
  if (root == expected) return absl::OkStatus();
  return Refused(head.origin,
                 absl::StrFormat("the first %d entries that were sent are not those of "
                                 "the signed head of size %d",
                                 size, head.size));
}

absl::StatusOr<bool> LogAudit::Run(const std::function<absl::Status()>& after_piece) {
  // Its fault is of other entries than those that come now.
  if (replay_.faulted()) {
    return absl::FailedPreconditionError("the replay met a fault before");
  }
  const Checkpoint& head = tree_.head();
  EntryStream stream(connection_, head.origin, replay_.size(), head.size);
  while (!stream.done()) {
    const absl::StatusOr<EntryPiece> piece = stream.Next(kTick);
    if (!piece.ok()) return piece.status();
    fault_ = replay_.Feed(piece->entries);
    if (fault_) {
      const absl::Status authentic = AuthenticateFault(piece->entries);
      if (authentic.ok()) return false;
      fault_.reset();
      return authentic;
    }
    if (absl::Status s = after_piece(); !s.ok()) return s;
  }
  if (absl::Status s = CheckPrefix(); !s.ok()) return s;
  return true;
}

// A fault may lie in any entry before it as well, so all of them must be the log's.
absl::Status LogAudit::AuthenticateFault(std::span<const Bytes> entries) {
  TileTree tree = replay_.state().tree;
  const uint64_t begin = tree.size();
  if (fault_->position < begin || fault_->position - begin >= entries.size()) {
    return absl::InternalError("a fault that is not in the entries at hand");
  }
  entries = entries.first(fault_->position + 1 - begin);
  fault_entry_ = AsText(entries.back());
  tree.Append(LeafHashes(entries));
  return CheckRoot(tree.size(), tree.Root());
}

absl::StatusOr<Evidence> LogAudit::MakeEvidence() const {
  return MakeFaultEvidence(*connection_, *head_, replay_, *fault_, fault_entry_);
}

}  // namespace setlog
