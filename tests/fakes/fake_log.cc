#include "fakes/fake_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/checkpoint.h"
#include "log/set_tree.h"
#include "log/sha256.h"
#include "log/tree.h"

namespace setlog {

Hash HashN(uint64_t n) {
  std::string bytes;
  AppendU64(&bytes, n);
  return Sha256(AsBytes(bytes));
}

std::string ManifestFor(const std::string& origin) {
  return FormatManifest({.origin = origin, .scheme = "bytes/1"}).value();
}

FakeLog::FakeLog(const std::string& manifest, const Hash& secret)
    : origin_(ParseManifest(AsBytes(manifest)).value().origin),
      key_(
          MakeSigningKey(origin_, Ed25519PrivateKey::FromSeed(secret).value()).value()),
      tree_([this](uint64_t i) { return LeafHash(AsBytes(entries_[i])); }) {
  Append(ManifestEntry{manifest});
  Index();
}

uint64_t FakeLog::Index() {
  ApplyPending();
  return IndexAs(set_.n(), set_.root());
}

uint64_t FakeLog::IndexAs(uint64_t n, const Hash& root, uint64_t lag) {
  ApplyPending();
  index_positions_.push_back(size());
  return Append(IndexEntry{size() - lag, n, root});
}

uint64_t FakeLog::Tag(const std::string& name) {
  return TagAs(IndexAt(index_positions_.back()).m, name);
}

uint64_t FakeLog::TagAs(uint64_t m, const std::string& name) {
  const uint64_t position = Append(TagEntry{m, name});
  tag_positions_.push_back(position);
  return position;
}

IndexEntry FakeLog::IndexAt(uint64_t position) const {
  return std::get<IndexEntry>(DecodeEntry(AsBytes(entries_[position])).value());
}

std::optional<uint64_t> FakeLog::IndexBelow(uint64_t size) const {
  const auto after =
      std::lower_bound(index_positions_.begin(), index_positions_.end(), size);
  if (after == index_positions_.begin()) return std::nullopt;
  return *std::prev(after);
}

Hash FakeLog::RootAt(uint64_t size) { return tree_.Mth(0, size); }

std::string FakeLog::NoteFor(uint64_t size, const Hash& root) {
  return SignCheckpoint({origin_, size, root, {}}, key_).value();
}

ProvenEntry FakeLog::Prove(uint64_t position, uint64_t size) {
  return {position, entries_[position], tree_.Path(position, 0, size)};
}

std::vector<Hash> FakeLog::Cover(uint64_t begin, uint64_t end) {
  std::vector<Hash> hashes;
  for (const NodeId& node : CoveringNodes(begin, end)) {
    hashes.push_back(tree_.Mth(node.index << node.level, uint64_t{1} << node.level));
  }
  return hashes;
}

EntryRange FakeLog::Range(uint64_t begin, uint64_t end, uint64_t size) {
  return {begin,
          {entries_.begin() + static_cast<ptrdiff_t>(begin),
           entries_.begin() + static_cast<ptrdiff_t>(end)},
          Cover(0, begin),
          Cover(end, size)};
}

LookupProof FakeLog::Lookup(const Hash& record, uint64_t m) const {
  const SetIndex& set = SetAt(m);
  SetAnswer answer = set.Lookup(SetKey(record)).value();
  if (set.n() > 0) answer.proof.terminal = ValueAt(answer.terminal_position);
  return answer.proof;
}

std::string FakeLog::Batch(std::span<const Hash> records, uint64_t m) const {
  std::vector<Hash> keys = SetKeys(records);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  SetBatchAnswer answer = SetAt(m).BatchLookup(keys).value();
  for (const SetBatchAnswer::Leaf& leaf : answer.leaves) {
    answer.proof.replace(leaf.offset, Hash::kSize, AsText(ValueAt(leaf.position)));
  }
  return answer.proof;
}

std::vector<SetEvent> FakeLog::Events(const Hash& record, uint64_t m) const {
  std::vector<SetEvent> events;
  for (const SetChange& change : changes_) {
    if (change.position >= m) break;
    const bool member = !events.empty() && events.back().add;
    if (change.key == SetKey(record) && change.add != member) {
      events.push_back({change.position, change.add});
    }
  }
  return events;
}

void FakeLog::ApplyPending() {
  set_.Apply(std::span(changes_).subspan(applied_), size());
  applied_ = changes_.size();
}

const SetIndex& FakeLog::SetAt(uint64_t m) const {
  if (!older_ || older_->m() != m) {
    const auto end = std::partition_point(
        changes_.begin(), changes_.end(),
        [m](const SetChange& change) { return change.position < m; });
    older_.emplace().Apply(std::span(changes_.begin(), end), m);
  }
  return *older_;
}

uint64_t FakeLog::Change(const Hash& value, bool add) {
  changes_.push_back({SetKey(value), size(), add});
  return add ? Append(AddEntry{value}) : Append(RemoveEntry{value});
}

Hash FakeLog::ValueAt(uint64_t position) const {
  return HashFromBytes(AsBytes(entries_[position]).subspan(1));
}

}  // namespace setlog
