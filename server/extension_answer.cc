#include "server/extension_answer.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/batch_proof.h"
#include "log/entry.h"
#include "log/set_tree.h"
#include "log/tile.h"

namespace setlog {
namespace {

// Asked of the set in one turn: as many as a BatchLookup may be for.
constexpr size_t kTurnValues = 4096;

absl::Status Gone() { return absl::CancelledError("the caller has gone"); }

void DropDuplicates(std::vector<Hash>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

// The values in the order of their keys: then one turn stays in one part of the set.
std::vector<Hash> ByKey(std::vector<Hash> values) {
  const std::vector<Hash> keys = SetKeys(values);
  std::vector<std::pair<Hash, Hash>> pairs;
  pairs.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) pairs.emplace_back(keys[i], values[i]);
  std::sort(pairs.begin(), pairs.end());
  for (size_t i = 0; i < values.size(); ++i) values[i] = pairs[i].second;
  return values;
}

}  // namespace

absl::StatusOr<std::vector<Hash>> ExtensionAnswers::Touched(
    LogNumber log, uint64_t begin, uint64_t end,
    const std::function<bool()>& gone) const {
  std::vector<Hash> values;
  size_t compact_at = 2 * kTurnValues;
  for (uint64_t position = begin; position < end;) {
    if (gone()) return Gone();
    const uint64_t first = position / kTileWidth * kTileWidth;
    const uint64_t last = std::min(end, first + kTileWidth);
    const absl::StatusOr<std::string> bundle =
        reader_->Bundle(log, first / kTileWidth, static_cast<uint32_t>(last - first));
    if (!bundle.ok()) return bundle.status();
    const absl::StatusOr<std::vector<Bytes>> entries = ParseBundle(AsBytes(*bundle));
    if (!entries.ok()) return entries.status();
    for (Bytes bytes : std::span(*entries).subspan(position - first)) {
      const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
      if (!entry.ok()) return entry.status();
      if (const auto* add = std::get_if<AddEntry>(&*entry)) {
        values.push_back(add->value);
      } else if (const auto* remove = std::get_if<RemoveEntry>(&*entry)) {
        values.push_back(remove->value);
      }
    }
    position = last;
    if (values.size() < compact_at && position < end) continue;
    DropDuplicates(values);
    compact_at = std::max(compact_at, 2 * values.size());
    if (values.size() <= max_values_) continue;
    return absl::FailedPreconditionError(absl::StrFormat(
        "the entries [%d, %d) name more than %d values: `setlog audit` without "
        "--stateless checks them",
        begin, end, max_values_));
  }
  return ByKey(std::move(values));
}

absl::StatusOr<std::string> ExtensionAnswers::Prove(
    const v1::GetExtensionProofRequest& request,
    const std::function<bool()>& gone) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  const LogState& state = (*log)->state;
  const uint64_t size = state.figures().size;
  if (request.begin() > request.end() || request.end() > size) {
    return absl::OutOfRangeError(
        absl::StrFormat("an extension proof needs begin <= end <= %d, the head, not %d "
                        "and %d",
                        size, request.begin(), request.end()));
  }
  if (request.begin() == 0) return std::string();
  const absl::StatusOr<PlacedIndex> index = state.IndexFor(*store_, request.begin());
  if (!index.ok()) return index.status();
  if (index->position >= size) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has no index entry for m = %d yet", request.origin(), request.begin()));
  }
  const absl::StatusOr<std::vector<Hash>> values =
      Touched(state.number(), request.begin(), request.end(), gone);
  if (!values.ok()) return values.status();

  // Neighbours are laid over each other, then the results: each byte is copied as often
  // as there are levels.
  std::vector<std::string> parts;
  size_t begin = 0;
  do {
    if (gone()) return Gone();
    const size_t end = std::min(values->size(), begin + kTurnValues);
    absl::StatusOr<IndexBatchAnswer> answer =
        (*log)->index.BatchLookup({values->begin() + static_cast<ptrdiff_t>(begin),
                                   values->begin() + static_cast<ptrdiff_t>(end)},
                                  *index);
    if (!answer.ok()) return answer.status();
    parts.push_back(std::move(answer->proof));
    begin = end;
  } while (begin < values->size());
  while (parts.size() > 1) {
    if (gone()) return Gone();
    std::vector<std::string> merged;
    for (size_t i = 0; i < parts.size(); i += 2) {
      if (i + 1 == parts.size()) {
        merged.push_back(std::move(parts[i]));
        break;
      }
      absl::StatusOr<std::string> both =
          MergeBatchProofs(AsBytes(parts[i]), AsBytes(parts[i + 1]));
      if (!both.ok()) return both.status();
      merged.push_back(*std::move(both));
      parts[i] = {};
      parts[i + 1] = {};
    }
    parts = std::move(merged);
  }
  return std::move(parts.front());
}

}  // namespace setlog
