// Lies in one answer: a lookup's proof, a prover's label, and no answer at all.
#include "attacks/log/lies.h"
#include "log/scheme.h"

namespace setlog {
namespace {

template <typename T>
std::function<void(Liar&)> OnLookup(T lie) {
  return [lie](Liar& t) { t.server.on_lookup = lie; };
}
template <typename T>
std::function<void(Liar&)> OnBatch(T lie) {
  return [lie](Liar& t) {
    t.server.on_batch = [&t, lie](v1::BatchLookupResponse& r) { lie(t, r); };
  };
}
std::function<void(Liar&)> Fail(grpc::StatusCode code, const std::string& words) {
  return [code, words](Liar& t) { t.server.failures.assign(1000, {code, words}); };
}
// The prover answers every question with the proof under `key` of `record`.
void ProveInstead(Liar& t, const VrfSecretKey& key, std::string_view record) {
  const std::string proof(AsText(key.Prove(RecordHash(record)).proof.bytes()));
  t.prover->on_prove = [proof](v1::ProveResponse& r) { r.set_proofs(proof); };
}

std::vector<Lie> OfLookups() {
  return {
      {"TerminalValue", "a bit of the member that a proof ends at is another",
       OnLookup([](v1::LookupResponse& r) {
         Flip(r.mutable_lookup()->mutable_terminal());
       })},
      {"BranchBits", "a proof goes another way down the set tree",
       OnLookup([](v1::LookupResponse& r) {
         r.mutable_lookup()->set_branch_bits(std::string(1, 3));
       })},
      {"Count", "a proof says another number of members",
       OnLookup([](v1::LookupResponse& r) { r.mutable_lookup()->set_count(2); })},
      {"NoProofAtAll", "an answer without a proof",
       [](Liar& t) {
         t.server.on_lookup = [](v1::LookupResponse& r) { r.clear_lookup(); };
         t.server.on_batch = [](v1::BatchLookupResponse& r) { r.clear_proof(); };
       }},
      {"AnotherVersion", "the answer of another version",
       OnLookup([](v1::LookupResponse& r) { r.set_index_size(1); })},
      {"AddOfAnotherRecord", "the entry that added another record",
       [](Liar& t) {
         t.server.on_lookup = [&t](v1::LookupResponse& r) {
           *r.mutable_added() = EntryToProto(t.log().Prove(3, 7));
         };
       }},
      {"PresentWithoutItsEntry", "present, without the entry that added it",
       OnLookup([](v1::LookupResponse& r) { r.clear_added(); })},
      {"BatchOfAnotherSplit", "a batch proof for other questions",
       OnBatch([](Liar& t, v1::BatchLookupResponse& r) {
         const Hash other[] = {RecordHash("two")};
         r.set_proof(t.log().Batch(other, 1));
       })},
      {"BatchWithAByteMore", "a batch proof with a byte more",
       OnBatch(
           [](Liar&, v1::BatchLookupResponse& r) { r.mutable_proof()->push_back(0); })},
      {"WithheldEverything", "no answer to anybody",
       Fail(grpc::StatusCode::UNAVAILABLE, "no")},
      {"WordsLikeAVerdict", "an error whose words look like a verdict",
       Fail(grpc::StatusCode::INTERNAL, LooksLikeAVerdict())},
  };
}

}  // namespace

std::vector<Lie> AnswerLies() {
  std::vector<Lie> lies = OfLookups();
  lies.push_back({"SecondVrfKey", "labels under another VRF key",
                  [](Liar& t) { ProveInstead(t, VrfKeyOf("second"), "one"); }, true});
  lies.push_back({"SecondLabel", "the label of another record",
                  [](Liar& t) { ProveInstead(t, t.prover->key(), "never"); }, true});
  return lies;
}

}  // namespace setlog
