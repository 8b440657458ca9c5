// tests/evidence_samples.h -- one real piece of evidence of every kind, and the same
// shapes made of an honest log.
//
//   LyingLog log;
//   for (const Evidence& evidence : log.RealEvidence()) ...    // each convicts it
//   HonestLog honest;
//   for (const Evidence& evidence : honest.AllShapes()) ...    // none convicts it
#ifndef SETLOG_TESTS_EVIDENCE_SAMPLES_H_
#define SETLOG_TESTS_EVIDENCE_SAMPLES_H_

#include <string>
#include <vector>

#include "fakes/fake_log.h"
#include "log/evidence.h"
#include "log/extension.h"

namespace setlog {

// A log with five index entries, two tags, records added, removed and added again.
class HonestLog {
 public:
  HonestLog() : log(ManifestFor("example.org/a")) {
    log.Add(HashN(1));
    log.Add(HashN(2));
    log.Index();
    log.Tag("v1");
    log.Remove(HashN(2));
    log.Add(HashN(3));
    log.Add(HashN(3));
    log.Index();
    log.Add(HashN(2));
    log.Remove(HashN(4));
    log.Remove(HashN(3));
    log.Index();
    log.Tag("v2");
    log.Index();
    log.Add(HashN(5));
  }

  Trust trust() const { return {.log_key = log.key()}; }
  uint64_t size() const { return log.size(); }
  std::string Note() { return log.NoteAt(size()); }
  ProvenEntry Manifest() { return log.Prove(0, size()); }
  SignedEntry SignedAt(uint64_t position) {
    return {Note(), log.Prove(position, size())};
  }
  SignedLeaf LeafOf(uint64_t position, uint64_t size) {
    const ProvenEntry proof = log.Prove(position, size);
    return {log.NoteAt(size), LeafHash(AsBytes(proof.entry)), proof.path};
  }
  // From index entry `from` (a place in log.indexes(), or -1) to another.
  WrongExtension Extension(int from, int to) {
    const auto position = [&](int i) { return log.indexes()[static_cast<size_t>(i)]; };
    const uint64_t m = from < 0 ? 0 : log.IndexAt(position(from)).m;
    const uint64_t end = log.IndexAt(position(to)).m;
    WrongExtension e{Note(),
                     Manifest(),
                     std::nullopt,
                     log.Prove(position(to), size()),
                     log.Range(m, end, size()),
                     from < 0 ? "" : log.Batch(Touched(m, end), m)};
    if (from >= 0) e.from = log.Prove(position(from), size());
    return e;
  }
  std::vector<Hash> Touched(uint64_t begin, uint64_t end) const {
    std::vector<Hash> values;
    for (uint64_t i = begin; i < end; ++i) {
      const Entry entry = DecodeEntry(AsBytes(log.entry(i))).value();
      if (const auto* add = std::get_if<AddEntry>(&entry)) values.push_back(add->value);
      if (const auto* remove = std::get_if<RemoveEntry>(&entry)) {
        values.push_back(remove->value);
      }
    }
    return values;
  }
  WrongAnswer Answer(const Hash& record, uint64_t index, uint64_t begin) {
    const uint64_t m = log.IndexAt(index).m;
    return {Note(),
            Manifest(),
            log.Prove(index, size()),
            record,
            log.Lookup(record, m),
            log.Range(begin, m, size())};
  }

