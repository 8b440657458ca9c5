#include "client/fault_evidence.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/covering.h"
#include "client/entry_stream.h"
#include "client/evidence_file.h"
#include "client/refused.h"
#include "log/extension.h"

namespace setlog {
namespace {

class Maker {
 public:
  // Without `replay` wrong sets are for somebody else.
  Maker(const Connection& connection, const VerifiedHead& head, const Replay* replay,
        const std::optional<PlacedIndex>& last_index,
        const std::map<std::string, PlacedTag>& tags, const ReplayFault& fault,
        const std::string& entry)
      : connection_(connection),
        head_(head),
        replay_(replay),
        last_index_(last_index),
        tags_(tags),
        fault_(fault),
        entry_(entry),
        tree_(&connection, head.version.checkpoint) {}

  absl::StatusOr<Evidence> Make() const {
    absl::StatusOr<ProvenEntry> wrong = ProveEntry(tree_, fault_.position, entry_);
    if (!wrong.ok()) return wrong.status();
    switch (fault_.rule) {
      case ReplayFault::Rule::kUnsupported:
        return absl::FailedPreconditionError("an unknown kind of log is no lie");
      case ReplayFault::Rule::kForm: {
        std::optional<ProvenEntry> manifest;
        if (fault_.position > 0) manifest = head_.proof.manifest;
        return MalformedEntry{head_.proof.checkpoint, manifest, *std::move(wrong)};
      }
      case ReplayFault::Rule::kIndexOrder:
        return IndexOrder(*std::move(wrong));
      case ReplayFault::Rule::kIndexSet:
        return IndexSet(*std::move(wrong));
      case ReplayFault::Rule::kTagIndex:
        return TagIndex(*std::move(wrong));
      case ReplayFault::Rule::kTagName:
        return TagName(*std::move(wrong));
    }
    return absl::InternalError("no such rule");
  }

 private:
  SignedEntry Signed(ProvenEntry entry) const {
    return {head_.proof.checkpoint, std::move(entry)};
  }

  absl::StatusOr<Evidence> IndexOrder(ProvenEntry wrong) const {
    const PlacedIndex& last = *last_index_;
    absl::StatusOr<ProvenEntry> earlier =
        ProveEntry(tree_, last.position, Encode(last.entry));
    if (!earlier.ok()) return earlier.status();
    return IndexNotGrowing{head_.proof.manifest, Signed(*std::move(earlier)),
                           Signed(std::move(wrong))};
  }

  absl::StatusOr<Evidence> TagName(ProvenEntry wrong) const {
    const TagEntry tag = std::get<TagEntry>(*DecodeEntry(AsBytes(entry_)));
    const PlacedTag& placed = tags_.at(tag.name);
    absl::StatusOr<ProvenEntry> earlier =
        ProveEntry(tree_, placed.position, Encode(TagEntry{placed.m, tag.name}));
    if (!earlier.ok()) return earlier.status();
    return TagTwice{head_.proof.manifest, Signed(*std::move(earlier)),
                    Signed(std::move(wrong))};
  }

  absl::StatusOr<Evidence> TagIndex(ProvenEntry wrong) const {
    const TagEntry tag = std::get<TagEntry>(*DecodeEntry(AsBytes(entry_)));
    absl::StatusOr<EntryRange> range = FetchRange(tree_, tag.m, fault_.position);
    if (!range.ok()) return range.status();
    return TagWithoutIndex{head_.proof.checkpoint, head_.proof.manifest,
                           std::move(wrong), *std::move(range)};
  }

