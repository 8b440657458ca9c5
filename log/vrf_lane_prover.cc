#include "log/vrf_lane_prover.h"

#include <sodium.h>

#include <algorithm>

#include "log/vrf_blocks.h"
#include "log/vrf_suite.h"

namespace setlog {
namespace {

using Scalar = std::array<uint8_t, crypto_core_ristretto255_SCALARBYTES>;

Scalar Nonce(Bytes secret, const Hash& h) {
  vrf::Wide wide = vrf::NonceInput(secret, h);
  Scalar nonce;
  crypto_core_ristretto255_scalar_reduce(nonce.data(), wide.data());
  sodium_memzero(wide.data(), wide.size());
  return nonce;
}

// s = k + c x
Scalar Response(Bytes secret, const Scalar& nonce, Bytes challenge) {
  Scalar c{}, product, s;
  std::ranges::copy(challenge, c.begin());
  crypto_core_ristretto255_scalar_mul(product.data(), c.data(), secret.data());
  crypto_core_ristretto255_scalar_add(s.data(), nonce.data(), product.data());
  sodium_memzero(product.data(), product.size());
  return s;
}

}  // namespace

VrfLaneProver::VrfLaneProver(const VrfSecretKey& key, const lanes::ProofSteps& steps)
    : key_(key),
      steps_(steps),
      verify_key_(VrfVerifyKey(key.PublicKey().bytes())),
      prove_key_(VrfProveKey(key.Scalar(), key.PublicKey().bytes())) {}

VrfLaneProver::~VrfLaneProver() {
  sodium_memzero(&prove_key_, sizeof prove_key_);
  sodium_memzero(&nonces_, sizeof nonces_);
  // Of the kernel, and of what copied the secret here.
  sodium_stackzero(lanes::kSecretStackBytes);
}

void VrfLaneProver::Prove(std::span<const Hash> records,
                          std::optional<VrfSecretKey::Answer>* out) {
  for (size_t begin = 0; begin < records.size(); begin += kAtOnce) {
    const size_t count = std::min(kAtOnce, records.size() - begin);
    ProveTurn(records.subspan(begin, count), out + begin);
  }
}

void VrfLaneProver::ProveTurn(std::span<const Hash> records,
                              std::optional<VrfSecretKey::Answer>* out) {
  const size_t count = records.size();
  std::array<Hash, kAtOnce> h;
  std::array<lanes::Proven, kAtOnce> proven;
  std::array<lanes::Claim, kAtOnce> claims;
  std::array<lanes::Shown, kAtOnce> shown;
  steps_.map(prove_key_, records[0].data(), count, h[0].data());
  for (size_t i = 0; i < count; ++i) nonces_[i] = Nonce(key_.Scalar(), h[i]);
  steps_.prove(prove_key_, h[0].data(), nonces_[0].data(), count, proven.data());
  for (size_t i = 0; i < count; ++i) {
    VrfSecretKey::Answer& answer = *(out[i] = VrfSecretKey::Answer{VrfProof(), {}});
    uint8_t* const bytes = answer.proof.bytes_.data();
    std::ranges::copy(proven[i].gamma, bytes);
    std::ranges::copy(proven[i].challenge, bytes + 32);
    std::ranges::copy(Response(key_.Scalar(), nonces_[i], proven[i].challenge),
                      bytes + 48);
    answer.beta = vrf::OutputOf(answer.proof.Gamma());
    claims[i] = {records[i].data(), bytes};
  }
  steps_.verify(verify_key_, claims.data(), count, shown.data());
  for (size_t i = 0; i < count; ++i) {
    if (!shown[i].right) out[i] = key_.Prove(records[i]);
  }
}

}  // namespace setlog
