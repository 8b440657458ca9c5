// Lookup proofs beside the slow model: in an honest tree one proof is valid for each
// record; in a tree of any shape one root has one answer.
#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "fuzz/set_model.h"

namespace setlog {
namespace {

void CheckHonestTree(Choices choices) {
  std::vector<Hash> values;
  for (uint64_t i = 0, n = choices.Below(20); i < n; ++i) {
    values.push_back(ValueN(choices.Below(40)));
  }
  const SetModel set(values);
  const Hash root = set.root();
  const Hash record = ValueN(choices.Below(40));
  const LookupProof honest = set.Lookup(record);
  const absl::StatusOr<bool> answer = VerifyLookup(root, record, honest);
  Law(answer.ok() && *answer == set.Has(record), "an honest proof tells the truth");

  LookupProof proof = honest;
  const Hash other = choices.Below(2) ? ValueN(choices.Below(40))
                                      : SetModel::Key(ValueN(choices.Below(40)));
  for (uint64_t i = 0, damages = 1 + choices.Below(3); i < damages; ++i) {
    switch (choices.Below(5)) {
      case 0:
        proof.count = choices.Number();
        break;
      case 1:
        proof.terminal = other;
        break;
      case 2:
        proof.terminal.reset();
        break;
      case 3:
        proof.branch_bits = choices.Damaged(proof.branch_bits, choices.Byte());
        break;
      default:
        proof.siblings = choices.Damaged(proof.siblings, other);
    }
  }
  Law(VerifyLookup(root, record, proof).ok() == (proof == honest),
      "one proof is valid for a root and a record");
  const Hash wrong = choices.Damaged(root);
  Law(wrong == root || !VerifyLookup(wrong, record, honest).ok(), "for one root");
}

// A proof made from nothing, whose root is whatever it leads to, judged by the rules of
// the specification one after the other.
void CheckAnyTree(Choices choices) {
  const Hash record = ValueN(choices.Below(40));
  const Hash key = SetModel::Key(record);
  LookupProof proof;
  proof.count = choices.Below(2) ? choices.Below(6) : choices.Number();
  if (choices.Below(8)) proof.terminal = ValueN(choices.Below(40));
  const uint64_t levels = choices.Below(5);
  for (uint64_t i = 0, bit = 0; i < levels; ++i) {
    bit += choices.Below(4) ? 1 + choices.Below(9) : choices.Byte();
    proof.branch_bits.push_back(static_cast<uint8_t>(bit));
    proof.siblings.push_back(ValueN(choices.Below(40)));
  }
  if (choices.Below(8) == 1) proof.siblings.push_back(key);

  bool valid = proof.siblings.size() == levels;
  valid = valid && (proof.count == 0) == !proof.terminal;
  valid = valid && (proof.count > 0 || levels == 0);
  valid = valid && (proof.count == 0 || levels < proof.count);
  valid = valid && (levels == 0) == (proof.count <= 1);
  const Hash terminal_key = SetModel::Key(proof.terminal.value_or(Hash()));
  for (size_t i = 0; i < levels; ++i) {
    const uint8_t bit = proof.branch_bits[i];
    valid = valid && (i == 0 || bit > proof.branch_bits[i - 1]);
    valid = valid && SetModel::Bit(terminal_key, bit) == SetModel::Bit(key, bit);
  }
  Hash hash = terminal_key;
  for (size_t i = levels; i-- > 0;) {
    const uint8_t bit = proof.branch_bits[i];
    hash = SetModel::Bit(key, bit) ? SetModel::Node(bit, proof.siblings[i], hash)
                                   : SetModel::Node(bit, hash, proof.siblings[i]);
  }
  const Hash root =
      proof.count == 0 ? SetModel({}).root() : SetModel::RootOf(proof.count, hash);
  const absl::StatusOr<bool> answer = VerifyLookup(root, record, proof);
  Law(answer.ok() == valid, "the rules and nothing else decide");
  Law(!answer.ok() || *answer == (proof.terminal == record), "present is the record");
  Law(answer.ok() || absl::IsDataLoss(answer.status()), "invalid is DataLoss");
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return setlog::RunEither(data, size, setlog::CheckHonestTree, setlog::CheckAnyTree);
}
