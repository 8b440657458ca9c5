#include "log/extension.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "log/partial_set.h"
#include "log/set_tree.h"

namespace setlog {

IndexEntry EmptySetVersion() { return {0, 0, EmptySetRoot()}; }

absl::Status ExtensionRange::Add(Bytes bytes) {
  const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
  absl::Status status = entry.status();
  if (status.ok()) status = CheckPosition(*entry, end_);
  if (!status.ok()) return status;
  if (const auto* add = std::get_if<AddEntry>(&*entry)) {
    changes_.push_back({add->value, true});
  } else if (const auto* remove = std::get_if<RemoveEntry>(&*entry)) {
    changes_.push_back({remove->value, false});
  }
  ++end_;
  if (changes_.size() >= compact_at_) {
    Compact();
    compact_at_ = std::max(compact_at_, 2 * changes_.size());
  }
  return absl::OkStatus();
}

void ExtensionRange::Compact() {
  std::stable_sort(changes_.begin(), changes_.end(),
                   [](const Change& a, const Change& b) { return a.value < b.value; });
  size_t kept = 0;
  for (size_t i = 0; i < changes_.size(); ++i) {
    const bool last =
        i + 1 == changes_.size() || changes_[i + 1].value != changes_[i].value;
    if (last) changes_[kept++] = changes_[i];
  }
  changes_.resize(kept);
}

std::vector<ExtensionRange::Touch> ExtensionRange::Touched() const {
  ExtensionRange compact = *this;
  compact.Compact();
  std::vector<Hash> values;
  values.reserve(compact.changes_.size());
  for (const Change& change : compact.changes_) values.push_back(change.value);
  const std::vector<Hash> keys = SetKeys(values);
  std::vector<Touch> touched;
  touched.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    touched.push_back({keys[i], values[i], compact.changes_[i].add});
  }
  std::sort(touched.begin(), touched.end(),
            [](const Touch& a, const Touch& b) { return a.key < b.key; });
  return touched;
}

absl::StatusOr<Extension> VerifyExtension(const IndexEntry& before,
                                          const IndexEntry& after,
                                          const ExtensionRange& range, Bytes proof) {
  if (range.begin() != before.m || range.end() != after.m) {
    return absl::InvalidArgumentError(
        absl::StrFormat("entries [%d, %d) given, [%d, %d) needed", range.begin(),
                        range.end(), before.m, after.m));
  }
  if (before.m == 0 && before != EmptySetVersion()) {
    return absl::InvalidArgumentError("m = 0 is the empty set, and nothing else");
  }
  const std::vector<ExtensionRange::Touch> touched = range.Touched();
  std::vector<Hash> keys;
  keys.reserve(touched.size());
  for (const ExtensionRange::Touch& touch : touched) keys.push_back(touch.key);
  absl::StatusOr<PartialSet> set =
      PartialSet::Open(before.set_root, before.n, keys, proof);
  if (!set.ok()) return set.status();

  Extension shown{.n = before.n};
  shown.was_present.reserve(touched.size());
  for (size_t i = 0; i < touched.size(); ++i) {
    shown.was_present.push_back(set->Contains(i));
    if (!touched[i].add || set->Contains(i)) continue;
    if (shown.n == UINT64_MAX) return absl::InvalidArgumentError("too many members");
    if (absl::Status s = set->Insert(touched[i].key); !s.ok()) return s;
    ++shown.n;
  }
  for (size_t i = 0; i < touched.size(); ++i) {
    if (touched[i].add || !set->Contains(i)) continue;
    if (absl::Status s = set->Remove(touched[i].key); !s.ok()) return s;
    --shown.n;
  }
  shown.root = set->Root(shown.n);
  if (after.n != shown.n) {
    shown.contradiction =
        absl::StrFormat("from n = %d the entries [%d, %d) lead to n = %d, not %d",
                        before.n, before.m, after.m, shown.n, after.n);
  } else if (after.set_root != shown.root) {
    shown.contradiction =
        absl::StrFormat("the entries [%d, %d) lead to the set root %s, not %s",
                        before.m, after.m, ToHex(shown.root), ToHex(after.set_root));
  }
  return shown;
}

absl::StatusOr<Extension> VerifyExtension(const IndexEntry& before,
                                          const IndexEntry& after,
                                          std::span<const Bytes> entries, Bytes proof) {
  ExtensionRange range(before.m);
  for (Bytes entry : entries) {
    if (absl::Status s = range.Add(entry); !s.ok()) return s;
  }
  return VerifyExtension(before, after, range, proof);
}

absl::StatusOr<std::string> MakeExtensionProof(
    const SetIndex& set, const ExtensionRange& range,
    const std::function<absl::StatusOr<Hash>(uint64_t position)>& value_at) {
  if (range.begin() != set.m()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a range from %d on, and a set at m = %d", range.begin(), set.m()));
  }
  std::vector<Hash> keys;
  for (const ExtensionRange::Touch& touch : range.Touched()) keys.push_back(touch.key);
  absl::StatusOr<SetBatchAnswer> answer = set.BatchLookup(keys);
  if (!answer.ok()) return answer.status();
  for (const SetBatchAnswer::Leaf& leaf : answer->leaves) {
    const absl::StatusOr<Hash> value = value_at(leaf.position);
    if (!value.ok()) return value.status();
    answer->proof.replace(leaf.offset, Hash::kSize, AsText(*value));
  }
  const absl::Status made =
      PartialSet::Open(set.root(), set.n(), keys, AsBytes(answer->proof)).status();
  if (!made.ok()) return made;
  return std::move(answer->proof);
}

}  // namespace setlog
