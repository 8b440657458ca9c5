// tests/fuzz/charges.h -- accusations of every kind against a log that may have lied,
// each with whether it is true, by the definition of its kind.
//
//   const Court court(&choices);           // two histories that one key signed
//   const Charge charge = court.SomeCharge(&choices);
//   VerifyEvidence(charge.evidence, court.trust()).ok() == charge.is_true
//
// Nothing in it is invented but by the log itself: entries, paths and notes are real.
#ifndef SETLOG_TESTS_FUZZ_CHARGES_H_
#define SETLOG_TESTS_FUZZ_CHARGES_H_

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fakes/fake_log.h"
#include "fuzz/choices.h"
#include "fuzz/replay_model.h"
#include "log/evidence.h"

namespace setlog {

struct Charge {
  Evidence evidence;
  bool is_true = false;
};

// What one client was shown.
class History {
 public:
  History() : log(ManifestFor(std::string(kReplayedOrigin))) {
    for (uint64_t i = 0; i < log.size(); ++i) Note(log.entry(i));
  }
  void Append(const std::string& entry) {
    log.AppendBytes(entry);
    Note(entry);
  }
  // Whether an honest log goes on with this entry.
  bool MayAppend(const std::string& entry) const {
    ReplayModel next = model_;
    return honest && next.Take(entry);
  }
  uint64_t size() const { return entries.size(); }
  std::span<const std::string> From(uint64_t begin, uint64_t end) const {
    return std::span(entries).subspan(begin, end - begin);
  }
  std::optional<IndexEntry> IndexAt(uint64_t position) const {
    const std::string& entry = entries[position];
    if (entry.empty() || entry[0] != 3 || !MayStandAt(entry, position)) return {};
    const Bytes body = AsBytes(entry).subspan(1);
    return IndexEntry{ReadU64(body), ReadU64(body.subspan(8)),
                      HashFromBytes(body.subspan(16))};
  }
  std::optional<TagEntry> TagAt(uint64_t position) const {
    const std::string& entry = entries[position];
    if (entry.empty() || entry[0] != 4 || !MayStandAt(entry, position)) return {};
    return TagEntry{ReadU64(AsBytes(entry).subspan(1)), entry.substr(9)};
  }

  mutable FakeLog log;  // its model of a tree remembers what it hashed
  std::vector<std::string> entries;
  bool honest = true;

 private:
  void Note(const std::string& entry) {
    entries.push_back(entry);
    honest = honest && model_.Take(entry);
  }

  ReplayModel model_;
};

class Court {
 public:
  explicit Court(Choices* choices) {
    const bool may_lie = choices->Below(2);
    const bool may_fork = choices->Below(2);
    sets_.emplace_back(std::vector<Hash>());
    const uint64_t steps = choices->Below(16);
    const uint64_t common = may_fork ? choices->Below(16) : steps;
    for (uint64_t i = 0; i < steps; ++i) {
      const std::string entry = NextEntry(choices, a_, may_lie);
      if (!may_lie && !a_.MayAppend(entry)) continue;
      a_.Append(entry);
      if (i < common) b_.Append(entry);
    }
    for (uint64_t i = common; i < steps; ++i) {
      const std::string entry = NextEntry(choices, b_, may_lie);
      if (may_lie || b_.MayAppend(entry)) b_.Append(entry);
    }
  }

  Trust trust() const { return {.log_key = a_.log.key()}; }
  bool innocent() const { return a_.honest && a_.entries == b_.entries; }

  Charge SomeCharge(Choices* choices) const {
    const History& x = choices->Below(2) ? b_ : a_;
    const History& y = choices->Below(2) ? b_ : a_;
    switch (choices->Below(10)) {
      case 0:
        return OfTwoRoots(choices, x, y);
      case 1:
        return OfFork(choices, x, y);
      case 2:
        return OfTwoLeaves(choices, x, y);
      case 3:
        return OfIndexOrder(choices, x, y);
      case 4:
        return OfTagName(choices, x, y);
      case 5:
        return OfForm(choices, x);
      case 6:
        return OfTagIndex(choices, x);
      case 7:
        return OfCount(choices, x);
      case 8:
        return OfExtension(choices, x);
      default:
        return OfAnswer(choices, x);
    }
  }

 private:
  static bool SameBefore(const History& x, const History& y, uint64_t size) {
    return std::ranges::equal(x.From(0, size), y.From(0, size));
  }
  static uint64_t SomeSize(Choices* choices, const History& of, uint64_t above = 0) {
    return above + 1 + choices->Below(of.size() - above);
  }
  // A position, mostly of an entry of that type.
  static uint64_t SomePosition(Choices* choices, const History& of, char type) {
    std::vector<uint64_t> all;
    for (uint64_t i = 0; i < of.size(); ++i) {
      if (!of.entries[i].empty() && of.entries[i][0] == type) all.push_back(i);
    }
    if (all.empty() || choices->Below(8) == 7) return choices->Below(of.size());
    return all[choices->Below(all.size())];
  }