  absl::StatusOr<Evidence> IndexSet(ProvenEntry wrong) const {
    if (replay_ == nullptr) return absl::FailedPreconditionError("there is no set");
    const IndexEntry index = std::get<IndexEntry>(*DecodeEntry(AsBytes(entry_)));
    const ReplayState& state = replay_->state();
    std::optional<ProvenEntry> from;
    if (state.last_index) {
      absl::StatusOr<ProvenEntry> last = ProveEntry(tree_, state.last_index->position,
                                                    Encode(state.last_index->entry));
      if (!last.ok()) return last.status();
      from = *std::move(last);
    }
    absl::StatusOr<EntryRange> range = FetchRange(tree_, state.set.m(), index.m);
    if (!range.ok()) return range.status();
    ExtensionRange changes(range->begin);
    for (const std::string& bytes : range->entries) {
      if (absl::Status s = changes.Add(AsBytes(bytes)); !s.ok()) return s;
    }
    absl::StatusOr<std::string> proof = MakeExtensionProof(
        state.set, changes, [&](uint64_t position) { return ValueAt(position); });
    if (!proof.ok()) return proof.status();
    return WrongExtension{head_.proof.checkpoint, head_.proof.manifest,
                          std::move(from),        std::move(wrong),
                          *std::move(range),      *std::move(proof)};
  }

  // The set knows keys; values stand in the log. Not verified here: the key is hashed
  // from the value when the proof is checked.
  absl::StatusOr<Hash> ValueAt(uint64_t position) const {
    EntryStream stream(&connection_, tree_.head().origin, position, position + 1);
    while (true) {
      const absl::StatusOr<EntryPiece> piece = stream.Next(std::chrono::seconds(1));
      if (!piece.ok()) return piece.status();
      if (piece->entries.empty()) continue;
      if (piece->entries[0].size() != kValueEntryBytes) {
        return Refused(tree_.head().origin, "an entry that adds nothing");
      }
      return HashFromBytes(piece->entries[0].subspan(1));
    }
  }

  const Connection& connection_;
  const VerifiedHead& head_;
  const Replay* const replay_;
  const std::optional<PlacedIndex>& last_index_;
  const std::map<std::string, PlacedTag>& tags_;
  const ReplayFault& fault_;
  const std::string& entry_;
  const TreeClient tree_;
};

absl::StatusOr<Evidence> Checked(absl::StatusOr<Evidence> evidence,
                                 const VerifiedHead& head) {
  if (!evidence.ok()) return evidence;
  const auto proven = VerifyEvidence(*evidence, {.log_key = head.version.log_key});
  if (!proven.ok()) return proven.status();
  if (absl::Status s = CheckEvidenceFits(*evidence); !s.ok()) return s;
  return evidence;
}

}  // namespace

absl::StatusOr<Evidence> MakeFaultEvidence(const Connection& connection,
                                           const VerifiedHead& head,
                                           const Replay& replay,
                                           const ReplayFault& fault,
                                           const std::string& entry) {
  return Checked(Maker(connection, head, &replay, replay.state().last_index,
                       replay.tags(), fault, entry)
                     .Make(),
                 head);
}

absl::StatusOr<Evidence> MakeEntryEvidence(const Connection& connection,
                                           const VerifiedHead& head,
                                           const std::optional<PlacedIndex>& last_index,
                                           const std::map<std::string, PlacedTag>& tags,
                                           const ReplayFault& fault,
                                           const std::string& entry) {
  return Checked(
      Maker(connection, head, nullptr, last_index, tags, fault, entry).Make(), head);
}

absl::StatusOr<Evidence> MakeForkEvidence(const TreeClient& tree,
                                          const std::string& smaller_note,
                                          uint64_t smaller_size,
                                          const std::string& larger_note) {
  if (smaller_size == tree.head().size) return TwoRoots{smaller_note, larger_note};
  absl::StatusOr<std::vector<Hash>> left = HashesBefore(tree, smaller_size);
  if (!left.ok()) return left.status();
  absl::StatusOr<std::vector<Hash>> right = HashesAfter(tree, smaller_size);
  if (!right.ok()) return right.status();
  return Fork{smaller_note, larger_note, *std::move(left), *std::move(right)};
}

}  // namespace setlog
