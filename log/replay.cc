#include "log/replay.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/tree.h"

namespace setlog {

using Rule = ReplayFault::Rule;

absl::StatusOr<Replay> Replay::Resume(std::string origin, ReplayState state) {
  const auto wrong = [](const char* what) {
    return absl::DataLossError(absl::StrFormat("replay state: %s", what));
  };
  const uint64_t size = state.tree.size();
  Replay replay(std::move(origin));
  if (state.manifest.empty() != (size == 0)) return wrong("no manifest");
  if (size > 0 && replay.CheckManifest(AsBytes(state.manifest))) {
    return wrong("its manifest is not this log's");
  }
  const SetTop& set = state.set.top();
  if (state.index_sizes.empty() != !state.last_index) return wrong("no index entry");
  if (state.last_index) {
    const auto& [entry, position] = *state.last_index;
    const bool growing =
        std::adjacent_find(state.index_sizes.begin(), state.index_sizes.end(),
                           std::greater_equal<>()) == state.index_sizes.end();
    if (!growing || state.index_sizes.front() == 0 ||
        state.index_sizes.back() != entry.m || entry.m > position || position >= size) {
      return wrong("its index entries are out of order");
    }
    if (set.m != entry.m || set.n != entry.n || set.root() != entry.set_root) {
      return wrong("its set is not that of its index entry");
    }
  } else if (set.m != 0 || set.n != 0) {
    return wrong("a set without index entry");
  }
  for (const auto& [name, tag] : state.tags) {
    if (!CheckTagName(name).ok() || tag.position >= size ||
        !std::binary_search(state.index_sizes.begin(), state.index_sizes.end(),
                            tag.m)) {
      return wrong("a tag without index entry");
    }
  }
  uint64_t next = set.m;
  for (const ReplayState::Pending& pending : state.pending) {
    if (pending.position < next || pending.position >= size) {
      return wrong("its changes are out of order");
    }
    next = pending.position + 1;
  }
  replay.state_ = std::move(state);
  replay.state_.set.ForgetOlder();
  return replay;
}

std::optional<ReplayFault> Replay::Feed(std::span<const Bytes> entries) {
  if (fault_) return fault_;
  const uint64_t first = size();
  for (size_t i = 0; i < entries.size(); ++i) {
    fault_ = Check(entries[i], first + i);
    if (fault_) {
      fault_->position = first + i;
      return fault_;
    }
  }
  state_.tree.Append(LeafHashes(entries, parallel_), parallel_);
  return std::nullopt;
}

Replay::Fault Replay::Check(Bytes bytes, uint64_t position) {
  // Nearly every entry is one of these, and they have no other rules.
  if (bytes.size() == kValueEntryBytes && position > 0) {
    const auto type = static_cast<EntryType>(bytes[0]);
    if (type == EntryType::kAdd || type == EntryType::kRemove) {
      state_.pending.push_back(
          {HashFromBytes(bytes.subspan(1)), position, type == EntryType::kAdd});
      return std::nullopt;
    }
  }
  const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
  absl::Status status = entry.status();
  if (status.ok()) status = CheckPosition(*entry, position);
  if (!status.ok()) {
    return ReplayFault{0, Rule::kForm, std::string(status.message())};
  }
  if (std::holds_alternative<ManifestEntry>(*entry)) {
    return CheckManifest(bytes.subspan(1));
  }
  if (const auto* index = std::get_if<IndexEntry>(&*entry)) {
    return CheckIndex(*index, position);
  }
  return CheckTag(std::get<TagEntry>(*entry), position);
}

Replay::Fault Replay::CheckManifest(Bytes json) {
  absl::StatusOr<Manifest> manifest = ParseManifest(json);
  if (!manifest.ok()) {
    const bool unknown = absl::IsUnimplemented(manifest.status());
    return ReplayFault{0, unknown ? Rule::kUnsupported : Rule::kForm,
                       std::string(manifest.status().message())};
  }
  if (manifest->origin != origin_) {
    return ReplayFault{
        0, Rule::kForm,
        absl::StrFormat("the manifest is of %s, not of %s", manifest->origin, origin_)};
  }
  manifest_ = *std::move(manifest);
  state_.manifest = AsText(json);
  return std::nullopt;
}

Replay::Fault Replay::CheckTag(const TagEntry& tag, uint64_t position) {
  if (!std::binary_search(state_.index_sizes.begin(), state_.index_sizes.end(),
                          tag.m)) {
    return ReplayFault{
        0, Rule::kTagIndex,
        absl::StrFormat("tag %s names m = %d, for which no index entry stands",
                        tag.name, tag.m)};
  }
  if (!state_.tags.emplace(tag.name, PlacedTag{tag.m, position}).second) {
    return ReplayFault{
        0, Rule::kTagName,
        absl::StrFormat("the tag name %s is used a second time", tag.name)};
  }
  return std::nullopt;
}

Replay::Fault Replay::CheckIndex(const IndexEntry& entry, uint64_t position) {
  if (!state_.index_sizes.empty() && entry.m <= state_.index_sizes.back()) {
    return ReplayFault{0, Rule::kIndexOrder,
                       absl::StrFormat("index entry for m = %d after one for m = %d",
                                       entry.m, state_.index_sizes.back())};
  }
  SetIndex& set = state_.set;
  const std::vector<SetChange> changes = PendingChanges(entry.m);
  const unsigned depth = set.WantedDepth(changes.size());
  if (depth > set.top().depth)
    set.Publish(set.PrepareDeeper(depth, parallel_), parallel_);
  SetIndex::Batch batch = set.Prepare(changes, entry.m, parallel_);
  if (entry.n != batch.n() || entry.set_root != batch.root()) {
    return ReplayFault{
        0, Rule::kIndexSet,
        absl::StrFormat("index entry for m = %d says n = %d, root %s; the entries "
                        "before m give n = %d, root %s",
                        entry.m, entry.n, ToHex(entry.set_root), batch.n(),
                        ToHex(batch.root()))};
  }
  set.Publish(std::move(batch), parallel_);
  state_.pending.erase(state_.pending.begin(),
                       state_.pending.begin() + static_cast<ptrdiff_t>(changes.size()));
  state_.index_sizes.push_back(entry.m);
  state_.last_index = {entry, position};
  return std::nullopt;
}

std::vector<SetChange> Replay::PendingChanges(uint64_t m) const {
  const std::deque<ReplayState::Pending>& pending = state_.pending;
  const auto end =
      std::partition_point(pending.begin(), pending.end(),
                           [m](const auto& change) { return change.position < m; });
  std::vector<SetChange> changes(static_cast<size_t>(end - pending.begin()));
  constexpr size_t kBlock = 4096;
  parallel_((changes.size() + kBlock - 1) / kBlock, [&](size_t block) {
    const size_t first = block * kBlock;
    const size_t count = std::min(kBlock, changes.size() - first);
    auto next = pending.begin() + static_cast<ptrdiff_t>(first);
    std::vector<Hash> values(count);
    for (size_t i = 0; i < count; ++i, ++next) {
      values[i] = next->value;
      changes[first + i].position = next->position;
      changes[first + i].add = next->add;
    }
    const std::vector<Hash> keys = SetKeys(values);
    for (size_t i = 0; i < count; ++i) changes[first + i].key = keys[i];
  });
  return changes;
}

Replay::Set Replay::CurrentSet() const {
  // Not applied: the next index entry may be for a smaller m than this.
  const SetIndex::Batch batch =
      state_.set.Prepare(PendingChanges(size()), size(), parallel_);
  return {batch.n(), batch.root()};
}

}  // namespace setlog