  // The set with this root, if the log ever told of it; else any.
  const SetModel& SetOfRoot(Choices* choices, const Hash& root) const {
    for (const SetModel& set : sets_) {
      if (set.root() == root) return set;
    }
    return sets_[choices->Below(sets_.size())];
  }

  std::string NextEntry(Choices* choices, const History& after, bool may_lie) {
    const uint64_t size = after.size();
    const uint64_t kind = choices->Below(may_lie ? 12 : 9);
    if (kind < 3) return Encode(AddEntry{ValueN(choices->Below(6))});
    if (kind < 4) return Encode(RemoveEntry{ValueN(choices->Below(6))});
    if (kind < 7) {
      const uint64_t m = size - choices->Below(2);
      sets_.push_back(SetOf(after.From(0, m)));
      return Encode(IndexEntry{m, sets_.back().n(), sets_.back().root()});
    }
    const std::string name = "v" + std::to_string(choices->Below(3));
    if (kind < 9) {
      const auto index = after.IndexAt(SomePosition(choices, after, 3));
      return Encode(TagEntry{index ? index->m : size, name});
    }
    if (kind == 9) {  // a set of its own making
      std::vector<Hash> values;
      const uint8_t mask = choices->Byte();
      for (uint64_t i = 0; i < 6; ++i) {
        if (mask >> i & 1) values.push_back(ValueN(i));
      }
      sets_.emplace_back(values);
      const uint64_t n = sets_.back().n() + (mask >> 6) % 2;
      const uint64_t m = size + 1 - choices->Below(4) % (size + 1);
      return Encode(IndexEntry{m, n, sets_.back().root()});
    }
    if (kind == 10) return Encode(TagEntry{size + 1 - choices->Below(5), name});
    return choices->Text(choices->Below(52));
  }

  // --- One charge of each kind.

  static Charge OfTwoRoots(Choices* choices, const History& x, const History& y) {
    const uint64_t s = SomeSize(choices, x);
    const uint64_t t = choices->Below(4) ? std::min(s, y.size()) : SomeSize(choices, y);
    return {TwoRoots{x.log.NoteAt(s), y.log.NoteAt(t)}, s == t && !SameBefore(x, y, s)};
  }

  static Charge OfFork(Choices* choices, const History& x, const History& y) {
    const uint64_t s = SomeSize(choices, x);
    const uint64_t t = SomeSize(choices, y);
    Fork fork{x.log.NoteAt(s), y.log.NoteAt(t), {}, {}};
    if (s > t) return {fork, false};
    fork.left = y.log.Cover(0, s);
    fork.right = y.log.Cover(s, t);
    return {fork, s < t && !SameBefore(x, y, s)};
  }

  static SignedLeaf Leaf(const History& of, uint64_t position, uint64_t size) {
    const ProvenEntry proof = of.log.Prove(position, size);
    return {of.log.NoteAt(size), LeafHash(AsBytes(proof.entry)), proof.path};
  }
  static Charge OfTwoLeaves(Choices* choices, const History& x, const History& y) {
    const uint64_t i = choices->Below(std::min(x.size(), y.size()));
    return {TwoLeaves{i, Leaf(x, i, SomeSize(choices, x, i)),
                      Leaf(y, i, SomeSize(choices, y, i))},
            x.entries[i] != y.entries[i]};
  }

  // Two entries, each under a head of its own, and the manifest under one of them.
  template <typename Kind>
  static Kind Pair(Choices* choices, const History& x, uint64_t i, const History& y,
                   uint64_t j) {
    const uint64_t s = SomeSize(choices, x, i);
    const uint64_t t = SomeSize(choices, y, j);
    return {choices->Below(2) ? x.log.Prove(0, s) : y.log.Prove(0, t),
            {x.log.NoteAt(s), x.log.Prove(i, s)},
            {y.log.NoteAt(t), y.log.Prove(j, t)}};
  }
  static Charge OfIndexOrder(Choices* choices, const History& x, const History& y) {
    const uint64_t i = SomePosition(choices, x, 3), j = SomePosition(choices, y, 3);
    const auto earlier = x.IndexAt(i), later = y.IndexAt(j);
    return {Pair<IndexNotGrowing>(choices, x, i, y, j),
            i < j && earlier && later && later->m <= earlier->m};
  }
  static Charge OfTagName(Choices* choices, const History& x, const History& y) {
    const uint64_t i = SomePosition(choices, x, 4), j = SomePosition(choices, y, 4);
    const auto earlier = x.TagAt(i), later = y.TagAt(j);
    return {Pair<TagTwice>(choices, x, i, y, j),
            i < j && earlier && later && later->name == earlier->name};
  }

