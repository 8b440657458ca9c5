// log/pad_opening.h -- what shows how many records a private log's set has at most.
//
//   absl::StatusOr<Version> version = VerifyVersion(opening.version, trust, demands);
//   absl::StatusOr<OpenedPads> opened = VerifyPads(*version, opening.proofs, parallel);
//   opened->records_at_most;   // of set_count members, `pads` are none
//
// Of some members the holder of the VRF key shows that they are pads (log/vrf_pad.h): a
// number, the VRF's proof that this pad has this label, and the batch proof that the
// labels are members. A pad's input is no record hash, so its label is no record's:
//
//   pads        k numbers, rising                              1 <= k <= n
//   vrf_proofs  k proofs of 80 bytes, in their order
//   lookups     a batch proof (log/set_proof.h) for each 4,096 of them, in their order
//
// It is an upper bound: members that are not opened may be pads as well. And n is the
// index entry's word, which a replay shows to be true (Version::replayed_by). The rules
// with their numbers are in docs/format.md, "Pad opening". Pure; thread-safe.
#ifndef SETLOG_LOG_PAD_OPENING_H_
#define SETLOG_LOG_PAD_OPENING_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/parallel_for.h"
#include "log/verify.h"
#include "log/vrf.h"

namespace setlog {

inline constexpr size_t kPadsPerLookup = 4096;

struct PadProofs {
  std::vector<uint64_t> pads;
  std::string vrf_proofs;
  std::vector<std::string> lookups;
  friend bool operator==(const PadProofs&, const PadProofs&) = default;
};

// A whole file.
struct PadOpening {
  VersionProof version;
  PadProofs proofs;
  friend bool operator==(const PadOpening&, const PadOpening&) = default;
};

struct OpenedPads {
  uint64_t set_count = 0;  // n
  uint64_t pads = 0;       // k
  uint64_t records_at_most = 0;
};

// The labels of `pads`, as their proofs of 80 bytes each, which must be as many, show
// them. DataLoss or InvalidArgument, naming the pad, if one does not hold.
absl::StatusOr<std::vector<Hash>> ProvenPadLabels(const VrfPublicKey& key,
                                                  std::span<const uint64_t> pads,
                                                  std::string_view vrf_proofs,
                                                  const ParallelFor& parallel);

// What `proofs` show of the set of `version`. InvalidArgument if they have not the form
// above, or the log is a plain one; DataLoss if a proof does not hold, or k > n. About
// 0.2 ms a pad, divided among threads.
absl::StatusOr<OpenedPads> VerifyPads(const Version& version, const PadProofs& proofs,
                                      const ParallelFor& parallel = InOrder);

}  // namespace setlog

#endif  // SETLOG_LOG_PAD_OPENING_H_
