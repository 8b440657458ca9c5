#include "log/evidence.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/entry.h"
#include "log/extension.h"
#include "log/manifest.h"
#include "log/proof.h"

namespace setlog {
namespace {

using What = absl::StatusOr<std::string>;

absl::Status NoEvidence(std::string_view why) {
  return absl::DataLossError(absl::StrFormat("no misbehaviour is shown: %s", why));
}

// An entry that is sound by itself, of the type that the evidence is about.
template <typename T>
absl::StatusOr<T> EntryAs(const ProvenEntry& proven, const Checkpoint& head) {
  if (absl::Status s = VerifyEntry(proven, head); !s.ok()) return s;
  absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(proven.entry));
  if (!entry.ok()) return entry.status();
  if (absl::Status s = CheckPosition(*entry, proven.position); !s.ok()) return s;
  if (T* wanted = std::get_if<T>(&*entry)) return std::move(*wanted);
  return NoEvidence(absl::StrFormat("the entry at position %d is of type %s",
                                    proven.position, NameOf(TypeOf(*entry))));
}

// Entries of another version of manifest may be of other forms, quite honestly.
absl::Status CheckManifest(const ProvenEntry& proven, const Checkpoint& head) {
  const auto json = EntryAs<ManifestEntry>(proven, head);
  if (!json.ok()) return json.status();
  return ParseManifest(AsBytes(json->json)).status();
}

std::vector<Bytes> Views(const std::vector<std::string>& entries) {
  std::vector<Bytes> views;
  views.reserve(entries.size());
  for (const std::string& entry : entries) views.push_back(AsBytes(entry));
  return views;
}

// The evidence under one key.
class Verifier {
 public:
  explicit Verifier(const VerifierKey& key) : key_(key) {}

  What operator()(const TwoRoots& e) const {
    const auto first = Open(e.first);
    if (!first.ok()) return first.status();
    const auto second = Open(e.second);
    if (!second.ok()) return second.status();
    if (first->size != second->size) return NoEvidence("the heads differ in size");
    if (first->root == second->root) return NoEvidence("the heads have one root");
    return absl::StrFormat("two heads of size %d have different roots, %s and %s",
                           first->size, ToHex(first->root), ToHex(second->root));
  }

  What operator()(const Fork& e) const {
    const auto smaller = Open(e.smaller);
    if (!smaller.ok()) return smaller.status();
    const auto larger = Open(e.larger);
    if (!larger.ok()) return larger.status();
    if (smaller->size >= larger->size) {
      return NoEvidence("the second head is not the larger one");
    }
    const auto larger_root =
        RootAround(smaller->size, {}, larger->size, e.left, e.right);
    if (!larger_root.ok()) return larger_root.status();
    if (*larger_root != larger->root) {
      return NoEvidence("the subtrees do not lead to the root of the larger head");
    }
    const auto smaller_root = RootAround(smaller->size, {}, smaller->size, e.left, {});
    if (!smaller_root.ok()) return smaller_root.status();
    if (*smaller_root == smaller->root) {
      return NoEvidence("the larger head continues the smaller one");
    }
    return absl::StrFormat(
        "the head of size %d does not continue the one of size %d: its first %d "
        "entries have root %s instead of %s",
        larger->size, smaller->size, smaller->size, ToHex(*smaller_root),
        ToHex(smaller->root));
  }

  What operator()(const TwoLeaves& e) const {
    for (const SignedLeaf* leaf : {&e.first, &e.second}) {
      const auto head = Open(leaf->checkpoint);
      if (!head.ok()) return head.status();
      const absl::Status included = VerifyInclusion(
          e.position, head->size, leaf->leaf_hash, leaf->path, head->root);
      if (!included.ok()) return included;
    }
    if (e.first.leaf_hash == e.second.leaf_hash) {
      return NoEvidence("both heads have the same entry there");
    }
    return absl::StrFormat(
        "at position %d stand two entries, with leaf hashes %s and %s", e.position,
        ToHex(e.first.leaf_hash), ToHex(e.second.leaf_hash));
  }

