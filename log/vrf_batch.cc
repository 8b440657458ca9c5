#include "log/vrf_batch.h"

#include <algorithm>
#include <utility>

#include "log/cpu_features.h"
#ifdef SETLOG_VRF_X86
#include <sodium.h>

#include "log/vrf_blocks.h"
#include "log/vrf_label_key.h"
#include "log/vrf_lane_prover.h"
#endif

namespace setlog {
namespace {

void LabelsOneByOne(const VrfSecretKey& key, std::span<const Hash> records, Hash* out) {
  for (const Hash& record : records) *out++ = key.Label(record);
}

void VerifyOneByOne(const VrfPublicKey& key, std::span<const VrfClaim> claims,
                    std::optional<Hash>* out) {
  for (const VrfClaim& claim : claims) {
    const absl::StatusOr<VrfOutput> beta = key.Verify(claim.record, claim.proof);
    *out++ = beta.ok() ? std::optional(LabelOf(*beta)) : std::nullopt;
  }
}

void ProveOneByOne(const VrfSecretKey& key, std::span<const Hash> records,
                   std::optional<VrfSecretKey::Answer>* out) {
  for (const Hash& record : records) *out++ = key.Prove(record);
}

constexpr VrfKernel kPortable = {"libsodium",    16,           8, 8, LabelsOneByOne,
                                 VerifyOneByOne, ProveOneByOne};

#ifdef SETLOG_VRF_X86

// Also of one record: seven idle lanes cost less than libsodium does.
void LabelsByLanes(const VrfSecretKey& key, std::span<const Hash> records, Hash* out) {
  if (records.empty()) return;
  const VrfLabelKey prepared(key.Scalar(), key.PublicKey().bytes());
  lanes::LabelsAvx512Ifma(prepared.get(), records[0].data(), records.size(),
                          out->data());
  // Points on the way to a multiple tell of the multiplier, too.
  sodium_stackzero(lanes::kSecretStackBytes);
}

// Of one, too.
void VerifyByLanes(const VrfPublicKey& key, std::span<const VrfClaim> claims,
                   std::optional<Hash>* out) {
  if (claims.empty()) return;
  std::vector<lanes::Claim> given;
  given.reserve(claims.size());
  for (const VrfClaim& claim : claims) {
    given.push_back({claim.record.data(), claim.proof.bytes().data()});
  }
  std::vector<lanes::Shown> shown(claims.size());
  lanes::VerifyAvx512Ifma(VrfVerifyKey(key.bytes()), given.data(), given.size(),
                          shown.data());
  for (const lanes::Shown& one : shown) {
    *out++ = one.right ? std::optional(HashFromBytes(one.label)) : std::nullopt;
  }
}

void ProveByLanes(const VrfSecretKey& key, std::span<const Hash> records,
                  std::optional<VrfSecretKey::Answer>* out) {
  // One takes eight lanes' time, twice, for it is verified.
  if (records.size() < 2) return ProveOneByOne(key, records, out);
  constexpr lanes::ProofSteps kSteps = {lanes::MapAvx512Ifma, lanes::ProveAvx512Ifma,
                                        lanes::VerifyAvx512Ifma};
  VrfLaneProver(key, kSteps).Prove(records, out);
}

constexpr VrfKernel kAvx512Ifma = {
    "avx512ifma",  lanes::kLabelsAtOnce, lanes::kClaimsAtOnce, VrfLaneProver::kAtOnce,
    LabelsByLanes, VerifyByLanes,        ProveByLanes};

#else

constexpr VrfKernel kAvx512Ifma = kPortable;

#endif

constexpr VrfKernel kKernels[] = {kAvx512Ifma, kPortable};

// body(begin, count) for all of [0, count), in turns of `width`.
template <typename Body>
void InTurns(size_t count, size_t width, const ParallelFor& parallel,
             const Body& body) {
  parallel(count / width + (count % width != 0), [&](size_t turn) {
    const size_t begin = width * turn;
    body(begin, std::min(width, count - begin));
  });
}

}  // namespace

std::span<const VrfKernel> VrfKernels() {
  static const bool avx512ifma = DetectCpu().avx512ifma;
  return std::span(kKernels).subspan(avx512ifma ? 0 : 1);
}

std::vector<Hash> Labels(const VrfSecretKey& key, std::span<const Hash> records,
                         const ParallelFor& parallel) {
  std::vector<Hash> labels(records.size());
  const VrfKernel& kernel = VrfKernels()[0];
  InTurns(records.size(), kernel.labels_at_once, parallel,
          [&](size_t begin, size_t count) {
            kernel.labels(key, records.subspan(begin, count), &labels[begin]);
          });
  return labels;
}

std::vector<VrfSecretKey::Answer> Proofs(const VrfSecretKey& key,
                                         std::span<const Hash> records,
                                         const ParallelFor& parallel) {
  std::vector<std::optional<VrfSecretKey::Answer>> made(records.size());
  const VrfKernel& kernel = VrfKernels()[0];
  InTurns(records.size(), kernel.proofs_at_once, parallel,
          [&](size_t begin, size_t count) {
            kernel.prove(key, records.subspan(begin, count), &made[begin]);
          });
  std::vector<VrfSecretKey::Answer> answers;
  answers.reserve(records.size());
  for (std::optional<VrfSecretKey::Answer>& answer : made) {
    answers.push_back(*std::move(answer));
  }
  return answers;
}

std::vector<absl::StatusOr<Hash>> VerifyLabels(const VrfPublicKey& key,
                                               std::span<const VrfClaim> claims,
                                               const ParallelFor& parallel) {
  std::vector<std::optional<Hash>> shown(claims.size());
  const VrfKernel& kernel = VrfKernels()[0];
  InTurns(claims.size(), kernel.claims_at_once, parallel,
          [&](size_t begin, size_t count) {
            kernel.verify(key, claims.subspan(begin, count), &shown[begin]);
          });
  std::vector<absl::StatusOr<Hash>> labels;
  labels.reserve(claims.size());
  for (const std::optional<Hash>& label : shown) {
    if (label) {
      labels.emplace_back(*label);
    } else {
      labels.emplace_back(
          absl::DataLossError("the VRF proof is wrong for this record and public key"));
    }
  }
  return labels;
}

}  // namespace setlog
