#include "log/replay.h"

#include "absl/strings/str_format.h"
#include "log/tree.h"

namespace setlog {

std::optional<ReplayFault> Replay::Feed(std::span<const Bytes> entries) {
  if (fault_) return fault_;
  const uint64_t first = tree_.size();
  for (size_t i = 0; i < entries.size(); ++i) {
    if (std::optional<std::string> reason = Check(entries[i], first + i)) {
      fault_ = ReplayFault{first + i, *std::move(reason)};
      return fault_;
    }
  }
  tree_.Append(LeafHashes(entries));
  return std::nullopt;
}

std::optional<std::string> Replay::Check(Bytes bytes, uint64_t position) {
  const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
  absl::Status status = entry.status();
  if (status.ok()) status = CheckPosition(*entry, position);
  if (!status.ok()) return std::string(status.message());
  switch (TypeOf(*entry)) {
    case EntryType::kManifest: {
      absl::StatusOr<Manifest> manifest = ParseManifest(bytes.subspan(1));
      if (!manifest.ok()) return std::string(manifest.status().message());
      if (manifest->origin != origin_) {
        return absl::StrFormat("the manifest is of %s, not of %s", manifest->origin,
                               origin_);
      }
      manifest_ = *std::move(manifest);
      return std::nullopt;
    }
    case EntryType::kAdd:
      pending_.push_back({std::get<AddEntry>(*entry).value, position, true});
      return std::nullopt;
    case EntryType::kRemove:
      pending_.push_back({std::get<RemoveEntry>(*entry).value, position, false});
      return std::nullopt;
    case EntryType::kIndex:
      return CheckIndex(std::get<IndexEntry>(*entry));
    case EntryType::kTag: {
      const auto& tag = std::get<TagEntry>(*entry);
      if (!index_entries_.contains(tag.m)) {
        return absl::StrFormat("tag %s names m = %d, for which no index entry stands",
                               tag.name, tag.m);
      }
      if (!tags_.emplace(tag.name, tag.m).second) {
        return absl::StrFormat("the tag name %s is used a second time", tag.name);
      }
      return std::nullopt;
    }
  }
  return "unknown entry type";
}

std::optional<std::string> Replay::CheckIndex(const IndexEntry& entry) {
  if (!index_entries_.empty() && entry.m <= index_entries_.rbegin()->first) {
    return absl::StrFormat("index entry for m = %d after one for m = %d", entry.m,
                           index_entries_.rbegin()->first);
  }
  ApplyUpTo(entry.m);
  const SetTop& set = index_.top();
  if (entry.n != set.n || entry.set_root != set.root()) {
    return absl::StrFormat(
        "index entry for m = %d says n = %d, root %s; the entries before m give n = "
        "%d, "
        "root %s",
        entry.m, entry.n, ToHex(entry.set_root), set.n, ToHex(set.root()));
  }
  index_entries_.emplace(entry.m, entry);
  return std::nullopt;
}

std::vector<SetChange> Replay::PendingChanges(uint64_t m) const {
  std::vector<Hash> values;
  for (const Pending& p : pending_) {
    if (p.position >= m) break;
    values.push_back(p.value);
  }
  const std::vector<Hash> keys = SetKeys(values);
  std::vector<SetChange> changes;
  changes.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    changes.push_back({keys[i], pending_[i].position, pending_[i].add});
  }
  return changes;
}

void Replay::ApplyUpTo(uint64_t m) {
  const std::vector<SetChange> changes = PendingChanges(m);
  pending_.erase(pending_.begin(), pending_.begin() + changes.size());
  const unsigned depth = index_.WantedDepth(changes.size());
  if (depth > index_.top().depth) index_.Publish(index_.PrepareDeeper(depth));
  index_.Publish(index_.Prepare(changes, m));
}

Replay::Set Replay::CurrentSet() const {
  // Not applied: the next index entry may be for a smaller m than this.
  const SetIndex::Batch batch = index_.Prepare(PendingChanges(size()), size());
  return {batch.n(), batch.root()};
}

}  // namespace setlog
