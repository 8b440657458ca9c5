// tests/fake_log.h -- a log in memory that tells the truth, and whose key signs
// anything.
//
//   FakeLog log(ManifestFor("example.org/a"));
//   log.Add(HashN(1));
//   log.Index();
//   std::string head = log.NoteAt(log.size());
//   std::string lie = log.NoteFor(log.size(), HashN(2));
//
// Its tree is the slow model of RFC 6962, its set log/'s index.
#ifndef SETLOG_TESTS_FAKE_LOG_H_
#define SETLOG_TESTS_FAKE_LOG_H_

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "log/checkpoint.h"
#include "log/entry.h"
#include "log/entry_range.h"
#include "log/manifest.h"
#include "log/proof.h"
#include "log/set_index.h"
#include "log/sha256.h"
#include "log/skey.h"
#include "log/tree.h"
#include "log/verify.h"
#include "rfc6962_model.h"

namespace setlog {

inline Hash HashN(uint64_t n) {
  std::string bytes;
  AppendU64(&bytes, n);
  return Sha256(AsBytes(bytes));
}

inline std::string ManifestFor(const std::string& origin) {
  return FormatManifest({.origin = origin, .scheme = "bytes/1"}).value();
}

class FakeLog {
 public:
  explicit FakeLog(const std::string& manifest, std::string_view key_seed = "key")
      : FakeLog(manifest, Sha256(AsBytes(key_seed))) {}
  FakeLog(const std::string& manifest, const Hash& secret)
      : origin_(ParseManifest(AsBytes(manifest)).value().origin),
        key_(MakeSigningKey(origin_, Ed25519PrivateKey::FromSeed(secret).value())
                 .value()),
        tree_([this](uint64_t i) { return LeafHash(AsBytes(entries_[i])); }) {
    Append(ManifestEntry{manifest});
    Index();
  }
  FakeLog(const FakeLog&) = delete;

  const std::string& origin() const { return origin_; }
  VerifierKey key() const { return key_.Verifier(SignatureType::kEd25519); }
  // What makes the key; for another log that is signed by it.
  Hash secret() const { return HashFromBytes(key_.key.Seed()); }
  uint64_t size() const { return entries_.size(); }
  const std::string& entry(uint64_t i) const { return entries_[i]; }
  Rfc6962Model& tree() { return tree_; }

  uint64_t Append(const Entry& entry) { return AppendBytes(Encode(entry)); }
  uint64_t AppendBytes(std::string bytes) {
    entries_.push_back(std::move(bytes));
    return size() - 1;
  }
  uint64_t Add(const Hash& value) { return Change(value, true); }
  uint64_t Remove(const Hash& value) { return Change(value, false); }
  uint64_t Index() {
    ApplyPending();
    return IndexAs(set_.n(), set_.root());
  }
  // The same, but says what it is told to; of the set so many entries before it.
  uint64_t IndexAs(uint64_t n, const Hash& root, uint64_t lag = 0) {
    ApplyPending();
    index_positions_.push_back(size());
    return Append(IndexEntry{size() - lag, n, root});
  }
  uint64_t Tag(const std::string& name) {
    return TagAs(IndexAt(index_positions_.back()).m, name);
  }
  uint64_t TagAs(uint64_t m, const std::string& name) {
    const uint64_t position = Append(TagEntry{m, name});
    tag_positions_.push_back(position);
    return position;
  }

  IndexEntry IndexAt(uint64_t position) const {
    return std::get<IndexEntry>(DecodeEntry(AsBytes(entries_[position])).value());
  }
  // Position of the newest index entry below `size`.
  std::optional<uint64_t> IndexBelow(uint64_t size) const {
    const auto after =
        std::lower_bound(index_positions_.begin(), index_positions_.end(), size);
    if (after == index_positions_.begin()) return std::nullopt;
    return *std::prev(after);
  }
  const std::vector<uint64_t>& tags() const { return tag_positions_; }
  const std::vector<uint64_t>& indexes() const { return index_positions_; }

  Hash RootAt(uint64_t size) { return tree_.Mth(0, size); }
  std::string NoteAt(uint64_t size) { return NoteFor(size, RootAt(size)); }
  // Signs whatever it is told to.
  std::string NoteFor(uint64_t size, const Hash& root) {
    return SignCheckpoint({origin_, size, root, {}}, key_).value();
  }
  ProvenEntry Prove(uint64_t position, uint64_t size) {
    return {position, entries_[position], tree_.Path(position, 0, size)};
  }

  // The hashes of CoveringNodes(begin, end).
  std::vector<Hash> Cover(uint64_t begin, uint64_t end) {
    std::vector<Hash> hashes;
    for (const NodeId& node : CoveringNodes(begin, end)) {
      hashes.push_back(tree_.Mth(node.index << node.level, uint64_t{1} << node.level));
    }
    return hashes;
  }
  EntryRange Range(uint64_t begin, uint64_t end, uint64_t size) {
    return {begin,
            {entries_.begin() + static_cast<ptrdiff_t>(begin),
             entries_.begin() + static_cast<ptrdiff_t>(end)},
            Cover(0, begin),
            Cover(end, size)};
  }

  LookupProof Lookup(const Hash& record, uint64_t m) const {
    const SetIndex& set = SetAt(m);
    SetAnswer answer = set.Lookup(SetKey(record)).value();
    if (set.n() > 0) answer.proof.terminal = ValueAt(answer.terminal_position);
    return answer.proof;
  }
  std::string Batch(std::span<const Hash> records, uint64_t m) const {
    std::vector<Hash> keys = SetKeys(records);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    SetBatchAnswer answer = SetAt(m).BatchLookup(keys).value();
    for (const SetBatchAnswer::Leaf& leaf : answer.leaves) {
      answer.proof.replace(leaf.offset, Hash::kSize, AsText(ValueAt(leaf.position)));
    }
    return answer.proof;
  }
  std::vector<SetEvent> Events(const Hash& record, uint64_t m) const {
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

 private:
  void ApplyPending() {
    set_.Apply(std::span(changes_).subspan(applied_), size());
    applied_ = changes_.size();
  }
  // The set at m, which is kept until another is asked for.
  const SetIndex& SetAt(uint64_t m) const {
    if (!older_ || older_->m() != m) {
      const auto end = std::partition_point(
          changes_.begin(), changes_.end(),
          [m](const SetChange& change) { return change.position < m; });
      older_.emplace().Apply(std::span(changes_.begin(), end), m);
    }
    return *older_;
  }
  uint64_t Change(const Hash& value, bool add) {
    changes_.push_back({SetKey(value), size(), add});
    return add ? Append(AddEntry{value}) : Append(RemoveEntry{value});
  }
  Hash ValueAt(uint64_t position) const {
    return HashFromBytes(AsBytes(entries_[position]).subspan(1));
  }

  const std::string origin_;
  const SigningKey key_;
  std::vector<std::string> entries_;
  Rfc6962Model tree_;
  SetIndex set_;
  mutable std::optional<SetIndex> older_;
  std::vector<SetChange> changes_;
  size_t applied_ = 0;  // to set_
  std::vector<uint64_t> index_positions_;
  std::vector<uint64_t> tag_positions_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_FAKE_LOG_H_
