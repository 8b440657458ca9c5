// Proofs and keys of the VRF: one form for each, and one label for a record.
#include <optional>
#include <span>

#include "fuzz/law.h"
#include "log/vrf_batch.h"
#include "log/vrf_skey.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const VrfSecretKey secret =
      VrfSecretKey::FromBytes(AsBytes(std::string(31, 'k') + '\0')).value();
  static const VrfPublicKey& key = secret.PublicKey();
  const Bytes bytes(data, size);
  RoundTrip(
      AsText(bytes),
      [](std::string_view text) { return VrfProof::Parse(AsBytes(text)); },
      [](const VrfProof& proof) { return AsText(proof.bytes()); });
  RoundTrip(
      AsText(bytes),
      [](std::string_view text) { return VrfPublicKey::Parse(AsBytes(text)); },
      [](const VrfPublicKey& other) { return AsText(other.bytes()); });
  RoundTrip(
      AsText(bytes),
      [](std::string_view text) { return VrfSecretKey::FromBytes(AsBytes(text)); },
      [](const VrfSecretKey& other) { return AsText(other.Scalar()); });

  RoundTrip(AsText(bytes), ParseVrfSkey, FormatVrfSkey);

  // Whatever the proof, there is one label that it can show. Its record comes first, so
  // that a proof that was right for its record can be among the inputs.
  if (size <= Hash::kSize) return 0;
  const Hash record = HashFromBytes(bytes);
  const absl::StatusOr<VrfProof> proof = VrfProof::Parse(bytes.subspan(Hash::kSize));
  if (!proof.ok()) return 0;
  const auto answer = secret.Prove(record);
  const absl::StatusOr<VrfOutput> shown = key.Verify(record, *proof);
  Law(shown.ok() || absl::IsDataLoss(shown.status()), "a wrong proof is DataLoss");
  Law(!shown.ok() || *shown == answer.beta, "a record has one label");
  Law(shown.ok() || *proof != answer.proof, "what was proven verifies");
  const VrfClaim claims[] = {{record, *proof}, {record, answer.proof}};
  for (const VrfKernel& kernel : VrfKernels()) {
    std::optional<Hash> labels[2];
    kernel.verify(key, std::span(claims), labels);
    Law(labels[0].has_value() == shown.ok(), "every kernel judges as one by one");
    Law(labels[1] == secret.Label(record), "and each claim for itself");
    const Hash records[] = {record, record};
    std::optional<VrfSecretKey::Answer> made[2];
    kernel.prove(secret, std::span(records), made);
    Law(made[0]->proof == answer.proof && made[1]->proof == answer.proof,
        "every kernel makes the same proof");
  }
  return 0;
}
