#include "client/vrf_source.h"

#include <algorithm>
#include <optional>

#include "client/refused.h"
#include "log/vrf_batch.h"
#include "log/vrf_pad.h"
#include "proto/forms.h"

namespace setlog {
namespace {

// What one call takes.
constexpr size_t kMaxProved = 4096;
constexpr size_t kMaxLabelled = 65536;

}  // namespace

absl::StatusOr<std::vector<VrfProof>> KeyVrf::Prove(
    std::span<const Hash> records) const {
  std::vector<VrfProof> proofs;
  proofs.reserve(records.size());
  for (const VrfSecretKey::Answer& answer : Proofs(*key_, records, parallel_)) {
    proofs.push_back(answer.proof);
  }
  return proofs;
}

absl::StatusOr<std::vector<Hash>> KeyVrf::Label(std::span<const Hash> records,
                                                PadRange pads) const {
  std::vector<Hash> labels = Labels(*key_, records, parallel_);
  const size_t begin = labels.size();
  labels.resize(begin + pads.count);
  parallel_(pads.count, [&](size_t i) {
    labels[begin + i] = key_->Label(PadInput(pads.first + i));
  });
  return labels;
}

absl::StatusOr<std::vector<VrfProof>> KeyVrf::ProvePads(
    std::span<const uint64_t> pads) const {
  std::vector<std::optional<VrfProof>> made(pads.size());
  parallel_(pads.size(),
            [&](size_t i) { made[i] = key_->Prove(PadInput(pads[i])).proof; });
  std::vector<VrfProof> proofs;
  proofs.reserve(pads.size());
  for (const std::optional<VrfProof>& proof : made) proofs.push_back(*proof);
  return proofs;
}

absl::StatusOr<std::vector<VrfProof>> RemoteVrf::ParseProofs(const std::string& bytes,
                                                             size_t expected) const {
  if (bytes.size() != expected * VrfProof::kSize) {
    return Refused(origin_, "the prover sent another number of proofs");
  }
  std::vector<VrfProof> proofs;
  proofs.reserve(expected);
  for (Bytes rest = AsBytes(bytes); !rest.empty();
       rest = rest.subspan(VrfProof::kSize)) {
    const absl::StatusOr<VrfProof> proof = VrfProof::Parse(rest.first(VrfProof::kSize));
    if (!proof.ok()) return Refused(origin_, proof.status());
    proofs.push_back(*proof);
  }
  return proofs;
}

absl::StatusOr<std::vector<VrfProof>> RemoteVrf::Prove(
    std::span<const Hash> records) const {
  std::vector<VrfProof> all;
  all.reserve(records.size());
  while (!records.empty()) {
    const size_t count = std::min(records.size(), kMaxProved);
    v1::ProveRequest request;
    request.set_origin(origin_);
    request.set_records(ConcatHashes(records.first(count)));
    const absl::StatusOr<v1::ProveResponse> response =
        connection_->Call(connection_->prover(), &v1::Prover::Stub::Prove, request);
    if (!response.ok()) return response.status();
    const absl::StatusOr<std::vector<VrfProof>> proofs =
        ParseProofs(response->proofs(), count);
    if (!proofs.ok()) return proofs.status();
    all.insert(all.end(), proofs->begin(), proofs->end());
    records = records.subspan(count);
  }
  return all;
}

absl::StatusOr<std::vector<Hash>> RemoteVrf::Label(std::span<const Hash> records,
                                                   PadRange pads) const {
  std::vector<Hash> all;
  all.reserve(records.size() + pads.count);
  while (!records.empty() || pads.count > 0) {
    const size_t count = std::min(records.size(), kMaxLabelled);
    const uint64_t padded =
        count < kMaxLabelled ? std::min<uint64_t>(pads.count, kMaxLabelled - count) : 0;
    v1::LabelRequest request;
    request.set_origin(origin_);
    request.set_records(ConcatHashes(records.first(count)));
    request.set_first_pad(pads.first);
    request.set_pads(static_cast<uint32_t>(padded));
    const absl::StatusOr<v1::LabelResponse> response =
        connection_->Call(connection_->prover(), &v1::Prover::Stub::Label, request);
    if (!response.ok()) return response.status();
    const absl::StatusOr<std::vector<Hash>> labels =
        SplitHashes(response->labels(), "labels");
    if (!labels.ok()) return Refused(origin_, labels.status());
    if (labels->size() != count + padded) {
      return Refused(origin_, "the prover sent another number of labels");
    }
    all.insert(all.end(), labels->begin(), labels->end());
    records = records.subspan(count);
    pads = {pads.first + padded, pads.count - padded};
  }
  return all;
}

absl::StatusOr<std::vector<VrfProof>> RemoteVrf::ProvePads(
    std::span<const uint64_t> pads) const {
  std::vector<VrfProof> all;
  all.reserve(pads.size());
  while (!pads.empty()) {
    const size_t count = std::min(pads.size(), kMaxProved);
    v1::ProvePadsRequest request;
    request.set_origin(origin_);
    for (uint64_t pad : pads.first(count)) request.add_pads(pad);
    const absl::StatusOr<v1::ProveResponse> response =
        connection_->Call(connection_->prover(), &v1::Prover::Stub::ProvePads, request);
    if (!response.ok()) return response.status();
    const absl::StatusOr<std::vector<VrfProof>> proofs =
        ParseProofs(response->proofs(), count);
    if (!proofs.ok()) return proofs.status();
    all.insert(all.end(), proofs->begin(), proofs->end());
    pads = pads.subspan(count);
  }
  return all;
}

absl::StatusOr<std::vector<ProvenLabel>> ProveLabels(const VrfSource& source,
                                                     const VrfPublicKey& public_key,
                                                     std::span<const Hash> records,
                                                     const ParallelFor& parallel) {
  const absl::StatusOr<std::vector<VrfProof>> proofs = source.Prove(records);
  if (!proofs.ok()) return proofs.status();
  std::vector<VrfClaim> claims;
  claims.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    claims.push_back({records[i], (*proofs)[i]});
  }
  const std::vector<absl::StatusOr<Hash>> labels =
      VerifyLabels(public_key, claims, parallel);
  std::vector<ProvenLabel> proven;
  proven.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    if (!labels[i].ok()) return labels[i].status();
    proven.push_back({*labels[i], claims[i].proof});
  }
  return proven;
}

}  // namespace setlog