  What operator()(const IndexNotGrowing& e) const {
    const auto entries = TwoEntries<IndexEntry>(e.manifest, e.earlier, e.later);
    if (!entries.ok()) return entries.status();
    const auto& [earlier, later] = *entries;
    if (later.m > earlier.m) return NoEvidence("m grows between the index entries");
    return absl::StrFormat(
        "the index entry at position %d is for m = %d, after one for m = %d at "
        "position %d",
        e.later.entry.position, later.m, earlier.m, e.earlier.entry.position);
  }

  What operator()(const TagTwice& e) const {
    const auto entries = TwoEntries<TagEntry>(e.manifest, e.earlier, e.later);
    if (!entries.ok()) return entries.status();
    const auto& [earlier, later] = *entries;
    if (earlier.name != later.name) return NoEvidence("the tags have different names");
    return absl::StrFormat(
        "the tag name %s is used twice, at position %d for m = %d and at position %d "
        "for m = %d",
        earlier.name, e.earlier.entry.position, earlier.m, e.later.entry.position,
        later.m);
  }

  What operator()(const MalformedEntry& e) const {
    const auto head = Open(e.checkpoint);
    if (!head.ok()) return head.status();
    if (e.manifest.has_value() == (e.entry.position == 0)) {
      return NoEvidence("a manifest belongs to every entry but the one at position 0");
    }
    if (e.manifest) {
      if (absl::Status s = CheckManifest(*e.manifest, *head); !s.ok()) return s;
    }
    if (absl::Status s = VerifyEntry(e.entry, *head); !s.ok()) return s;
    const absl::Status fault = FaultOf(e.entry, head->origin);
    if (fault.ok()) return NoEvidence("the entry is well formed");
    // Another version of manifest, or an unknown scheme: not for this code to judge.
    if (!absl::IsInvalidArgument(fault)) return fault;
    return absl::StrFormat("the entry at position %d is malformed: %s",
                           e.entry.position, std::string(fault.message()));
  }

  What operator()(const TagWithoutIndex& e) const {
    const auto head = OpenWithManifest(e.checkpoint, e.manifest);
    if (!head.ok()) return head.status();
    const auto tag = EntryAs<TagEntry>(e.tag, *head);
    if (!tag.ok()) return tag.status();
    if (absl::Status s = VerifyRange(e.range, *head); !s.ok()) return s;
    // An index entry for m stands at m or later, and before the tag.
    if (e.range.begin != tag->m || e.range.end() != e.tag.position) {
      return NoEvidence("the entries are not those from the tag's m to the tag");
    }
    for (const std::string& bytes : e.range.entries) {
      const auto entry = DecodeEntry(AsBytes(bytes));
      if (!entry.ok()) continue;
      const auto* index = std::get_if<IndexEntry>(&*entry);
      if (index != nullptr && index->m == tag->m) {
        return NoEvidence("the tag's index entry stands where it should");
      }
    }
    return absl::StrFormat(
        "the tag %s at position %d names m = %d, for which no index entry stands "
        "before it",
        tag->name, e.tag.position, tag->m);
  }

  What operator()(const WrongCount& e) const {
    const auto index = Index(e.checkpoint, e.manifest, e.index);
    if (!index.ok()) return index.status();
    const auto found = VerifyLookup(index->set_root, e.record, e.lookup);
    if (!found.ok()) return found.status();
    if (e.lookup.count == index->n) return NoEvidence("the counts are the same");
    return absl::StrFormat(
        "the index entry at position %d says n = %d, but its set root is one of %d "
        "members",
        e.index.position, index->n, e.lookup.count);
  }

