#include "client/conviction.h"

#include <utility>

#include "client/evidence_file.h"
#include "log/entry.h"
#include "log/tree.h"

namespace setlog {
namespace {

std::vector<const ProvenEntry*> EntriesOf(const VersionProof& proof) {
  std::vector<const ProvenEntry*> entries = {&proof.manifest, &proof.index};
  if (proof.tag) entries.push_back(&*proof.tag);
  return entries;
}

template <typename T>
std::optional<T> DecodedAs(const ProvenEntry& proven) {
  const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(proven.entry));
  if (!entry.ok()) return std::nullopt;
  const T* wanted = std::get_if<T>(&*entry);
  return wanted == nullptr ? std::nullopt : std::optional<T>(*wanted);
}

SignedLeaf LeafOf(const VersionProof& proof, const ProvenEntry& entry) {
  return {proof.checkpoint, LeafHash(AsBytes(entry.entry)), entry.path};
}

}  // namespace

std::optional<Conviction> Convict(const StateDirectory& state, const Trust& trust,
                                  std::span<const Evidence> candidates) {
  for (const Evidence& candidate : candidates) {
    absl::StatusOr<Misbehaviour> proven = VerifyEvidence(candidate, trust);
    if (!proven.ok() || !CheckEvidenceFits(candidate).ok()) continue;
    absl::StatusOr<std::string> path = state.SaveEvidence(
        proven->origin, FormatEvidenceFile(candidate), kEvidenceExtension);
    std::string file = path.ok() ? *std::move(path) : "";
    const absl::Status marked = state.MarkConvicted(proven->log_key, file);
    return Conviction{*std::move(proven), candidate, std::move(file), marked.ok()};
  }
  return std::nullopt;
}

std::vector<Evidence> MalformedEntriesIn(const VersionProof& offered) {
  std::vector<Evidence> candidates;
  for (const ProvenEntry* entry : EntriesOf(offered)) {
    MalformedEntry malformed{offered.checkpoint, std::nullopt, *entry};
    if (entry->position != 0) malformed.manifest = offered.manifest;
    candidates.push_back(std::move(malformed));
  }
  return candidates;
}

std::vector<Evidence> ContradictionsIn(const VersionProof& offered,
                                       const VersionProof& earlier) {
  std::vector<Evidence> candidates;
  for (const ProvenEntry* a : EntriesOf(earlier)) {
    for (const ProvenEntry* b : EntriesOf(offered)) {
      if (a->position != b->position || a->entry == b->entry) continue;
      candidates.push_back(
          TwoLeaves{a->position, LeafOf(earlier, *a), LeafOf(offered, *b)});
    }
  }
  // In the order of the log, whichever was seen first.
  const auto in_order = [&](const ProvenEntry& seen, const ProvenEntry& now) {
    SignedEntry first{earlier.checkpoint, seen};
    SignedEntry second{offered.checkpoint, now};
    if (seen.position > now.position) std::swap(first, second);
    return std::pair(std::move(first), std::move(second));
  };
  const auto index_seen = DecodedAs<IndexEntry>(earlier.index);
  const auto index_now = DecodedAs<IndexEntry>(offered.index);
  if (index_seen && index_now && earlier.index.position != offered.index.position &&
      (index_seen->m == index_now->m ||
       (earlier.index.position < offered.index.position) !=
           (index_seen->m < index_now->m))) {
    auto [first, second] = in_order(earlier.index, offered.index);
    candidates.push_back(
        IndexNotGrowing{offered.manifest, std::move(first), std::move(second)});
  }
  if (!earlier.tag || !offered.tag) return candidates;
  const auto tag_seen = DecodedAs<TagEntry>(*earlier.tag);
  const auto tag_now = DecodedAs<TagEntry>(*offered.tag);
  if (tag_seen && tag_now && tag_seen->name == tag_now->name &&
      earlier.tag->position != offered.tag->position) {
    auto [first, second] = in_order(*earlier.tag, *offered.tag);
    candidates.push_back(
        TagTwice{offered.manifest, std::move(first), std::move(second)});
  }
  return candidates;
}

}  // namespace setlog