  // Everything that anybody could put into the shape of evidence without inventing a
  // hash: every pair of heads, of index entries, of tags, every entry, every range.
  std::vector<Evidence> AllShapes() {
    std::vector<Evidence> all;
    for (uint64_t a = 1; a <= size(); ++a) {
      all.push_back(TwoRoots{log.NoteAt(a), log.NoteAt(a)});
      for (uint64_t b = 1; b <= size(); ++b) {
        all.push_back(TwoRoots{log.NoteAt(a), log.NoteAt(b)});
        all.push_back(
            Fork{log.NoteAt(a), log.NoteAt(b), log.Cover(0, a), log.Cover(a, b)});
        for (uint64_t i = 0; i < std::min(a, b); ++i) {
          all.push_back(TwoLeaves{i, LeafOf(i, a), LeafOf(i, b)});
        }
      }
    }
    for (uint64_t i = 0; i < size(); ++i) {
      all.push_back(MalformedEntry{Note(), Manifest(), log.Prove(i, size())});
      all.push_back(MalformedEntry{Note(), std::nullopt, log.Prove(i, size())});
      for (uint64_t j = 0; j < size(); ++j) {
        all.push_back(IndexNotGrowing{Manifest(), SignedAt(i), SignedAt(j)});
        all.push_back(TagTwice{Manifest(), SignedAt(i), SignedAt(j)});
      }
    }
    for (uint64_t tag : log.tags()) {
      for (uint64_t begin = 0; begin <= tag; ++begin) {
        for (uint64_t end = begin; end <= tag + 1; ++end) {
          all.push_back(TagWithoutIndex{Note(), Manifest(), log.Prove(tag, size()),
                                        log.Range(begin, end, size())});
        }
      }
    }
    const int indexes = static_cast<int>(log.indexes().size());
    for (int from = -1; from < indexes; ++from) {
      for (int to = std::max(from, 0); to < indexes; ++to) {
        all.push_back(Extension(from, to));
      }
    }
    for (uint64_t index : log.indexes()) {
      const uint64_t m = log.IndexAt(index).m;
      for (uint64_t n = 0; n < 7; ++n) {
        const Hash record = HashN(n);
        all.push_back(WrongCount{Note(), Manifest(), log.Prove(index, size()), record,
                                 log.Lookup(record, m)});
        for (uint64_t begin = 0; begin <= m; ++begin) {
          all.push_back(Answer(record, index, begin));
        }
      }
    }
    return all;
  }
  // One of each kind, of honest material.
  std::vector<Evidence> OneOfEach() {
    const uint64_t index = log.indexes()[2];
    return {TwoRoots{log.NoteAt(5), log.NoteAt(5)},
            Fork{log.NoteAt(5), log.NoteAt(9), log.Cover(0, 5), log.Cover(5, 9)},
            TwoLeaves{4, LeafOf(4, 5), LeafOf(4, 9)},
            IndexNotGrowing{Manifest(), SignedAt(log.indexes()[1]), SignedAt(index)},
            TagTwice{Manifest(), SignedAt(log.tags()[0]), SignedAt(log.tags()[1])},
            MalformedEntry{Note(), Manifest(), log.Prove(2, size())},
            TagWithoutIndex{Note(), Manifest(), log.Prove(log.tags()[0], size()),
                            log.Range(4, log.tags()[0], size())},
            WrongCount{Note(), Manifest(), log.Prove(index, size()), HashN(1),
                       log.Lookup(HashN(1), log.IndexAt(index).m)},
            Extension(1, 2),
            Answer(HashN(2), index, 2)};
  }

  FakeLog log;
};

// The same key; its entries are lies of every kind.
class LyingLog {
 public:
  LyingLog() : log(ManifestFor("example.org/a")), shadow(ManifestFor("example.org/a")) {
    // The set that it shows has 9 in the place of 2.
    log.Add(HashN(1));
    log.Add(HashN(2));
    shadow.Add(HashN(1));
    shadow.Add(HashN(9));
    shadow_index = shadow.Index();
    wrong_root = log.Append(shadow.IndexAt(shadow_index));
    wrong_count = log.Append(IndexEntry{5, 3, shadow.IndexAt(shadow_index).set_root});
    not_growing = log.Append(IndexEntry{4, 0, HashN(0)});
    tag = log.Append(TagEntry{5, "v1"});
    tag_again = log.Append(TagEntry{5, "v1"});
    tag_of_nothing = log.Append(TagEntry{6, "v2"});
    malformed = log.AppendBytes("\x05");
  }

  Trust trust() const { return {.log_key = log.key()}; }
  uint64_t size() const { return log.size(); }
  std::string Note() { return log.NoteAt(size()); }
  ProvenEntry Prove(uint64_t position) { return log.Prove(position, size()); }
  SignedEntry SignedAt(uint64_t position) { return {Note(), Prove(position)}; }
  SignedLeaf LeafOf(FakeLog& of, uint64_t position) {
    const ProvenEntry proof = of.Prove(position, of.size());
    return {of.NoteAt(of.size()), LeafHash(AsBytes(proof.entry)), proof.path};
  }

  std::vector<Evidence> RealEvidence() {
    return {
        TwoRoots{log.NoteAt(5), log.NoteFor(5, HashN(0))},
        Fork{shadow.NoteAt(4), Note(), log.Cover(0, 4), log.Cover(4, size())},
        TwoLeaves{3, LeafOf(shadow, 3), LeafOf(log, 3)},
        IndexNotGrowing{Prove(0), SignedAt(wrong_count), SignedAt(not_growing)},
        TagTwice{Prove(0), SignedAt(tag), SignedAt(tag_again)},
        MalformedEntry{Note(), Prove(0), Prove(malformed)},
        TagWithoutIndex{Note(), Prove(0), Prove(tag_of_nothing),
                        log.Range(6, tag_of_nothing, size())},
        WrongCount{Note(), Prove(0), Prove(wrong_count), HashN(1),
                   shadow.Lookup(HashN(1), 4)},
        WrongExtension{Note(), Prove(0), std::nullopt, Prove(wrong_root),
                       log.Range(0, 4, size()), ""},
        WrongAnswer{Note(), Prove(0), Prove(wrong_root), HashN(2),
                    shadow.Lookup(HashN(2), 4), log.Range(3, 4, size())},
    };
  }

  FakeLog log;
  FakeLog shadow;
  uint64_t shadow_index, wrong_root, wrong_count, not_growing, tag, tag_again,
      tag_of_nothing, malformed;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_EVIDENCE_SAMPLES_H_
