// Whole answers of a real log, with fields changed for each other's and for those of
// other answers: they verify as the truth, or not at all.
#include "fuzz/choices.h"
#include "fuzz/proof_log.h"

namespace setlog {
namespace {

// What there is to swap: an entry of the log, proven under some head, or damaged.
ProvenEntry SomeEntry(Choices* choices, FakeLog& log) {
  const uint64_t size = log.size() - choices->Below(4);
  ProvenEntry entry = log.Prove(choices->Below(size), size);
  switch (choices->Below(5)) {
    case 0:
      entry.position = choices->Below(2) ? choices->Below(20) : choices->Number();
      break;
    case 1:
      entry.entry = choices->Damaged(entry.entry);
      break;
    case 2:
      entry.path = choices->Damaged(entry.path, HashN(choices->Below(9)));
      break;
    default:
      break;
  }
  return entry;
}

ProofFile SomeFile(Choices* choices, ProofLog& log) {
  FakeLog& fake = log.fake();
  const uint64_t index = fake.indexes()[choices->Below(fake.indexes().size())];
  const uint64_t size = std::max<uint64_t>(index + 1, fake.size() - choices->Below(3));
  return log.FileFor(HashN(choices->Below(10)), index, choices->Below(2) == 1, size);
}

void Change(Choices* choices, ProofLog& log, ProofFile* file) {
  FakeLog& fake = log.fake();
  const ProofFile other = SomeFile(choices, log);
  VersionProof& version = file->version;
  AnswerProof& answer = file->answer;
  switch (choices->Below(14)) {
    case 0:
      version.checkpoint = other.version.checkpoint;
      break;
    case 1:
      version.checkpoint = choices->Damaged(version.checkpoint);
      break;
    case 2:
      version.manifest = SomeEntry(choices, fake);
      break;
    case 3:
      version.index = SomeEntry(choices, fake);
      break;
    case 4:
      version.tag = SomeEntry(choices, fake);
      break;
    case 5:
      version.tag.reset();
      break;
    case 6:
      answer.record = HashN(choices->Below(10));
      break;
    case 7:
      answer.lookup = other.answer.lookup;
      break;
    case 8:
      answer.lookup.count = choices->Number();
      break;
    case 9:
      answer.added = SomeEntry(choices, fake);
      break;
    case 10:
      answer.removed = SomeEntry(choices, fake);
      break;
    case 11:
      answer.added = other.answer.added;
      break;
    case 12:
      answer.removed = other.answer.removed;
      break;
    default:
      version = other.version;
  }
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static ProofLog& log = ProofLog::Shared();
  Choices choices(data, size);
  ProofFile file = SomeFile(&choices, log);
  const absl::StatusOr<Version> version = VerifyVersion(file.version, log.trust(), {});
  Law(version.ok() && VerifyAnswer(*version, file.answer).ok(), "the truth verifies");
  for (int i = 0; i < 6 && !choices.ended(); ++i) {
    Change(&choices, log, &file);
    CheckVerdict(log, file);
  }
  return 0;
}