  What operator()(const WrongExtension& e) const {
    const auto head = OpenWithManifest(e.checkpoint, e.manifest);
    if (!head.ok()) return head.status();
    IndexEntry from = EmptySetVersion();
    if (e.from) {
      const auto entry = EntryAs<IndexEntry>(*e.from, *head);
      if (!entry.ok()) return entry.status();
      from = *entry;
    }
    const auto to = EntryAs<IndexEntry>(e.to, *head);
    if (!to.ok()) return to.status();
    if (absl::Status s = VerifyRange(e.range, *head); !s.ok()) return s;
    // How many there are is the extension's rule, where they begin is not.
    if (e.range.begin != from.m) return NoEvidence("the entries do not begin at m");
    const auto shown =
        VerifyExtension(from, *to, Views(e.range.entries), AsBytes(e.batch_proof));
    if (!shown.ok()) return shown.status();
    if (!shown->contradiction)
      return NoEvidence("one index entry follows from the other");
    return absl::StrFormat(
        "the index entry at position %d (m = %d) does not follow from %s and the "
        "entries "
        "between: %s",
        e.to.position, to->m,
        e.from ? absl::StrFormat("the one at position %d (m = %d)", e.from->position,
                                 from.m)
               : std::string("the empty set"),
        *shown->contradiction);
  }

  What operator()(const WrongAnswer& e) const {
    const auto index = Index(e.checkpoint, e.manifest, e.index);
    if (!index.ok()) return index.status();
    const auto head = Open(e.checkpoint);
    if (!head.ok()) return head.status();
    if (e.lookup.count != index->n) {
      return NoEvidence("the lookup proof is not for the index entry's n");
    }
    const auto present = VerifyLookup(index->set_root, e.record, e.lookup);
    if (!present.ok()) return present.status();
    if (absl::Status s = VerifyRange(e.range, *head); !s.ok()) return s;
    if (e.range.end() != index->m) return NoEvidence("the entries do not end at m");
    const auto last = LastEvent(e.range, e.record);
    if (!last.ok()) return last.status();
    const bool member = last->has_value() && (*last)->add;
    if (*present == member) return NoEvidence("the set says what the entries say");
    const std::string event =
        last->has_value()
            ? absl::StrFormat("%s at position %d, and not named after it",
                              member ? "added" : "removed", (*last)->position)
            : std::string("never added");
    return absl::StrFormat(
        "the index entry at position %d has the record %s %s at m = %d, but it was %s",
        e.index.position, ToHex(e.record), *present ? "present" : "absent", index->m,
        event);
  }

 private:
  struct Event {
    uint64_t position;
    bool add;
  };

  absl::StatusOr<Checkpoint> Open(const std::string& note) const {
    return OpenCheckpoint(note, key_);
  }

  absl::StatusOr<Checkpoint> OpenWithManifest(const std::string& note,
                                              const ProvenEntry& manifest) const {
    absl::StatusOr<Checkpoint> head = Open(note);
    if (!head.ok()) return head.status();
    if (absl::Status s = CheckManifest(manifest, *head); !s.ok()) return s;
    return head;
  }

  absl::StatusOr<IndexEntry> Index(const std::string& note, const ProvenEntry& manifest,
                                   const ProvenEntry& index) const {
    const auto head = OpenWithManifest(note, manifest);
    if (!head.ok()) return head.status();
    return EntryAs<IndexEntry>(index, *head);
  }

  // Two heads of one key are of one log: if neither entry is in the other's head, the
  // log is forked, which is no better.
  template <typename T>
  absl::StatusOr<std::pair<T, T>> TwoEntries(const ProvenEntry& manifest,
                                             const SignedEntry& earlier,
                                             const SignedEntry& later) const {
    const auto first_head = Open(earlier.checkpoint);
    if (!first_head.ok()) return first_head.status();
    const auto second_head = Open(later.checkpoint);
    if (!second_head.ok()) return second_head.status();
    if (const absl::Status s = CheckManifest(manifest, *first_head); !s.ok()) {
      if (!CheckManifest(manifest, *second_head).ok()) return s;
    }
    auto first = EntryAs<T>(earlier.entry, *first_head);
    if (!first.ok()) return first.status();
    auto second = EntryAs<T>(later.entry, *second_head);
    if (!second.ok()) return second.status();
    if (earlier.entry.position >= later.entry.position) {
      return NoEvidence("the second entry does not stand after the first");
    }
    return std::pair<T, T>(*std::move(first), *std::move(second));
  }

