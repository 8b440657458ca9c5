// log/vrf_batch.h -- labels and proofs of many records at a time.
//
//   std::vector<Hash> labels = Labels(key, records);                  // to add them
//   std::vector<VrfClaim> claims = {{record, proof}, ...};
//   for (absl::StatusOr<Hash>& label : VerifyLabels(public_key, claims)) ...
//   std::vector<VrfSecretKey::Answer> answers = Proofs(key, records);
//   Labels(key, records, std::ref(parallel));                         // on its threads
//
// Through one table of kernels, picked once by what the CPU offers:
//
//   avx512ifma  eight in the lanes of a vector (docs/design.md): 4 us a label, 15 us to
//               prove it and 7 us to verify that; up to eight take the time of eight
//   libsodium   one by one, 50 us, 0.1 ms and 0.17 ms: always there
//
// Times are of one core, and are divided among threads. A proof holds c instead of U
// and V, and the verifier has to hash exactly these two points, so no random sum over
// all proofs can take the place of computing them for each: a batch gains by lanes, and
// by tables of B and PK, and by nothing else. libsodium cannot take its part in that:
// its tables are of B alone, and one of encoded points, with additions of 11 us, would
// save nothing of the 39 us of a multiplication.
// Thread-safe.
#ifndef SETLOG_LOG_VRF_BATCH_H_
#define SETLOG_LOG_VRF_BATCH_H_

#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/parallel_for.h"
#include "log/vrf.h"

namespace setlog {

// "The label of `record` is the one that `proof` shows."
struct VrfClaim {
  Hash record;
  VrfProof proof;
};

struct VrfKernel {
  const char* name;
  // How many it takes together best: threads get so many at a time.
  size_t labels_at_once, claims_at_once, proofs_at_once;
  // out[i] = the label of records[i]. Constant time in the secret.
  void (*labels)(const VrfSecretKey& key, std::span<const Hash> records, Hash* out);
  // out[i] = the label that claims[i] shows; nothing if it is wrong, whatever the
  // others are. All of this is public.
  void (*verify)(const VrfPublicKey& key, std::span<const VrfClaim> claims,
                 std::optional<Hash>* out);
  // out[i] = key.Prove(records[i]), set for all. Constant time as `labels` is.
  void (*prove)(const VrfSecretKey& key, std::span<const Hash> records,
                std::optional<VrfSecretKey::Answer>* out);
};

// All kernels that this CPU can run, best first; the last is the portable one, which
// every other is tested against.
std::span<const VrfKernel> VrfKernels();

// key.Label(record) of each record, by the first of VrfKernels().
std::vector<Hash> Labels(const VrfSecretKey& key, std::span<const Hash> records,
                         const ParallelFor& parallel = InOrder);

// key.Prove(record) of each record, by the first of VrfKernels().
std::vector<VrfSecretKey::Answer> Proofs(const VrfSecretKey& key,
                                         std::span<const Hash> records,
                                         const ParallelFor& parallel = InOrder);

// For each claim what key.Verify would say, as a label: DataLoss if the proof is not
// this key's for this record.
std::vector<absl::StatusOr<Hash>> VerifyLabels(const VrfPublicKey& key,
                                               std::span<const VrfClaim> claims,
                                               const ParallelFor& parallel = InOrder);

}  // namespace setlog

#endif  // SETLOG_LOG_VRF_BATCH_H_
