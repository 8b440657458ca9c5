#include "proto/evidence_forms.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/forms.h"

namespace setlog {
namespace {

// Reads fields until one is malformed; what is read after that does not matter, because
// the whole is refused.
class Reader {
 public:
  explicit Reader(std::string_view kind) : kind_(kind) {}

  const absl::Status& status() const { return status_; }

  std::string Note(const std::string& text) {
    if (text.empty()) Refuse("a checkpoint is missing");
    return text;
  }
  std::vector<Hash> Hashes(const std::string& bytes) {
    return Take(SplitHashes(bytes, kind_));
  }
  Hash OneOf(const std::string& bytes) { return Take(OneHash(bytes, kind_)); }
  ProvenEntry Entry(bool has, const v1::EntryProof& proto) {
    if (!has) Refuse("an entry is missing");
    return Take(EntryFromProto(proto, kind_));
  }
  std::optional<ProvenEntry> OptionalEntry(bool has, const v1::EntryProof& proto) {
    if (!has) return std::nullopt;
    return Entry(has, proto);
  }
  SignedEntry Signed(bool has, const v1::SignedEntry& proto) {
    if (!has) Refuse("an entry is missing");
    return {Note(proto.checkpoint()), Entry(proto.has_entry(), proto.entry())};
  }
  SignedLeaf Leaf(bool has, const v1::SignedLeaf& proto) {
    if (!has) Refuse("a leaf is missing");
    return {Note(proto.checkpoint()), OneOf(proto.leaf_hash()), Hashes(proto.path())};
  }
  LookupProof Lookup(bool has, const v1::LookupProof& proto) {
    if (!has) Refuse("the lookup proof is missing");
    return Take(LookupFromProto(proto));
  }
  EntryRange Range(bool has, const v1::EntryRange& proto) {
    if (!has) Refuse("the range of entries is missing");
    return {proto.begin(),
            {proto.entries().begin(), proto.entries().end()},
            Hashes(proto.left()),
            Hashes(proto.right())};
  }

 private:
  void Refuse(std::string_view why) {
    Take(absl::StatusOr<Hash>(
        absl::InvalidArgumentError(absl::StrFormat("%s: %s", kind_, why))));
  }
  template <typename T>
  T Take(absl::StatusOr<T> value) {
    if (value.ok()) return *std::move(value);
    if (status_.ok()) status_ = value.status();
    return T();
  }

  std::string_view kind_;
  absl::Status status_;
};

Evidence Read(const v1::TwoRoots& m, Reader& r) {
  return TwoRoots{r.Note(m.first()), r.Note(m.second())};
}
Evidence Read(const v1::Fork& m, Reader& r) {
  return Fork{r.Note(m.smaller()), r.Note(m.larger()), r.Hashes(m.left()),
              r.Hashes(m.right())};
}
Evidence Read(const v1::TwoLeaves& m, Reader& r) {
  return TwoLeaves{m.position(), r.Leaf(m.has_first(), m.first()),
                   r.Leaf(m.has_second(), m.second())};
}
Evidence Read(const v1::IndexNotGrowing& m, Reader& r) {
  return IndexNotGrowing{r.Entry(m.has_manifest(), m.manifest()),
                         r.Signed(m.has_earlier(), m.earlier()),
                         r.Signed(m.has_later(), m.later())};
}
Evidence Read(const v1::TagTwice& m, Reader& r) {
  return TagTwice{r.Entry(m.has_manifest(), m.manifest()),
                  r.Signed(m.has_earlier(), m.earlier()),
                  r.Signed(m.has_later(), m.later())};
}
Evidence Read(const v1::MalformedEntry& m, Reader& r) {
  return MalformedEntry{r.Note(m.checkpoint()),
                        r.OptionalEntry(m.has_manifest(), m.manifest()),
                        r.Entry(m.has_entry(), m.entry())};
}
Evidence Read(const v1::TagWithoutIndex& m, Reader& r) {
  return TagWithoutIndex{
      r.Note(m.checkpoint()), r.Entry(m.has_manifest(), m.manifest()),
      r.Entry(m.has_tag(), m.tag()), r.Range(m.has_range(), m.range())};
}
Evidence Read(const v1::WrongCount& m, Reader& r) {
  return WrongCount{r.Note(m.checkpoint()), r.Entry(m.has_manifest(), m.manifest()),
                    r.Entry(m.has_index(), m.index()), r.OneOf(m.record()),
                    r.Lookup(m.has_lookup(), m.lookup())};
}
Evidence Read(const v1::WrongExtension& m, Reader& r) {
  return WrongExtension{r.Note(m.checkpoint()),
                        r.Entry(m.has_manifest(), m.manifest()),
                        r.OptionalEntry(m.has_from(), m.from()),
                        r.Entry(m.has_to(), m.to()),
                        r.Range(m.has_range(), m.range()),
                        m.batch_proof()};
}
Evidence Read(const v1::WrongAnswer& m, Reader& r) {
  return WrongAnswer{r.Note(m.checkpoint()),
                     r.Entry(m.has_manifest(), m.manifest()),
                     r.Entry(m.has_index(), m.index()),
                     r.OneOf(m.record()),
                     r.Lookup(m.has_lookup(), m.lookup()),
                     r.Range(m.has_range(), m.range())};
}

template <typename Message>
absl::StatusOr<Evidence> ReadAll(const Message& message, std::string_view kind) {
  Reader reader(kind);
  Evidence evidence = Read(message, reader);
  if (!reader.status().ok()) return reader.status();
  return evidence;
}

void Set(const SignedEntry& e, v1::SignedEntry* m) {
  m->set_checkpoint(e.checkpoint);
  *m->mutable_entry() = EntryToProto(e.entry);
}
void Set(const SignedLeaf& e, v1::SignedLeaf* m) {
  m->set_checkpoint(e.checkpoint);
  m->set_leaf_hash(std::string(AsText(e.leaf_hash)));
  m->set_path(ConcatHashes(e.path));
}
void Set(const EntryRange& e, v1::EntryRange* m) {
  m->set_begin(e.begin);
  for (const std::string& entry : e.entries) m->add_entries(entry);
  m->set_left(ConcatHashes(e.left));
  m->set_right(ConcatHashes(e.right));
}
// Two entries of one kind.
template <typename Struct, typename Message>
void SetPair(const Struct& e, Message* m) {
  *m->mutable_manifest() = EntryToProto(e.manifest);
  Set(e.earlier, m->mutable_earlier());
  Set(e.later, m->mutable_later());
}
// What is said of one head.
template <typename Struct, typename Message>
void SetHead(const Struct& e, Message* m) {
  m->set_checkpoint(e.checkpoint);
  *m->mutable_manifest() = EntryToProto(e.manifest);
}
template <typename Struct, typename Message>
void SetLookup(const Struct& e, Message* m) {
  *m->mutable_index() = EntryToProto(e.index);
  m->set_record(std::string(AsText(e.record)));
  *m->mutable_lookup() = LookupToProto(e.lookup);
}

struct Writer {
  v1::Evidence* proto;

