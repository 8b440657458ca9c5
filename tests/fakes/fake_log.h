// tests/fakes/fake_log.h -- a log in memory that tells the truth, and whose key signs
// anything.
//
//   FakeLog log(ManifestFor("example.org/a"));
//   log.Add(HashN(1));
//   log.Index();
//   std::string head = log.NoteAt(log.size());
//   std::string lie = log.NoteFor(log.size(), HashN(2));
//
// Its tree is the slow model of RFC 6962, its set log/'s index.
#ifndef SETLOG_TESTS_FAKES_FAKE_LOG_H_
#define SETLOG_TESTS_FAKES_FAKE_LOG_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "log/entry.h"
#include "log/entry_range.h"
#include "log/manifest.h"
#include "log/proof.h"
#include "log/set_index.h"
#include "log/skey.h"
#include "log/verify.h"
#include "rfc6962_model.h"

namespace setlog {

// The hash of the number, for records that differ.
Hash HashN(uint64_t n);

// With the scheme bytes/1.
std::string ManifestFor(const std::string& origin);

class FakeLog {
 public:
  explicit FakeLog(const std::string& manifest, std::string_view key_seed = "key")
      : FakeLog(manifest, Sha256(AsBytes(key_seed))) {}
  FakeLog(const std::string& manifest, const Hash& secret);
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
  uint64_t Index();
  // The same, but says what it is told to; of the set so many entries before it.
  uint64_t IndexAs(uint64_t n, const Hash& root, uint64_t lag = 0);
  uint64_t Tag(const std::string& name);
  uint64_t TagAs(uint64_t m, const std::string& name);

  IndexEntry IndexAt(uint64_t position) const;
  // Position of the newest index entry below `size`.
  std::optional<uint64_t> IndexBelow(uint64_t size) const;
  const std::vector<uint64_t>& tags() const { return tag_positions_; }
  const std::vector<uint64_t>& indexes() const { return index_positions_; }

  Hash RootAt(uint64_t size);
  std::string NoteAt(uint64_t size) { return NoteFor(size, RootAt(size)); }
  // Signs whatever it is told to.
  std::string NoteFor(uint64_t size, const Hash& root);
  ProvenEntry Prove(uint64_t position, uint64_t size);

  // The hashes of CoveringNodes(begin, end).
  std::vector<Hash> Cover(uint64_t begin, uint64_t end);
  EntryRange Range(uint64_t begin, uint64_t end, uint64_t size);

  LookupProof Lookup(const Hash& record, uint64_t m) const;
  std::string Batch(std::span<const Hash> records, uint64_t m) const;
  std::vector<SetEvent> Events(const Hash& record, uint64_t m) const;

 private:
  void ApplyPending();
  // The set at m, which is kept until another is asked for.
  const SetIndex& SetAt(uint64_t m) const;
  uint64_t Change(const Hash& value, bool add);
  Hash ValueAt(uint64_t position) const;

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

#endif  // SETLOG_TESTS_FAKES_FAKE_LOG_H_
