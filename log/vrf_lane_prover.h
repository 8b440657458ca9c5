// log/vrf_lane_prover.h -- proofs of a secret VRF key by kernels with lanes.
//
//   VrfLaneProver prover(key, steps);
//   prover.Prove(records, answers);  // those of key.Prove, byte for byte
//
// A proof is verified, in lanes as well, before it is given out, and made by libsodium
// if that fails: its nonce is a function of key and record, and two proofs of one nonce
// with different challenges tell the secret. So a wrong step of a CPU must not leave
// this place. Whatever depends on the secret takes the same time for all keys, records
// and nonces, and is wiped. Not thread-safe; each thread makes its own.
#ifndef SETLOG_LOG_VRF_LANE_PROVER_H_
#define SETLOG_LOG_VRF_LANE_PROVER_H_

#include <array>
#include <optional>
#include <span>

#include "log/bytes.h"
#include "log/vrf.h"
#include "log/vrf_kernels.h"

namespace setlog {

class VrfLaneProver {
 public:
  static constexpr size_t kAtOnce = 32;

  VrfLaneProver(const VrfSecretKey& key, const lanes::ProofSteps& steps);
  ~VrfLaneProver();
  VrfLaneProver(const VrfLaneProver&) = delete;
  VrfLaneProver& operator=(const VrfLaneProver&) = delete;

  // Any number of records; 15 us each from eight on. Sets an answer for each.
  void Prove(std::span<const Hash> records, std::optional<VrfSecretKey::Answer>* out);

 private:
  using Scalar = std::array<uint8_t, 32>;

  // At most kAtOnce.
  void ProveTurn(std::span<const Hash> records,
                 std::optional<VrfSecretKey::Answer>* out);

  const VrfSecretKey& key_;
  const lanes::ProofSteps steps_;
  const lanes::VerifyKey verify_key_;
  lanes::ProveKey prove_key_;
  std::array<Scalar, kAtOnce> nonces_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_VRF_LANE_PROVER_H_
