#include "log/vrf.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/vrf_suite.h"

namespace setlog {
namespace {

using ElementBytes = std::array<uint8_t, crypto_core_ristretto255_BYTES>;
using ScalarBytes = std::array<uint8_t, crypto_core_ristretto255_SCALARBYTES>;

// q, the order of the group, little endian (RFC 9496 section 4.4).
constexpr ScalarBytes kOrder = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                0,    0,    0,    0,    0,    0,    0,    0,
                                0,    0,    0,    0,    0,    0,    0,    0x10};

// libsodium takes a scalar modulo 2^255 and then modulo q, wherever it takes one. In
// constant time, for secret keys are asked about too.
bool IsBelowOrder(Bytes scalar) {
  unsigned borrow = 0;
  for (size_t i = 0; i < kOrder.size(); ++i) {
    borrow = (scalar[i] - kOrder[i] - borrow) >> 31;
  }
  return borrow == 1;
}

// The identity is encoded as zeros; for libsodium it is as valid as any other element.
bool IsIdentity(Bytes element) {
  return sodium_is_zero(element.data(), element.size()) == 1;
}

// libsodium 1.0.18 passes over bit 255 when it decodes, so that each element, also the
// identity, would have a second encoding.
bool IsElement(Bytes bytes) {
  return bytes[31] < 0x80 && crypto_core_ristretto255_is_valid_point(bytes.data()) == 1;
}

ElementBytes Map(Bytes public_key, Bytes alpha) {
  ElementBytes h;
  crypto_core_ristretto255_from_hash(h.data(), vrf::MapInput(public_key, alpha).data());
  return h;
}

// `element` is one. libsodium says -1 of a product that is the identity, and has then
// written it: zeros, as here from the start.
ElementBytes Multiply(Bytes scalar, Bytes element) {
  ElementBytes product{};
  (void)!crypto_scalarmult_ristretto255(product.data(), scalar.data(), element.data());
  return product;
}

ElementBytes MultiplyBase(Bytes scalar) {
  ElementBytes product{};
  (void)!crypto_scalarmult_ristretto255_base(product.data(), scalar.data());
  return product;
}

ElementBytes Subtract(const ElementBytes& a, const ElementBytes& b) {
  ElementBytes difference{};
  crypto_core_ristretto255_sub(difference.data(), a.data(), b.data());
  return difference;
}

ScalarBytes FromChallenge(Bytes challenge) {
  ScalarBytes scalar{};
  std::copy(challenge.begin(), challenge.end(), scalar.begin());
  return scalar;
}

}  // namespace

absl::StatusOr<VrfProof> VrfProof::Parse(Bytes bytes) {
  if (bytes.size() != kSize) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a VRF proof has %d bytes, not %d", kSize, bytes.size()));
  }
  VrfProof proof;
  std::copy(bytes.begin(), bytes.end(), proof.bytes_.begin());
  if (!IsElement(proof.Gamma()) || IsIdentity(proof.Gamma())) {
    return absl::InvalidArgumentError(
        "VRF proof: its first 32 bytes are no encoding of a ristretto255 element other "
        "than the identity");
  }
  if (!IsBelowOrder(proof.Scalar())) {
    return absl::InvalidArgumentError(
        "VRF proof: its last 32 bytes are no scalar below the order of the group");
  }
  return proof;
}

absl::StatusOr<VrfPublicKey> VrfPublicKey::Parse(Bytes bytes) {
  if (bytes.size() != Hash::kSize) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a VRF public key has %d bytes, not %d", Hash::kSize, bytes.size()));
  }
  if (!IsElement(bytes) || IsIdentity(bytes)) {
    return absl::InvalidArgumentError(
        "not a VRF public key: the bytes are no encoding of a ristretto255 element "
        "other than the identity");
  }
  VrfPublicKey key;
  key.bytes_ = HashFromBytes(bytes);
  return key;
}

