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
//   avx512ifma  labels, eight in the lanes of a vector (docs/design.md)
//   libsodium   one by one: always there
//
// On libsodium a batch costs what its records cost one by one, 50 us a label and 0.17
// ms a proof, divided among threads. A proof holds c instead of U and V, and the
// verifier has to hash exactly these two points, so no random sum over all proofs can
// take the place of computing them for each. Nor is there work to share on PK: of the
// four multiplications s B has a table in libsodium (13 us), the others cost 39 each,
// and a table for c PK would be one of encoded points, whose additions cost 11: it
// would have to do with three of them.
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
  size_t at_once;
  // out[i] = the label of records[i]. Constant time in the secret.
  void (*labels)(const VrfSecretKey& key, std::span<const Hash> records, Hash* out);
  // out[i] = the label that claims[i] shows; nothing if it is wrong, whatever the
  // others are. All of this is public.
  void (*verify)(const VrfPublicKey& key, std::span<const VrfClaim> claims,
                 std::optional<Hash>* out);
};

// All kernels that this CPU can run, best first; the last is the portable one, which
// every other is tested against.
std::span<const VrfKernel> VrfKernels();

// key.Label(record) of each record, by the first of VrfKernels().
std::vector<Hash> Labels(const VrfSecretKey& key, std::span<const Hash> records,
                         const ParallelFor& parallel = InOrder);

// key.Prove(record) of each record, one by one on each thread: about 0.1 ms each.
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
