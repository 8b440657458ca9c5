#include "log/replay.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/set_tree.h"
#include "log/tree.h"

namespace setlog {

using Rule = ReplayFault::Rule;

namespace {

// Nearly every entry is an add or a remove; they have no rules but their form.
bool NamesValue(Bytes entry) {
  return entry.size() == kValueEntryBytes &&
         (entry[0] == static_cast<uint8_t>(EntryType::kAdd) ||
          entry[0] == static_cast<uint8_t>(EntryType::kRemove));
}

}  // namespace

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
  const SetIndex& set = state.set;
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
    if (set.m() != entry.m || set.n() != entry.n || set.root() != entry.set_root) {
      return wrong("its set is not that of its index entry");
    }
  } else if (set.m() != 0 || set.n() != 0) {
    return wrong("a set without index entry");
  }
  for (const auto& [name, tag] : state.tags) {
    if (!CheckTagName(name).ok() || tag.position >= size ||
        !std::binary_search(state.index_sizes.begin(), state.index_sizes.end(),
                            tag.m)) {
      return wrong("a tag without index entry");
    }
  }
  for (const std::span<const SetChange> part : state.pending.Before(UINT64_MAX)) {
    uint64_t next = set.m();
    for (const SetChange& pending : part) {
      if (pending.position < next || pending.position >= size) {
        return wrong("its changes are out of order");
      }
      next = pending.position + 1;
    }
  }
  replay.state_ = std::move(state);
  return replay;
}

std::optional<ReplayFault> Replay::Feed(std::span<const Bytes> entries) {
  if (fault_) return fault_;
  const uint64_t first = size();
  HashEntries(entries);
  for (size_t i = 0; i < entries.size(); ++i) {
    const uint64_t position = first + i;
    if (position > 0 && NamesValue(entries[i])) {
      const bool add = entries[i][0] == static_cast<uint8_t>(EntryType::kAdd);
      state_.pending.Add({hashes_.keys[i], position, add});
      continue;
    }
    fault_ = Check(entries[i], position);
    if (fault_) {
      fault_->position = position;
      return fault_;
    }
  }
  state_.tree.Append(hashes_.leaves, parallel_);
  return std::nullopt;
}

void Replay::HashEntries(std::span<const Bytes> entries) {
  hashes_.leaves.resize(entries.size());
  hashes_.keys.resize(entries.size());
  constexpr size_t kBlock = 2048;
  parallel_((entries.size() + kBlock - 1) / kBlock, [&](size_t i) {
    const size_t first = i * kBlock;
    const std::span<const Bytes> block =
        entries.subspan(first, std::min(kBlock, entries.size() - first));
    const std::vector<Hash> leaves = LeafHashes(block);
    std::copy(leaves.begin(), leaves.end(), &hashes_.leaves[first]);
    // Among them the keys of what names no value, which nobody asks for.
    std::vector<Hash> values(block.size());
    for (size_t j = 0; j < block.size(); ++j) {
      if (NamesValue(block[j])) values[j] = HashFromBytes(block[j].subspan(1));
    }
    const std::vector<Hash> keys = SetKeys(values);
    std::copy(keys.begin(), keys.end(), &hashes_.keys[first]);
  });
}

Replay::Fault Replay::Check(Bytes bytes, uint64_t position) {
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
  const ChangeQueue::Parts changes = state_.pending.Before(entry.m);
  const SetIndex::Undo undo = set.Apply(changes, entry.m, parallel_);
  if (entry.n != set.n() || entry.set_root != set.root()) {
    const ReplayFault fault{
        0, Rule::kIndexSet,
        absl::StrFormat("index entry for m = %d says n = %d, root %s; the entries "
                        "before m give n = %d, root %s",
                        entry.m, entry.n, ToHex(entry.set_root), set.n(),
                        ToHex(set.root()))};
    set.Revert(undo, parallel_);
    return fault;
  }
  state_.pending.Take(changes);
  state_.index_sizes.push_back(entry.m);
  state_.last_index = {entry, position};
  return std::nullopt;
}

Replay::Set Replay::CurrentSet() const {
  // Of a copy: the next index entry may be for a smaller m than this.
  SetIndex set = state_.set;
  set.Apply(state_.pending.Before(size()), size(), parallel_);
  return {set.n(), set.root()};
}

}  // namespace setlog