absl::StatusOr<VrfOutput> VrfPublicKey::Verify(Bytes alpha,
                                               const VrfProof& proof) const {
  const ElementBytes h = Map(bytes_, alpha);
  const ScalarBytes c = FromChallenge(proof.Challenge());
  const ElementBytes u = Subtract(MultiplyBase(proof.Scalar()), Multiply(c, bytes_));
  const ElementBytes v =
      Subtract(Multiply(proof.Scalar(), h), Multiply(c, proof.Gamma()));
  const vrf::Challenge expected = vrf::ChallengeOf(bytes_, h, proof.Gamma(), u, v);
  if (!std::ranges::equal(expected, proof.Challenge())) {
    return absl::DataLossError("the VRF proof is wrong for this record and public key");
  }
  return vrf::OutputOf(proof.Gamma());
}

void VrfSecretKey::Wipe::operator()(uint8_t* memory) const { sodium_free(memory); }

absl::StatusOr<VrfSecretKey::Memory> VrfSecretKey::Allocate() {
  // Initialised, libsodium also notices when somebody wrote over the edges.
  const bool usable = sodium_init() >= 0;
  auto* const memory = usable ? static_cast<uint8_t*>(sodium_malloc(kSize)) : nullptr;
  if (memory == nullptr) {
    return absl::ResourceExhaustedError("no protected memory for a VRF secret key");
  }
  return Memory(memory);
}

VrfSecretKey::VrfSecretKey(Memory scalar) : scalar_(std::move(scalar)) {
  public_key_.bytes_ = HashFromBytes(MultiplyBase(Scalar()));
  sodium_mprotect_readonly(scalar_.get());
}

absl::StatusOr<VrfSecretKey> VrfSecretKey::Generate() {
  absl::StatusOr<Memory> scalar = Allocate();
  if (!scalar.ok()) return scalar.status();
  crypto_core_ristretto255_scalar_random(scalar->get());  // never 0
  return VrfSecretKey(*std::move(scalar));
}

absl::StatusOr<VrfSecretKey> VrfSecretKey::FromBytes(Bytes scalar) {
  if (scalar.size() != kSize) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a VRF secret key has %d bytes, not %d", kSize, scalar.size()));
  }
  if (!IsBelowOrder(scalar) || sodium_is_zero(scalar.data(), kSize) == 1) {
    return absl::InvalidArgumentError(
        "not a VRF secret key: the bytes are zero, or no scalar below the order of the "
        "group");
  }
  absl::StatusOr<Memory> memory = Allocate();
  if (!memory.ok()) return memory.status();
  std::copy(scalar.begin(), scalar.end(), memory->get());
  return VrfSecretKey(*std::move(memory));
}

Hash VrfSecretKey::Label(Bytes alpha) const {
  return LabelOf(vrf::OutputOf(Multiply(Scalar(), Map(public_key_.bytes(), alpha))));
}

VrfSecretKey::Answer VrfSecretKey::Prove(Bytes alpha) const {
  const ElementBytes h = Map(public_key_.bytes(), alpha);
  const ElementBytes gamma = Multiply(Scalar(), h);
  // k is as secret as x: who knows it solves s = k + c x for x.
  vrf::Wide wide = vrf::NonceInput(Scalar(), h);
  ScalarBytes k;
  crypto_core_ristretto255_scalar_reduce(k.data(), wide.data());
  const vrf::Challenge c =
      vrf::ChallengeOf(public_key_.bytes(), h, gamma, MultiplyBase(k), Multiply(k, h));
  ScalarBytes product;
  ScalarBytes s;
  crypto_core_ristretto255_scalar_mul(product.data(), FromChallenge(c).data(),
                                      Scalar().data());
  crypto_core_ristretto255_scalar_add(s.data(), k.data(), product.data());
  sodium_memzero(wide.data(), wide.size());
  sodium_memzero(k.data(), k.size());
  sodium_memzero(product.data(), product.size());
  VrfProof proof;
  uint8_t* const bytes = proof.bytes_.data();
  std::copy(gamma.begin(), gamma.end(), bytes);
  std::copy(c.begin(), c.end(), bytes + 32);
  std::copy(s.begin(), s.end(), bytes + 48);
  return {proof, vrf::OutputOf(gamma)};
}

}  // namespace setlog