  // Why the entry may not stand where it does, by itself alone.
  static absl::Status FaultOf(const ProvenEntry& proven, const std::string& origin) {
    const auto entry = DecodeEntry(AsBytes(proven.entry));
    if (!entry.ok()) return entry.status();
    if (absl::Status s = CheckPosition(*entry, proven.position); !s.ok()) return s;
    const auto* json = std::get_if<ManifestEntry>(&*entry);
    if (json == nullptr) return absl::OkStatus();
    const auto manifest = ParseManifest(AsBytes(json->json));
    if (!manifest.ok()) return manifest.status();
    if (manifest->origin == origin) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrFormat(
        "the manifest is of %s, the head of %s", manifest->origin, origin));
  }

  // The record's last event in the range; none only if the range is all that there is.
  static absl::StatusOr<std::optional<Event>> LastEvent(const EntryRange& range,
                                                        const Hash& record) {
    const std::string add = Encode(AddEntry{record});
    const std::string remove = Encode(RemoveEntry{record});
    for (size_t i = range.entries.size(); i-- > 0;) {
      const bool is_add = range.entries[i] == add;
      if (is_add || range.entries[i] == remove) return Event{range.begin + i, is_add};
    }
    if (range.begin == 0) return std::nullopt;
    return NoEvidence("the entries do not name the record, and others stand before");
  }

  const VerifierKey& key_;
};

// The keys that `trust` names for the log whose heads these are.
std::vector<VerifierKey> KeysOf(const Trust& trust) {
  std::vector<VerifierKey> keys;
  if (trust.policy) {
    for (const Policy::Log& log : trust.policy->logs) keys.push_back(log.key);
  }
  if (!trust.log_key) return keys;
  if (trust.policy &&
      std::find(keys.begin(), keys.end(), *trust.log_key) == keys.end()) {
    return {};
  }
  return {*trust.log_key};
}

}  // namespace

std::string_view NameOf(const Evidence& evidence) {
  static constexpr std::string_view kNames[] = {
      "two_roots",         "fork",        "two_leaves",
      "index_not_growing", "tag_twice",   "malformed_entry",
      "tag_without_index", "wrong_count", "wrong_extension",
      "wrong_answer"};
  static_assert(std::size(kNames) == std::variant_size_v<Evidence>);
  return kNames[evidence.index()];
}

const std::string& AnyCheckpoint(const Evidence& evidence) {
  struct Finder {
    const std::string& operator()(const TwoRoots& e) const { return e.first; }
    const std::string& operator()(const Fork& e) const { return e.smaller; }
    const std::string& operator()(const TwoLeaves& e) const {
      return e.first.checkpoint;
    }
    const std::string& operator()(const IndexNotGrowing& e) const {
      return e.earlier.checkpoint;
    }
    const std::string& operator()(const TagTwice& e) const {
      return e.earlier.checkpoint;
    }
    const std::string& operator()(const MalformedEntry& e) const {
      return e.checkpoint;
    }
    const std::string& operator()(const TagWithoutIndex& e) const {
      return e.checkpoint;
    }
    const std::string& operator()(const WrongCount& e) const { return e.checkpoint; }
    const std::string& operator()(const WrongExtension& e) const {
      return e.checkpoint;
    }
    const std::string& operator()(const WrongAnswer& e) const { return e.checkpoint; }
  };
  return std::visit(Finder{}, evidence);
}

absl::StatusOr<Misbehaviour> VerifyEvidence(const Evidence& evidence,
                                            const Trust& trust) {
  absl::Status refused = NoEvidence("no key of this log is known");
  for (const VerifierKey& key : KeysOf(trust)) {
    // One key signed everything: with two keys two people may be at odds.
    What what = std::visit(Verifier(key), evidence);
    if (what.ok()) {
      return Misbehaviour{key.name, key, NameOf(evidence), *std::move(what)};
    }
    refused = what.status();
    // A wrong signature, an entry of another kind, ...: not merely a key of another
    // log.
    if (!absl::IsNotFound(refused) && trust.log_key) break;
  }
  return absl::IsNotFound(refused) ? NoEvidence(std::string(refused.message()))
                                   : refused;
}

}  // namespace setlog
