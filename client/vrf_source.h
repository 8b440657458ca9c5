// client/vrf_source.h -- who turns records into the labels of a private log.
//
//   const KeyVrf own(&key);                          // the owner's key, here
//   const RemoteVrf other(&connection, origin);      // a service that holds the key
//   absl::StatusOr<std::vector<ProvenLabel>> labels =
//       ProveLabels(other, public_key, records);     // verified, whoever made them
//
// With the labels everything is asked as of a plain log. Label's answers cannot be
// checked, but by proving some of them. Thread-safe, as far as Connection is.
#ifndef SETLOG_CLIENT_VRF_SOURCE_H_
#define SETLOG_CLIENT_VRF_SOURCE_H_

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "log/bytes.h"
#include "log/parallel_for.h"
#include "log/vrf.h"

namespace setlog {

struct PadRange {
  uint64_t first = 0;
  uint64_t count = 0;
};

class VrfSource {
 public:
  virtual ~VrfSource() = default;

  // A proof for each record, in order. They are not verified.
  virtual absl::StatusOr<std::vector<VrfProof>> Prove(
      std::span<const Hash> records) const = 0;
  // The labels of the records, in order, and of the pads after them.
  virtual absl::StatusOr<std::vector<Hash>> Label(std::span<const Hash> records,
                                                  PadRange pads) const = 0;
  // A proof for each pad, in order. They are not verified.
  virtual absl::StatusOr<std::vector<VrfProof>> ProvePads(
      std::span<const uint64_t> pads) const = 0;

  // Of the secret key that it holds in this process, if it does: what it says is then
  // not another's word, and needs no proof.
  virtual std::optional<VrfPublicKey> own_key() const { return std::nullopt; }
};

// With the key at hand: labels at 4 us a core and proofs at 16 where the CPU has
// AVX-512 IFMA, else 50 and 100, as for pads everywhere. Never fails. As thread-safe as
// `parallel` is.
class KeyVrf final : public VrfSource {
 public:
  // The key must outlive it.
  explicit KeyVrf(const VrfSecretKey* key, ParallelFor parallel = InOrder)
      : key_(key), parallel_(std::move(parallel)) {}

  absl::StatusOr<std::vector<VrfProof>> Prove(
      std::span<const Hash> records) const override;
  absl::StatusOr<std::vector<Hash>> Label(std::span<const Hash> records,
                                          PadRange pads) const override;
  absl::StatusOr<std::vector<VrfProof>> ProvePads(
      std::span<const uint64_t> pads) const override;
  std::optional<VrfPublicKey> own_key() const override { return key_->PublicKey(); }

 private:
  const VrfSecretKey* key_;
  ParallelFor parallel_;
};

// Of the Prover service (proto/setlog/v1/prover.proto), in calls of as many as one
// takes. DataLoss for an answer that has not the form of one; else the server's status.
class RemoteVrf final : public VrfSource {
 public:
  // The connection must outlive it.
  RemoteVrf(const Connection* connection, std::string origin)
      : connection_(connection), origin_(std::move(origin)) {}

  absl::StatusOr<std::vector<VrfProof>> Prove(
      std::span<const Hash> records) const override;
  absl::StatusOr<std::vector<Hash>> Label(std::span<const Hash> records,
                                          PadRange pads) const override;
  absl::StatusOr<std::vector<VrfProof>> ProvePads(
      std::span<const uint64_t> pads) const override;

 private:
  absl::StatusOr<std::vector<VrfProof>> ParseProofs(const std::string& bytes,
                                                    size_t expected) const;

  const Connection* connection_;
  const std::string origin_;
};

struct ProvenLabel {
  Hash label;
  VrfProof proof;
};

// Asks for proofs and verifies them under the public key. DataLoss if one is wrong.
absl::StatusOr<std::vector<ProvenLabel>> ProveLabels(
    const VrfSource& source, const VrfPublicKey& public_key,
    std::span<const Hash> records, const ParallelFor& parallel = InOrder);

}  // namespace setlog

#endif  // SETLOG_CLIENT_VRF_SOURCE_H_
