#include "log/pad_opening.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "log/set_proof.h"
#include "log/vrf_pad.h"

namespace setlog {
namespace {

// A thread's turn: a few ms.
constexpr size_t kPiece = 32;

absl::Status Malformed(std::string what) {
  return absl::InvalidArgumentError(std::move(what));
}

absl::Status CheckForm(const PadProofs& proofs) {
  const size_t count = proofs.pads.size();
  if (count == 0) return Malformed("no pad is opened");
  for (size_t i = 1; i < count; ++i) {
    if (proofs.pads[i - 1] >= proofs.pads[i]) {
      return Malformed(absl::StrFormat("pad %d does not come after pad %d",
                                       proofs.pads[i], proofs.pads[i - 1]));
    }
  }
  if (proofs.vrf_proofs.size() % VrfProof::kSize != 0 ||
      proofs.vrf_proofs.size() / VrfProof::kSize != count) {
    return Malformed(absl::StrFormat("%d pads have %d proofs of %d bytes, not %d bytes",
                                     count, count, VrfProof::kSize,
                                     proofs.vrf_proofs.size()));
  }
  const size_t lookups = (count - 1) / kPadsPerLookup + 1;
  if (proofs.lookups.size() != lookups) {
    return Malformed(absl::StrFormat("%d pads have %d lookup proofs, not %d", count,
                                     lookups, proofs.lookups.size()));
  }
  return absl::OkStatus();
}

// The label that the proof shows for this pad.
absl::StatusOr<Hash> LabelOfPad(const VrfPublicKey& key, uint64_t pad, Bytes bytes) {
  const absl::StatusOr<VrfProof> proof = VrfProof::Parse(bytes);
  if (!proof.ok()) return proof.status();
  const absl::StatusOr<VrfOutput> beta = key.Verify(PadInput(pad), *proof);
  if (!beta.ok()) return beta.status();
  return LabelOf(*beta);
}

}  // namespace

absl::StatusOr<std::vector<Hash>> ProvenPadLabels(const VrfPublicKey& key,
                                                  std::span<const uint64_t> pads,
                                                  std::string_view vrf_proofs,
                                                  const ParallelFor& parallel) {
  const size_t count = pads.size();
  const Bytes all = AsBytes(vrf_proofs);
  std::vector<Hash> labels(count);
  const size_t pieces = (count + kPiece - 1) / kPiece;
  std::vector<absl::Status> results(pieces);
  parallel(pieces, [&](size_t piece) {
    const size_t end = std::min(count, (piece + 1) * kPiece);
    for (size_t i = piece * kPiece; i < end; ++i) {
      const absl::StatusOr<Hash> label =
          LabelOfPad(key, pads[i], all.subspan(i * VrfProof::kSize, VrfProof::kSize));
      if (!label.ok()) {
        results[piece] =
            absl::Status(label.status().code(),
                         absl::StrFormat("the VRF proof of pad %d: %s", pads[i],
                                         std::string(label.status().message())));
        return;
      }
      labels[i] = *label;
    }
  });
  for (const absl::Status& result : results) {
    if (!result.ok()) return result;
  }
  return labels;
}

absl::StatusOr<OpenedPads> VerifyPads(const Version& version, const PadProofs& proofs,
                                      const ParallelFor& parallel) {
  if (!version.manifest.labels) {
    return Malformed("a plain log has no pads: its entries are record hashes");
  }
  if (absl::Status s = CheckForm(proofs); !s.ok()) return s;
  const uint64_t members = version.index.n;
  const uint64_t opened = proofs.pads.size();
  if (opened > members) {
    return absl::DataLossError(absl::StrFormat(
        "%d pads cannot be among the %d members of the set", opened, members));
  }
  const absl::StatusOr<VrfPublicKey> key =
      VrfPublicKey::Parse(version.manifest.labels->public_key);
  if (!key.ok()) {
    return absl::DataLossError(absl::StrFormat("the manifest's VRF key: %s",
                                               std::string(key.status().message())));
  }
  const absl::StatusOr<std::vector<Hash>> labels =
      ProvenPadLabels(*key, proofs.pads, proofs.vrf_proofs, parallel);
  if (!labels.ok()) return labels.status();
  for (size_t piece = 0; piece < proofs.lookups.size(); ++piece) {
    const size_t begin = piece * kPadsPerLookup;
    const size_t end = std::min(labels->size(), begin + kPadsPerLookup);
    const absl::StatusOr<std::vector<bool>> present =
        VerifyBatch(version.index.set_root, members,
                    {labels->begin() + static_cast<std::ptrdiff_t>(begin),
                     labels->begin() + static_cast<std::ptrdiff_t>(end)},
                    AsBytes(proofs.lookups[piece]));
    if (!present.ok()) return present.status();
    const auto absent = std::find(present->begin(), present->end(), false);
    if (absent != present->end()) {
      const auto place = static_cast<size_t>(absent - present->begin());
      return absl::DataLossError(absl::StrFormat("pad %d is not a member of the set",
                                                 proofs.pads[begin + place]));
    }
  }
  return OpenedPads{members, opened, members - opened};
}

}  // namespace setlog
