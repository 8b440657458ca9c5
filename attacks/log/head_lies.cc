// Lies about the history: heads, and the tree under them.
#include "attacks/log/lies.h"
#include "golden_notes.h"
#include "log/cosignature.h"
#include "log/scheme.h"

namespace setlog {
namespace {

template <typename T>
std::function<void(Liar&)> OnHead(T lie) {
  return [lie](Liar& t) { t.server.on_head = lie; };
}
template <typename T>
std::function<void(Liar&)> OnInclusion(T lie) {
  return [lie](Liar& t) { t.server.on_inclusion = lie; };
}

// Like `proof`, of another entry or tree.
void ShowProof(v1::InclusionProof& shown, const ProvenEntry& proof) {
  shown.set_leaf_hash(std::string(AsText(LeafHash(AsBytes(proof.entry)))));
  shown.set_path(ConcatHashes(proof.path));
}

void InclusionUnderAnotherRoot(Liar& t) {
  t.server.on_inclusion = [origin = t.log().origin()](v1::InclusionProof& p) {
    FakeLog other(ManifestFor(origin));
    while (other.size() < 7) other.Add(HashN(other.size()));
    ShowProof(p, other.Prove(2, 7));
    p.set_root(std::string(AsText(other.RootAt(7))));
  };
}

void CosignatureOfAnotherHead(v1::Head& h) {
  Note note = ParseNote(h.checkpoint()).value();
  note = WithSignature(
      note, SignCosignature("example.org/a\n1\n" + std::string(43, 'A') + "=\n",
                            WitnessKey(), 1)
                .value());
  h.set_checkpoint(FormatNote(note));
}

std::vector<Lie> OfTheTree() {
  return {
      {"IndexPosition", "the index entry is said to stand elsewhere",
       OnHead([](v1::Head& h) { h.mutable_index()->set_position(4); })},
      {"IndexPath", "a bit of the path to the index entry is another",
       OnHead([](v1::Head& h) { Flip(h.mutable_index()->mutable_path()); })},
      {"IndexPathCutShort", "the path to the index entry is too short",
       OnHead([](v1::Head& h) { h.mutable_index()->mutable_path()->resize(32); })},
      {"IndexEntry", "a bit of the set root is another",
       OnHead([](v1::Head& h) { Flip(h.mutable_index()->mutable_entry()); })},
      {"Manifest", "a bit of the manifest is another",
       OnHead([](v1::Head& h) { Flip(h.mutable_manifest()->mutable_entry()); })},
      {"InclusionOfAnotherLeaf", "an inclusion proof's leaf is another",
       OnInclusion([](v1::InclusionProof& p) { Flip(p.mutable_leaf_hash()); })},
      {"InclusionUnderAnotherRoot", "inclusion is proven in another tree",
       InclusionUnderAnotherRoot},
      // Position 2 is asked for, of seven entries.
      {"InnerNodeAsLeaf", "a node above two entries is shown as an entry",
       [](Liar& t) {
         t.server.on_inclusion = [&t](v1::InclusionProof& p) {
           p.set_leaf_hash(std::string(AsText(t.log().tree().Mth(2, 2))));
           p.mutable_path()->erase(0, Hash::kSize);
         };
       }},
      // Trees that double the last leaf of an odd number would have this path.
      {"LastLeafDoubled", "the last entry is shown as its own neighbour",
       OnInclusion(
           [](v1::InclusionProof& p) { p.mutable_path()->insert(0, p.leaf_hash()); })},
      {"ValidPathOfAnotherIndex", "the proof is right, of the next entry",
       [](Liar& t) {
         t.server.on_inclusion = [&t](v1::InclusionProof& p) {
           ShowProof(p, t.log().Prove(3, 7));
         };
       }},
      {"ValidPathOfAnotherSize", "the proof is right, of a smaller tree",
       [](Liar& t) {
         t.server.on_inclusion = [&t](v1::InclusionProof& p) {
           ShowProof(p, t.log().Prove(2, 4));
           p.set_root(std::string(AsText(t.log().RootAt(4))));
         };
       }},
      {"EntriesChanged", "a bit of the last entry is another",
       [](Liar& t) {
         t.server.on_chunk = [](v1::EntriesChunk& c) { Flip(c.mutable_bundle()); };
       }},
      {"EntriesCutShort", "the last entry is cut",
       [](Liar& t) {
         t.server.on_chunk = [](v1::EntriesChunk& c) {
           c.mutable_bundle()->resize(c.bundle().size() - 5);
         };
       }},
  };
}

std::vector<Lie> OfTheHead() {
  return {
      {"AnotherKey", "the head is signed by another key", OnHead([](v1::Head& h) {
         FakeLog other(ManifestFor("example.org/a"), "another");
         h.set_checkpoint(other.NoteAt(2));
       })},
      {"AnotherOrigin", "the head is that of another log", OnHead([](v1::Head& h) {
         FakeLog other(ManifestFor("example.org/b"));
         h.set_checkpoint(other.NoteAt(2));
         *h.mutable_manifest() = EntryToProto(other.Prove(0, 2));
         *h.mutable_index() = EntryToProto(other.Prove(1, 2));
       })},
      {"Rollback", "the head before the last one",
       [](Liar& t) { t.server.shown_size = 6; }},
      {"StaleIndex", "the newest version is said to be the first one",
       [](Liar& t) { t.ShowAsIndex(1); }},
      {"CosignatureOfAnotherHead", "a witness has signed another head",
       OnHead(CosignatureOfAnotherHead)},
      {"TwoRoots", "another history of the same size", [](Liar& t) { t.Rewrite(7); }},
      {"Fork", "another history, which is longer", [](Liar& t) { t.Rewrite(12); }},
      {"ForkWithoutProofs", "another history, and no paths in it",
       [](Liar& t) {
         t.Rewrite(12);
         t.server.on_inclusion = [](v1::InclusionProof& p) { p.clear_path(); };
       }},
      {"ForkWithoutProofsThatShowsAnotherEntry",
       "another history, no paths, but one entry",
       [](Liar& t) {
         t.Rewrite(12);
         t.server.on_inclusion = [](v1::InclusionProof& p) { p.clear_path(); };
         t.ShowAsIndex(5);
       }},
  };
}

}  // namespace

std::vector<Lie> HeadLies() {
  std::vector<Lie> lies = OfTheTree();
  for (Lie& lie : OfTheHead()) lies.push_back(std::move(lie));
  return lies;
}

}  // namespace setlog
