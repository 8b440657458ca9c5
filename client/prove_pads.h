// client/prove_pads.h -- opening pads of a private log, for who can prove them.
//
//   absl::StatusOr<PadProofs> proofs =
//       ProvePads(connection, head.version, source, pads, std::ref(parallel), nullptr);
//   std::string file = FormatPadsFile({head.proof, *std::move(proofs)});
//
// Which pads there are: client/pad_numbers.h.
#ifndef SETLOG_CLIENT_PROVE_PADS_H_
#define SETLOG_CLIENT_PROVE_PADS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/vrf_source.h"
#include "log/pad_opening.h"
#include "log/parallel_for.h"

namespace setlog {

// That `pads`, which must rise, are pads and members of the version's set. All of it is
// verified, so VerifyPads takes it. NotFound if one is no member; DataLoss if the
// source or the server says what does not hold. A call for each 4,096 of them, and what
// it costs to prove and verify them: 0.3 ms each.
absl::StatusOr<PadProofs> ProvePads(const Connection& connection,
                                    const Version& version, const VrfSource& source,
                                    std::vector<uint64_t> pads,
                                    const ParallelFor& parallel,
                                    const std::function<void(uint64_t done)>& progress);

}  // namespace setlog

#endif  // SETLOG_CLIENT_PROVE_PADS_H_
