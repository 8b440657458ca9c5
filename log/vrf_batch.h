// log/vrf_batch.h -- labels and proofs of many records at a time.
//
//   std::vector<Hash> labels = Labels(key, records);                  // to add them
//   std::vector<VrfClaim> claims = {{record, proof}, ...};
//   for (absl::StatusOr<Hash>& label : VerifyLabels(public_key, claims)) ...
//   Labels(key, records, std::ref(parallel));                         // on its threads
//
// Through one table of kernels, picked once by what the CPU offers:
//
//   libsodium   one by one: always there
//
// What a batch saves on libsodium is nothing but what its threads save: about 50 us a
// label and 0.17 ms a proof. A proof holds c instead of U and V, so the verifier
// must compute both exactly for each proof to hash them: there is no sum of all proofs
// to check in their place. Of the four multiplications only s B (13 us; the others 39)
// has a fixed base that libsodium keeps a table for. A table for PK would cost more
// than it saves, since an addition of encoded points (11 us: two decodings and an
// encoding) is more than a quarter of a multiplication, and decoding PK is 4 us of it.
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

// For each claim what key.Verify would say, as a label: DataLoss if the proof is not
// this key's for this record.
std::vector<absl::StatusOr<Hash>> VerifyLabels(const VrfPublicKey& key,
                                               std::span<const VrfClaim> claims,
                                               const ParallelFor& parallel = InOrder);

}  // namespace setlog

#endif  // SETLOG_LOG_VRF_BATCH_H_
