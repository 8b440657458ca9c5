#include "client/label_batch.h"

#include <algorithm>
#include <span>
#include <utility>

#include "log/vrf_pad.h"

namespace setlog {
namespace {

// Enough for all lanes of all cores, and for a bar that moves; half a call of a prover.
constexpr size_t kPiece = 32768;

absl::StatusOr<std::vector<Hash>> Rising(std::vector<Hash> labels) {
  std::sort(labels.begin(), labels.end());
  if (std::adjacent_find(labels.begin(), labels.end()) == labels.end()) return labels;
  return absl::DataLossError(
      "whoever makes the labels gave two inputs the same one, which no key does: "
      "nothing was sent");
}

}  // namespace

std::vector<Hash> Distinct(std::vector<Hash> hashes) {
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

absl::StatusOr<std::vector<Hash>> LabelsOf(
    const VrfSource& source, std::vector<Hash> records,
    const std::function<void(uint64_t done)>& progress) {
  for (size_t begin = 0; begin < records.size(); begin += kPiece) {
    const size_t count = std::min(kPiece, records.size() - begin);
    const absl::StatusOr<std::vector<Hash>> labels =
        source.Label(std::span(records).subspan(begin, count), {});
    if (!labels.ok()) return labels.status();
    std::copy(labels->begin(), labels->end(),
              records.begin() + static_cast<std::ptrdiff_t>(begin));
    if (progress) progress(begin + count);
  }
  return Rising(std::move(records));
}

absl::StatusOr<std::vector<Hash>> WithPads(const VrfSource& source,
                                           std::vector<Hash> labels, PadRange pads) {
  if (pads.count == 0) return labels;
  labels.reserve(labels.size() + pads.count);
  while (pads.count > 0) {
    const uint64_t count = std::min<uint64_t>(kPiece, pads.count);
    const absl::StatusOr<std::vector<Hash>> made =
        source.Label({}, {pads.first, count});
    if (!made.ok()) return made.status();
    labels.insert(labels.end(), made->begin(), made->end());
    pads = {pads.first + count, pads.count - count};
  }
  return Rising(std::move(labels));
}

absl::Status CheckSource(const VrfSource& source, const VrfPublicKey& public_key) {
  const uint64_t pad = 0;
  const absl::StatusOr<std::vector<VrfProof>> proofs = source.ProvePads({&pad, 1});
  if (!proofs.ok()) return proofs.status();
  const absl::StatusOr<VrfOutput> beta =
      public_key.Verify(PadInput(pad), proofs->at(0));
  if (!beta.ok()) {
    return absl::DataLossError(
        "whoever makes the labels does not have the VRF key that the log's manifest "
        "names: nothing was sent");
  }
  const absl::StatusOr<std::vector<Hash>> labels = source.Label({}, {pad, 1});
  if (!labels.ok()) return labels.status();
  if (labels->at(0) == LabelOf(*beta)) return absl::OkStatus();
  return absl::DataLossError(
      "whoever makes the labels proves another label of a pad than it makes: nothing "
      "was sent");
}

}  // namespace setlog
