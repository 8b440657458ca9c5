// Lies about the set: index entries and tags that are not true, keys left out of it,
// appends that are acknowledged.
#include <algorithm>

#include "attacks/log/lies.h"
#include "log/scheme.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

std::function<void(Liar&)> ShowIndexEntry(const IndexEntry& entry) {
  return [entry](Liar& t) { t.ShowAsIndex(t.log().Append(entry)); };
}

void TagAgain(Liar& t) {
  t.log().Index();
  t.log().Tag("v1");
}

// A prover has one key, and this manifest would give the log a second one.
void SecondManifest(Liar& t) {
  t.log().Append(ManifestEntry{PrivateManifest(t.log().origin(), VrfKeyOf("second"))});
  t.log().Index();
}

// Six members, honestly committed to, sorted by their keys.
std::vector<Hash> GrowToSix(Liar& t) {
  std::vector<Hash> members = {RecordHash("one")};
  for (uint64_t i = 1; i < 6; ++i) members.push_back(HashN(i));
  for (size_t i = 1; i < members.size(); ++i) t.log().Add(members[i]);
  t.log().Index();
  std::ranges::sort(members, {}, SetKey);
  return members;
}

// Answers are proven in the set of `shown`, and say that it is as large as the true
// one.
void ShowSet(Liar& t, const std::vector<Hash>& shown, uint64_t count) {
  t.shadow = std::make_unique<FakeLog>(ManifestFor(t.log().origin()));
  for (const Hash& member : shown) t.shadow->Add(member);
  t.shadow->Index();
  t.server.other_set = {t.shadow.get(), t.shadow->size() - 1};
  t.server.on_lookup = [count](v1::LookupResponse& r) {
    r.mutable_lookup()->set_count(count);
    r.clear_added();
  };
}

std::function<void(Liar&)> LeaveOut(size_t place) {
  return [place](Liar& t) {
    std::vector<Hash> members = GrowToSix(t);
    t.about = members[place];
    members.erase(members.begin() + static_cast<ptrdiff_t>(place));
    ShowSet(t, members, 6);
  };
}

void ShowOneTooMany(Liar& t) {
  std::vector<Hash> members = GrowToSix(t);
  t.about = HashN(99);
  members[3] = *t.about;
  ShowSet(t, members, 6);
}

std::function<void(Liar&)> Only(size_t count) {
  return [count](Liar& t) {
    std::vector<Hash> members = GrowToSix(t);
    t.about = members.back();
    members.resize(count);
    ShowSet(t, members, count);
  };
}

}  // namespace

std::vector<Lie> SetLies() {
  return {
      {"MBeyondItsPosition", "an index entry for entries that come after it",
       ShowIndexEntry({9, 1, HashN(1)})},
      {"NNotBelowM", "an index entry with more members than entries",
       ShowIndexEntry({7, 7, HashN(1)})},
      {"UnknownType", "an entry of no type that there is",
       [](Liar& t) { t.ShowAsIndex(t.log().AppendBytes("\x07")); }},
      {"MTwice", "two index entries for one version", ShowIndexEntry({5, 0, HashN(1)})},
      {"MFalls", "an index entry for an older version",
       ShowIndexEntry({4, 0, HashN(1)})},
      {"TagOfAnotherVersion", "version v1 is shown by the tag v2",
       [](Liar& t) {
         t.log().Index();
         t.log().Tag("v2");
         t.server.on_head = [&t](v1::Head& h) {
           *h.mutable_tag() = EntryToProto(t.log().Prove(8, t.log().size()));
         };
       }},
      {"TagMoved", "v1 is another version now", TagAgain},
      {"SecondManifest", "a second manifest, which names another VRF key",
       SecondManifest},
      {"WrongCountInTheIndexEntry", "one member more than the set has",
       [](Liar& t) {
         t.ShowAsIndex(t.log().Append(IndexEntry{7, 2, t.log().IndexAt(5).set_root}));
         t.server.other_set = {&t.log(), 5};
       }},
      {"AbsentWithTheEntryThatAddedIt",
       "a set root that is wrong, and the entry that shows it",
       [](Liar& t) { t.ShowWrongSet(); }},
      {"WrongSet", "a set root with \"never\" in the place of \"one\"",
       [](Liar& t) {
         t.ShowWrongSet();
         t.server.on_lookup = [](v1::LookupResponse& r) { r.clear_added(); };
       }},
      {"KeyLeftOut", "absent, proven in a set without the member", LeaveOut(3)},
      {"FirstKeyLeftOut", "the first of six keys is left out", LeaveOut(0)},
      {"LastKeyLeftOut", "the last of six keys is left out", LeaveOut(5)},
      {"KeyPutIn", "present, proven in a set with a stranger", ShowOneTooMany},
      {"EmptySet", "a set of six is said to be empty", Only(0)},
      {"OneMember", "a set of six is said to have one member", Only(1)},
      {"AcknowledgedButAnotherRecordStored", "another record is stored for \"two\"",
       [](Liar& t) {
         t.server.on_record = [](const Hash& sent) {
           return sent == RecordHash("two") ? HashN(1) : sent;
         };
       }},
      {"AcknowledgedAmongOthersButAnotherRecordStored",
       "the same, among entries of others",
       [](Liar& t) {
         t.server.on_record = [&t](const Hash& sent) {
           t.log().Index();
           return sent == RecordHash("two") ? HashN(1) : sent;
         };
       }},
      {"AcknowledgedAtAnotherPlace", "the positions acknowledged are those before",
       [](Liar& t) {
         t.server.on_append = [](v1::AppendResponse& r) {
           if (r.acknowledged() == 0) return;
           r.set_first(r.first() - 1);
           r.set_end(r.end() - 1);
         };
       }},
      {"AcknowledgedAndNeverMerged", "what is acknowledged comes into no head",
       [](Liar& t) { t.server.shown_size = t.log().size(); }},
  };
}

}  // namespace setlog
