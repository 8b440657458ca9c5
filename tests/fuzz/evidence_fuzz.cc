// Evidence: an accusation convicts a log if and only if it is true, whether the log is
// honest, lies or forks; and whatever somebody makes of the material of an honest log,
// it convicts nobody.
#include "fuzz/charges.h"
#include "fuzz/law.h"

namespace setlog {
namespace {

void CheckTruth(Choices choices) {
  const Court court(&choices);
  for (int i = 0; i < 4; ++i) {
    const Charge charge = court.SomeCharge(&choices);
    const auto proven = VerifyEvidence(charge.evidence, court.trust());
    Law(proven.ok() == charge.is_true, "what is true convicts, and nothing else");
    Law(!proven.ok() || !court.innocent(), "an honest log is never convicted");
    if (proven.ok()) {
      Law(proven->kind == NameOf(charge.evidence) && !proven->what.empty() &&
              proven->origin == kReplayedOrigin &&
              proven->log_key == *court.trust().log_key,
          "of what, and who");
    }
    if (choices.ended()) return;
  }
}

// Every part of a piece of evidence.
struct Parts {
  std::vector<std::string*> texts;
  std::vector<std::vector<Hash>*> paths;
  std::vector<Hash*> hashes;
  std::vector<uint64_t*> numbers;

  void Take(std::string& text) { texts.push_back(&text); }
  void Take(std::vector<Hash>& path) { paths.push_back(&path); }
  void Take(Hash& hash) { hashes.push_back(&hash); }
  void Take(uint64_t& number) { numbers.push_back(&number); }
  void Take(ProvenEntry& e) { All(e.position, e.entry, e.path); }
  void Take(SignedEntry& e) { All(e.checkpoint, e.entry); }
  void Take(SignedLeaf& e) { All(e.checkpoint, e.leaf_hash, e.path); }
  void Take(LookupProof& e) { All(e.count, e.siblings); }
  void Take(EntryRange& e) {
    All(e.begin, e.left, e.right);
    for (std::string& entry : e.entries) Take(entry);
  }
  void Take(std::optional<ProvenEntry>& e) {
    if (e) Take(*e);
  }
  template <typename... Fields>
  void All(Fields&... fields) {
    (Take(fields), ...);
  }

  void operator()(TwoRoots& e) { All(e.first, e.second); }
  void operator()(Fork& e) { All(e.smaller, e.larger, e.left, e.right); }
  void operator()(TwoLeaves& e) { All(e.position, e.first, e.second); }
  void operator()(IndexNotGrowing& e) { All(e.manifest, e.earlier, e.later); }
  void operator()(TagTwice& e) { All(e.manifest, e.earlier, e.later); }
  void operator()(MalformedEntry& e) { All(e.checkpoint, e.manifest, e.entry); }
  void operator()(TagWithoutIndex& e) { All(e.checkpoint, e.manifest, e.tag, e.range); }
  void operator()(WrongCount& e) {
    All(e.checkpoint, e.manifest, e.index, e.record, e.lookup);
  }
  void operator()(WrongExtension& e) {
    All(e.checkpoint, e.manifest, e.from, e.to, e.range, e.batch_proof);
  }
  void operator()(WrongAnswer& e) {
    All(e.checkpoint, e.manifest, e.index, e.record, e.lookup, e.range);
  }
};

// A part becomes that of another charge, or is damaged.
void Change(Choices* choices, Evidence* evidence, Evidence other) {
  Parts own, others;
  std::visit([&](auto& e) { own(e); }, *evidence);
  std::visit([&](auto& e) { others(e); }, other);
  const auto change = [&](auto& mine, auto& theirs, const auto& damage) {
    if (mine.empty()) return;
    auto& part = *mine[choices->Below(mine.size())];
    if (!theirs.empty() && choices->Below(2)) {
      part = *theirs[choices->Below(theirs.size())];
    } else {
      part = damage(part);
    }
  };
  switch (choices->Below(5)) {
    case 0:
      return change(own.paths, others.paths, [&](const std::vector<Hash>& path) {
        return choices->Damaged(path, ValueN(choices->Below(9)));
      });
    case 1:
      return change(own.hashes, others.hashes,
                    [&](const Hash& hash) { return choices->Damaged(hash); });
    case 2:
      return change(own.numbers, others.numbers, [&](uint64_t number) {
        return choices->Below(2) ? number + choices->Below(3) - 1 : choices->Number();
      });
    default:
      return change(own.texts, others.texts,
                    [&](const std::string& text) { return choices->Damaged(text); });
  }
}

void CheckHonestMaterial(Choices choices) {
  const Court court(&choices);
  if (!court.innocent()) return;
  Evidence evidence = court.SomeCharge(&choices).evidence;
  for (int i = 0; i < 8 && !choices.ended(); ++i) {
    Change(&choices, &evidence, court.SomeCharge(&choices).evidence);
    Law(!VerifyEvidence(evidence, court.trust()).ok(),
        "nothing made of honest material convicts");
  }
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return setlog::RunEither(data, size, setlog::CheckTruth, setlog::CheckHonestMaterial);
}