  static Charge OfForm(Choices* choices, const History& x) {
    const uint64_t i = choices->Below(x.size());
    const uint64_t s = SomeSize(choices, x, i);
    const bool with_manifest = (i > 0) != (choices->Below(16) == 15);
    MalformedEntry malformed{x.log.NoteAt(s), std::nullopt, x.log.Prove(i, s)};
    if (with_manifest) malformed.manifest = x.log.Prove(0, s);
    return {malformed, i > 0 && with_manifest && !MayStandAt(x.entries[i], i)};
  }

  static Charge OfTagIndex(Choices* choices, const History& x) {
    const uint64_t i = SomePosition(choices, x, 4);
    const uint64_t s = SomeSize(choices, x, i);
    const auto tag = x.TagAt(i);
    uint64_t begin = tag ? tag->m : 0, end = i;
    if (choices->Below(4) == 0) begin = choices->Below(end + 1);
    if (choices->Below(8) == 0) end = begin + choices->Below(s - begin + 1);
    bool indexed = false;
    for (uint64_t j = begin; j < end; ++j) {
      const auto index = x.IndexAt(j);
      indexed = indexed || (tag && index && index->m == tag->m);
    }
    return {TagWithoutIndex{x.log.NoteAt(s), x.log.Prove(0, s), x.log.Prove(i, s),
                            x.log.Range(begin, end, s)},
            tag && begin == tag->m && end == i && !indexed};
  }

  Charge OfCount(Choices* choices, const History& x) const {
    const uint64_t i = SomePosition(choices, x, 3);
    const uint64_t s = SomeSize(choices, x, i);
    const auto index = x.IndexAt(i);
    const SetModel& set = SetOfRoot(choices, index ? index->set_root : Hash());
    const Hash record = ValueN(choices->Below(7));
    return {WrongCount{x.log.NoteAt(s), x.log.Prove(0, s), x.log.Prove(i, s), record,
                       set.Lookup(record)},
            index && set.root() == index->set_root && set.n() != index->n};
  }

  Charge OfExtension(Choices* choices, const History& x) const {
    const uint64_t i = SomePosition(choices, x, 3), j = SomePosition(choices, x, 3);
    const uint64_t s = SomeSize(choices, x, std::max(i, j));
    const auto to = x.IndexAt(j);
    const bool from_nothing = choices->Below(4) == 0;
    const std::optional<IndexEntry> from =
        from_nothing ? IndexEntry{0, 0, SetModel({}).root()} : x.IndexAt(i);
    const bool is_range = from && to && from->m <= to->m;
    const uint64_t begin = is_range ? from->m : 0, end = is_range ? to->m : 0;
    const auto events = LastEvents(x.From(begin, end));
    std::vector<Hash> touched;
    for (const auto& [value, add] : events) touched.push_back(value);
    const SetModel& before =
        from_nothing ? sets_[0] : SetOfRoot(choices, from ? from->set_root : Hash());

    WrongExtension extension{
        x.log.NoteAt(s),   x.log.Prove(0, s),          std::nullopt,
        x.log.Prove(j, s), x.log.Range(begin, end, s), before.Batch(touched)};
    if (!from_nothing) extension.from = x.log.Prove(i, s);
    if (!is_range || before.root() != from->set_root || before.n() != from->n) {
      return {extension, false};
    }
    for (uint64_t k = begin; k < end; ++k) {
      if (!MayStandAt(x.entries[k], k)) return {extension, false};
    }
    std::vector<Hash> values = before.Values();
    for (const auto& [value, add] : events) {
      std::erase(values, value);
      if (add) values.push_back(value);
    }
    const SetModel after(values);
    return {extension, after.n() != to->n || after.root() != to->set_root};
  }

  Charge OfAnswer(Choices* choices, const History& x) const {
    const uint64_t i = SomePosition(choices, x, 3);
    const uint64_t s = SomeSize(choices, x, i);
    const auto index = x.IndexAt(i);
    const SetModel& set = SetOfRoot(choices, index ? index->set_root : Hash());
    const Hash record = ValueN(choices->Below(7));
    uint64_t end = index ? index->m : choices->Below(s + 1);
    if (choices->Below(8) == 0) end = choices->Below(s + 1);
    const uint64_t begin = choices->Below(2) ? 0 : choices->Below(end + 1);
    const WrongAnswer answer{x.log.NoteAt(s),    x.log.Prove(0, s),
                             x.log.Prove(i, s),  record,
                             set.Lookup(record), x.log.Range(begin, end, s)};
    const auto events = LastEvents(x.From(begin, end));
    const auto last = events.find(record);
    if (!index || set.root() != index->set_root || set.n() != index->n ||
        end != index->m || (last == events.end() && begin > 0)) {
      return {answer, false};
    }
    return {answer, set.Has(record) != (last != events.end() && last->second)};
  }

  History a_;
  History b_;
  std::vector<SetModel> sets_;  // that index entries tell of; the first is empty
};

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_CHARGES_H_