  void operator()(const TwoRoots& e) const {
    v1::TwoRoots* m = proto->mutable_two_roots();
    m->set_first(e.first);
    m->set_second(e.second);
  }
  void operator()(const Fork& e) const {
    v1::Fork* m = proto->mutable_fork();
    m->set_smaller(e.smaller);
    m->set_larger(e.larger);
    m->set_left(ConcatHashes(e.left));
    m->set_right(ConcatHashes(e.right));
  }
  void operator()(const TwoLeaves& e) const {
    v1::TwoLeaves* m = proto->mutable_two_leaves();
    m->set_position(e.position);
    Set(e.first, m->mutable_first());
    Set(e.second, m->mutable_second());
  }
  void operator()(const IndexNotGrowing& e) const {
    SetPair(e, proto->mutable_index_not_growing());
  }
  void operator()(const TagTwice& e) const { SetPair(e, proto->mutable_tag_twice()); }
  void operator()(const MalformedEntry& e) const {
    v1::MalformedEntry* m = proto->mutable_malformed_entry();
    m->set_checkpoint(e.checkpoint);
    if (e.manifest) *m->mutable_manifest() = EntryToProto(*e.manifest);
    *m->mutable_entry() = EntryToProto(e.entry);
  }
  void operator()(const TagWithoutIndex& e) const {
    v1::TagWithoutIndex* m = proto->mutable_tag_without_index();
    SetHead(e, m);
    *m->mutable_tag() = EntryToProto(e.tag);
    Set(e.range, m->mutable_range());
  }
  void operator()(const WrongCount& e) const {
    v1::WrongCount* m = proto->mutable_wrong_count();
    SetHead(e, m);
    SetLookup(e, m);
  }
  void operator()(const WrongExtension& e) const {
    v1::WrongExtension* m = proto->mutable_wrong_extension();
    SetHead(e, m);
    if (e.from) *m->mutable_from() = EntryToProto(*e.from);
    *m->mutable_to() = EntryToProto(e.to);
    Set(e.range, m->mutable_range());
    m->set_batch_proof(e.batch_proof);
  }
  void operator()(const WrongAnswer& e) const {
    v1::WrongAnswer* m = proto->mutable_wrong_answer();
    SetHead(e, m);
    SetLookup(e, m);
    Set(e.range, m->mutable_range());
  }
};

}  // namespace

absl::StatusOr<Evidence> EvidenceFromProto(const v1::Evidence& proto) {
  switch (proto.kind_case()) {
    case v1::Evidence::kTwoRoots:
      return ReadAll(proto.two_roots(), "two_roots");
    case v1::Evidence::kFork:
      return ReadAll(proto.fork(), "fork");
    case v1::Evidence::kTwoLeaves:
      return ReadAll(proto.two_leaves(), "two_leaves");
    case v1::Evidence::kIndexNotGrowing:
      return ReadAll(proto.index_not_growing(), "index_not_growing");
    case v1::Evidence::kTagTwice:
      return ReadAll(proto.tag_twice(), "tag_twice");
    case v1::Evidence::kMalformedEntry:
      return ReadAll(proto.malformed_entry(), "malformed_entry");
    case v1::Evidence::kTagWithoutIndex:
      return ReadAll(proto.tag_without_index(), "tag_without_index");
    case v1::Evidence::kWrongCount:
      return ReadAll(proto.wrong_count(), "wrong_count");
    case v1::Evidence::kWrongExtension:
      return ReadAll(proto.wrong_extension(), "wrong_extension");
    case v1::Evidence::kWrongAnswer:
      return ReadAll(proto.wrong_answer(), "wrong_answer");
    case v1::Evidence::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("no kind of evidence");
}

v1::Evidence EvidenceToProto(const Evidence& evidence) {
  v1::Evidence proto;
  std::visit(Writer{&proto}, evidence);
  return proto;
}

}  // namespace setlog
