#include "client/prove_pads.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/batch_presence.h"
#include "client/pad_numbers.h"

namespace setlog {

absl::StatusOr<PadProofs> ProvePads(
    const Connection& connection, const Version& version, const VrfSource& source,
    std::vector<uint64_t> pads, const ParallelFor& parallel,
    const std::function<void(uint64_t done)>& progress) {
  const absl::StatusOr<VrfPublicKey> key = LabelKeyOf(version.manifest);
  if (!key.ok()) return key.status();
  PadProofs all;
  for (size_t begin = 0; begin < pads.size(); begin += kPadsPerLookup) {
    const std::span<const uint64_t> piece =
        std::span(pads).subspan(begin, std::min(kPadsPerLookup, pads.size() - begin));
    const absl::StatusOr<std::vector<VrfProof>> proofs = source.ProvePads(piece);
    if (!proofs.ok()) return proofs.status();
    std::string bytes;
    for (const VrfProof& proof : *proofs) bytes += AsText(proof.bytes());
    const absl::StatusOr<std::vector<Hash>> labels =
        ProvenPadLabels(*key, piece, bytes, parallel);
    if (!labels.ok()) return labels.status();
    absl::StatusOr<BatchPresence> found = LookUpBatch(connection, version, *labels);
    if (!found.ok()) return found.status();
    const auto absent = std::find(found->present.begin(), found->present.end(), false);
    if (absent != found->present.end()) {
      return absl::NotFoundError(
          absl::StrFormat("pad %d is not in the set at size %d",
                          piece[static_cast<size_t>(absent - found->present.begin())],
                          version.index.m));
    }
    all.vrf_proofs += bytes;
    all.lookups.push_back(std::move(found->proof));
    if (progress) progress(begin + piece.size());
  }
  all.pads = std::move(pads);
  return all;
}

}  // namespace setlog
