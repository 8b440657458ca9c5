#include "client/append_check.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/covering.h"
#include "client/peaks.h"
#include "client/refused.h"
#include "log/entry.h"
#include "log/tree.h"

namespace setlog {
namespace {

EntryType TypeOf(Operation operation) {
  return operation == Operation::kAdd ? EntryType::kAdd : EntryType::kRemove;
}

class AppendCheck {
 public:
  AppendCheck(const TreeClient& tree, Operation operation, const AppendResult& result,
              const RecordSourceFn& records)
      : tree_(tree), type_(TypeOf(operation)), result_(result), records_(records) {}

  absl::Status Contiguous() const {
    absl::StatusOr<std::vector<Hash>> before = HashesBefore(tree_, result_.first);
    if (!before.ok()) return before.status();
    absl::StatusOr<Peaks> peaks = Peaks::Restore(result_.first, *std::move(before));
    if (!peaks.ok()) return Refused(tree_.head().origin, peaks.status());
    const absl::Status read = records_(0, [&](std::span<const Hash> piece) {
      peaks->Append(LeafHashes(static_cast<uint8_t>(type_), piece));
      return absl::OkStatus();
    });
    if (!read.ok()) return read;
    const absl::StatusOr<ConsistencyResult> at_end =
        tree_.Consistency(result_.end, tree_.head().size);
    if (!at_end.ok()) return at_end.status();
    if (peaks->size() == result_.end && peaks->Root() == at_end->root1) {
      return absl::OkStatus();
    }
    return Missing("other entries stand there");
  }

  // The records are entries [begin, end), in order, with others between them.
  absl::Status Among() const {
    std::vector<Hash> wanted;
    wanted.reserve(result_.added);
    const absl::Status read = records_(0, [&](std::span<const Hash> piece) {
      wanted.insert(wanted.end(), piece.begin(), piece.end());
      return absl::OkStatus();
    });
    if (!read.ok()) return read;
    size_t next = 0;
    const absl::Status fetched = tree_.Entries(
        result_.first, result_.end, [&](uint64_t, std::span<const Bytes> entries) {
          for (Bytes entry : entries) {
            if (next < wanted.size() && IsRecord(entry, wanted[next])) ++next;
          }
          return absl::OkStatus();
        });
    if (!fetched.ok()) return fetched;
    if (next == wanted.size()) return absl::OkStatus();
    return Missing(absl::StrFormat("record number %d is not there", next));
  }

  // Record number `number` is one of the entries [begin, end).
  absl::Status Holds(uint64_t number, uint64_t begin, uint64_t end) const {
    std::optional<Hash> record;
    const absl::Status read = records_(number, [&](std::span<const Hash> piece) {
      record = piece[0];
      return absl::CancelledError("one is enough");
    });
    if (!record) return read.ok() ? Missing("a record cannot be read again") : read;
    bool found = false;
    const absl::Status fetched =
        tree_.Entries(begin, end, [&](uint64_t, std::span<const Bytes> entries) {
          for (Bytes entry : entries) found = found || IsRecord(entry, *record);
          return absl::OkStatus();
        });
    if (!fetched.ok()) return fetched;
    if (found) return absl::OkStatus();
    return Missing(absl::StrFormat("record number %d is not there", number));
  }

 private:
  bool IsRecord(Bytes entry, const Hash& record) const {
    return entry.size() == kValueEntryBytes &&
           entry[0] == static_cast<uint8_t>(type_) &&
           HashFromBytes(entry.subspan(1)) == record;
  }
  absl::Status Missing(std::string_view why) const {
    return Refused(
        tree_.head().origin,
        absl::StrFormat(
            "the server acknowledged %d records in entries [%d, %d), but in "
            "the signed head of size %d %s",
            result_.added, result_.first, result_.end, tree_.head().size, why));
  }

  const TreeClient& tree_;
  const EntryType type_;
  const AppendResult& result_;
  const RecordSourceFn& records_;
};

}  // namespace

absl::Status CheckAppended(const TreeClient& tree, Operation operation,
                           const AppendResult& result, const RecordSourceFn& records,
                           const AppendCheckLimits& limits) {
  if (result.added == 0) return absl::OkStatus();
  if (tree.head().size < result.end) {
    return Refused(tree.head().origin,
                   absl::StrFormat("the server acknowledged records up to position %d, "
                                   "but its signed head has size %d",
                                   result.end, tree.head().size));
  }
  const AppendCheck check(tree, operation, result, records);
  const uint64_t span = result.end - result.first;
  if (span == result.added) return check.Contiguous();
  if (span <= limits.fetched) return check.Among();
  const uint64_t others = span - result.added;
  // The first and the last stand exactly where the server said.
  absl::Status s = check.Holds(0, result.first, result.first + 1);
  if (!s.ok()) return s;
  s = check.Holds(result.added - 1, result.end - 1, result.end);
  if (!s.ok()) return s;
  // Another one stands as many entries further than its number says as others' entries
  // stand before it. All samples together fetch no more than they may: `others` is the
  // server's word, so it could ask for any number.
  std::random_device random;
  std::uniform_int_distribution<uint64_t> any(0, result.added - 1);
  const uint64_t samples = std::min<uint64_t>(static_cast<uint64_t>(limits.samples),
                                              limits.fetched / (others + 1));
  for (uint64_t i = 0; i < samples; ++i) {
    const uint64_t number = any(random);
    const uint64_t begin = result.first + number;
    s = check.Holds(number, begin, begin + others + 1);
    if (!s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace setlog
