// What proofs are verified with, in lanes of every kind, against libsodium.
#include "log/vrf_verify_lanes.h"

#include <sodium.h>

#include <array>
#include <cstring>
#include <random>
#include <vector>

#include "lane_ops.h"
#include "log/vrf.h"
#include "log/vrf_blocks.h"
#include "log/vrf_suite.h"
#include "testing.h"

namespace setlog {
namespace {

Hash Multiple(const Hash& scalar, const Hash& element) {
  Hash out;  // the identity, where libsodium says so by -1
  (void)!crypto_scalarmult_ristretto255(out.data(), scalar.data(), element.data());
  return out;
}

Hash MultipleOfBase(const Hash& scalar) {
  Hash out;
  (void)!crypto_scalarmult_ristretto255_base(out.data(), scalar.data());
  return out;
}

Hash Minus(const Hash& a, const Hash& b) {
  Hash out;
  crypto_core_ristretto255_sub(out.data(), a.data(), b.data());
  return out;
}

Hash RandomScalar() {
  Hash out;
  crypto_core_ristretto255_scalar_random(out.data());
  return out;
}

Hash RandomElement() {
  Hash out;
  crypto_core_ristretto255_random(out.data());
  return out;
}

struct Proof {
  std::array<uint8_t, 64> uniform;
  Hash gamma, s, c;
};

Proof RandomProof() {
  Proof proof;
  randombytes_buf(proof.uniform.data(), proof.uniform.size());
  proof.gamma = RandomElement();
  proof.s = RandomScalar();
  proof.c = Hash();
  randombytes_buf(proof.c.data(), 16);
  return proof;
}

void ExpectPoints(const LaneOps& ops, const Hash& key,
                  const std::array<Proof, 8>& proofs) {
  uint8_t uniform[8][64], public_key[32];
  LaneBytes gamma, s, c, huv[3];
  LaneMask valid;
  std::memcpy(public_key, key.data(), 32);
  for (size_t lane = 0; lane < 8; ++lane) {
    std::memcpy(uniform[lane], proofs[lane].uniform.data(), 64);
    std::memcpy(gamma[lane], proofs[lane].gamma.data(), 32);
    std::memcpy(s[lane], proofs[lane].s.data(), 32);
    std::memcpy(c[lane], proofs[lane].c.data(), 32);
  }
  ops.proof_points(huv, valid, public_key, uniform, gamma, s, c);
  for (size_t lane = 0; lane < 8; ++lane) {
    const Proof& p = proofs[lane];
    SCOPED_TRACE(std::string(ops.name) + ", lane " + std::to_string(lane) + ", s " +
                 ToHex(p.s) + ", c " + ToHex(p.c));
    Hash h;
    crypto_core_ristretto255_from_hash(h.data(), p.uniform.data());
    ASSERT_EQ(ToHex(HashFromBytes(huv[0][lane])), ToHex(h));
    ASSERT_EQ(ToHex(HashFromBytes(huv[1][lane])),
              ToHex(Minus(MultipleOfBase(p.s), Multiple(p.c, key))));
    ASSERT_EQ(ToHex(HashFromBytes(huv[2][lane])),
              ToHex(Minus(Multiple(p.s, h), Multiple(p.c, p.gamma))));
    ASSERT_EQ(valid.lane[lane], ~uint64_t{0});
  }
}

std::vector<Hash> SpecialScalars(int bits) {
  std::vector<Hash> scalars;
  for (int value : {0, 1, 2, 7, 8, 9, 15, 16, 17, 119, 136, 255}) {
    scalars.emplace_back();
    scalars.back().data()[0] = static_cast<uint8_t>(value);
  }
  for (int bit = 3; bit < bits; bit += 12) {
    Hash power, ones;  // and 2^bit - 1
    power.data()[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
    for (int i = 0; i < bit; ++i) ones.data()[i / 8] |= 1 << i % 8;
    scalars.push_back(power);
    scalars.push_back(ones);
  }
  for (int pattern : {0x88, 0x77, 0x78, 0x87, 0x80, 0x08, 0xf0, 0x0f, 0xff}) {
    scalars.emplace_back();
    std::memset(scalars.back().data(), pattern, static_cast<size_t>(bits) / 8);
  }
  return scalars;
}

TEST(VrfVerifyLanesTest, ThePointsAreLibsodiumsForSpecialScalars) {
  std::vector<Hash> all_s = SpecialScalars(252), all_c = SpecialScalars(128);
  const Hash order =
      HashOf("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  for (int less : {1, 2, 8, 9, 16}) {
    all_s.push_back(order);
    all_s.back().data()[0] -= static_cast<uint8_t>(less);
  }
  const Hash key = RandomElement();
  size_t turn = 0;
  for (size_t first = 0; first < all_s.size() + all_c.size(); first += 8) {
    std::array<Proof, 8> proofs;
    for (size_t lane = 0; lane < 8; ++lane) {
      // Steps without a common factor: s and c do not go along with each other.
      proofs[lane] = RandomProof();
      proofs[lane].s = all_s[(first + lane) % all_s.size()];
      proofs[lane].c = all_c[5 * (first + lane) % all_c.size()];
    }
    for (const LaneOps* ops : AllLaneOps()) {
      // Those in plain C++ take their time: every third, not the same ones.
      if (ops == Avx512IfmaLaneOps() || turn++ % 3 == 0) {
        ExpectPoints(*ops, key, proofs);
      }
    }
  }
}

TEST(VrfVerifyLanesTest, ThePointsAreLibsodiumsForRandomProofsAndKeys) {
  for (const LaneOps* ops : AllLaneOps()) {
    for (int i = 0; i < (ops == Avx512IfmaLaneOps() ? 300 : 6); ++i) {
      std::array<Proof, 8> proofs;
      for (Proof& proof : proofs) proof = RandomProof();
      ExpectPoints(*ops, RandomElement(), proofs);
    }
  }
}

TEST(VrfVerifyLanesTest, SumsThatAreTheIdentityAreZeros) {
  const Hash x = RandomScalar();
  const Hash key = MultipleOfBase(x);
  std::array<Proof, 8> proofs;
  for (size_t lane = 0; lane < 8; ++lane) {
    Proof& p = proofs[lane];
    p = RandomProof();
    Hash h;
    crypto_core_ristretto255_from_hash(h.data(), p.uniform.data());
    if (lane % 3 != 2)
      crypto_core_ristretto255_scalar_mul(p.s.data(), p.c.data(), x.data());
    if (lane % 3 != 1) p.gamma = Multiple(x, h);
    if (lane == 7) p.gamma = Hash();
  }
  for (const LaneOps* ops : AllLaneOps()) ExpectPoints(*ops, key, proofs);
  ASSERT_EQ(Minus(MultipleOfBase(proofs[0].s), Multiple(proofs[0].c, key)), Hash());
}

TEST(VrfVerifyLanesTest, ProductsToProveWithAreLibsodiums) {
  std::vector<Hash> numbers = SpecialScalars(252);
  while (numbers.size() % 8 != 0) numbers.push_back(RandomScalar());
  for (size_t first = 0; first < numbers.size(); first += 8) {
    LaneBytes h, x, k, products[3];
    for (size_t lane = 0; lane < 8; ++lane) {
      std::memcpy(h[lane], RandomElement().data(), 32);
      std::memcpy(x[lane], RandomScalar().data(), 32);
      std::memcpy(k[lane], numbers[first + lane].data(), 32);
    }
    for (const LaneOps* ops : AllLaneOps()) {
      ops->products(products, h, x, k);
      for (size_t lane = 0; lane < 8; ++lane) {
        const Hash point = HashFromBytes(h[lane]), number = HashFromBytes(k[lane]);
        SCOPED_TRACE(std::string(ops->name) + ", " + ToHex(number));
        ASSERT_EQ(HashFromBytes(products[0][lane]),
                  Multiple(HashFromBytes(x[lane]), point));
        ASSERT_EQ(HashFromBytes(products[1][lane]), MultipleOfBase(number));
        ASSERT_EQ(HashFromBytes(products[2][lane]), Multiple(number, point));
      }
    }
  }
}

// VrfProof has none of these: the kernel alone is asked.
TEST(VrfVerifyLanesTest, AGammaThatEncodesNothingIsWrongInItsLaneAlone) {
  const VrfSecretKey key = VrfSecretKey::Generate().value();
  const lanes::VerifyKey prepared = VrfVerifyKey(key.PublicKey().bytes());
  const nlohmann::json no_elements = ReadTestJson("vrf.json")["no_elements"];
  for (const LaneOps* ops : AllLaneOps()) {
    if (ops->steps.verify == nullptr) continue;
    SCOPED_TRACE(ops->name);
    for (const auto& [why, list] : no_elements.items()) {
      SCOPED_TRACE(why);
      std::array<Hash, 11> records;
      std::array<std::array<uint8_t, 80>, 11> proofs;
      std::vector<lanes::Claim> claims;
      const size_t bad = why.size() % records.size();
      for (size_t i = 0; i < records.size(); ++i) {
        randombytes_buf(records[i].data(), 32);
        proofs[i] = key.Prove(records[i]).proof.bytes();
        claims.push_back({records[i].data(), proofs[i].data()});
      }
      std::memcpy(proofs[bad].data(), HashOf(list[0].get<std::string>()).data(), 32);
      std::vector<lanes::Shown> shown(claims.size());
      ops->steps.verify(prepared, claims.data(), claims.size(), shown.data());
      for (size_t i = 0; i < claims.size(); ++i) {
        ASSERT_EQ(shown[i].right, i != bad) << i;
        if (i == bad) continue;
        EXPECT_EQ(HashFromBytes(shown[i].label), key.Label(records[i]));
      }
    }
  }
}

// As whoever has the secret proves, but with `public_key` in its hashes.
std::array<uint8_t, 80> ProveAs(const Hash& public_key, const Hash& x,
                                const Hash& record) {
  Hash h, cx, c, s;
  crypto_core_ristretto255_from_hash(h.data(),
                                     vrf::MapInput(public_key, record).data());
  const Hash gamma = Multiple(x, h), k = RandomScalar();
  const vrf::Challenge challenge =
      vrf::ChallengeOf(public_key, h, gamma, MultipleOfBase(k), Multiple(k, h));
  std::memcpy(c.data(), challenge.data(), challenge.size());
  crypto_core_ristretto255_scalar_mul(cx.data(), c.data(), x.data());
  crypto_core_ristretto255_scalar_add(s.data(), k.data(), cx.data());
  std::array<uint8_t, 80> proof;
  std::memcpy(proof.data(), gamma.data(), 32);
  std::memcpy(proof.data() + 32, c.data(), 16);
  std::memcpy(proof.data() + 48, s.data(), 32);
  return proof;
}

// A string that is not the key's encoding, though it has the same number in it: what is
// proven for it is nothing, even by the key's owner.
TEST(VrfVerifyLanesTest, UnderAKeyThatEncodesNothingAllAreWrong) {
  const Hash x = RandomScalar(), record = RandomElement();
  const Hash key = MultipleOfBase(x);
  Hash broken = key;
  broken.data()[31] |= 0x80;
  for (const LaneOps* ops : AllLaneOps()) {
    if (ops->steps.verify == nullptr) continue;
    for (const Hash& public_key : {key, broken}) {
      const auto proof = ProveAs(public_key, x, record);
      const lanes::Claim claim = {record.data(), proof.data()};
      lanes::Shown shown;
      ops->steps.verify(VrfVerifyKey(public_key), &claim, 1, &shown);
      EXPECT_EQ(shown.right, public_key == key) << ops->name;
    }
  }
}

}  // namespace
}  // namespace setlog
