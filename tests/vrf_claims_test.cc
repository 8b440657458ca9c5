// Whatever is claimed, every kernel judges as libsodium does.
#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "log/vrf_batch.h"
#include "log/vrf_suite.h"
#include "testing.h"

namespace setlog {
namespace {

const VrfSecretKey& Key() {
  static const VrfSecretKey* const key =
      new VrfSecretKey(VrfSecretKey::Generate().value());
  return *key;
}

Hash RandomRecord() {
  Hash record;
  randombytes_buf(record.data(), Hash::kSize);
  return record;
}

VrfClaim RightClaim() {
  const Hash record = RandomRecord();
  return {record, Key().Prove(record).proof};
}

// The proof with other bytes at `at`, if that is one.
std::optional<VrfProof> With(const VrfProof& proof, size_t at, Bytes bytes) {
  auto changed = proof.bytes();
  std::copy(bytes.begin(), bytes.end(), changed.begin() + static_cast<ptrdiff_t>(at));
  const auto parsed = VrfProof::Parse(changed);
  return parsed.ok() ? std::optional(*parsed) : std::nullopt;
}

// Returns how many are right.
size_t ExpectJudgedAlike(const VrfPublicKey& key, std::span<const VrfClaim> claims) {
  std::vector<std::optional<Hash>> wanted(claims.size());
  size_t right = 0;
  for (size_t i = 0; i < claims.size(); ++i) {
    const auto beta = key.Verify(claims[i].record, claims[i].proof);
    if (!beta.ok()) continue;
    wanted[i] = LabelOf(*beta);
    ++right;
  }
  for (const VrfKernel& kernel : VrfKernels()) {
    std::vector<std::optional<Hash>> shown(claims.size() + 1);
    kernel.verify(key, claims, shown.data());
    EXPECT_EQ(shown.back(), std::nullopt);  // not written
    for (size_t i = 0; i < claims.size(); ++i) {
      EXPECT_EQ(shown[i], wanted[i])
          << kernel.name << ", " << i << " of " << claims.size() << ", record "
          << ToHex(claims[i].record) << ", proof " << ToHex(claims[i].proof.bytes())
          << ", key " << ToHex(key.bytes());
    }
  }
  return right;
}

TEST(VrfClaimsTest, TheVectorsAreRightUnderTheirKeysAndNoOther) {
  const nlohmann::json vectors = ReadTestJson("vrf.json")["proofs"];
  std::vector<VrfClaim> claims;
  std::vector<VrfPublicKey> keys;
  for (const auto& vector : vectors) {
    const auto field = [&](const char* name) {
      return BytesFromHex(vector[name].get<std::string>()).value();
    };
    const std::string alpha = field("alpha"), pi = field("pi"), pk = field("pk");
    if (alpha.size() != Hash::kSize) continue;
    claims.push_back(
        {HashFromBytes(AsBytes(alpha)), VrfProof::Parse(AsBytes(pi)).value()});
    keys.push_back(VrfPublicKey::Parse(AsBytes(pk)).value());
  }
  ASSERT_GT(claims.size(), 20u);
  for (size_t i = 0; i < keys.size(); i += 3) {
    size_t own = 0;
    for (const VrfPublicKey& key : keys) own += key == keys[i];
    EXPECT_EQ(ExpectJudgedAlike(keys[i], claims), own);
  }
}

TEST(VrfClaimsTest, OneBitMoreOrLessAnywhereIsWrong) {
  const VrfClaim claim = RightClaim();
  std::vector<VrfClaim> claims = {claim};
  for (size_t bit = 0; bit < 8 * VrfProof::kSize; ++bit) {
    const uint8_t byte =
        static_cast<uint8_t>(claim.proof.bytes()[bit / 8] ^ (1 << bit % 8));
    const auto proof = With(claim.proof, bit / 8, Bytes(&byte, 1));
    if (proof) claims.push_back({claim.record, *proof});
  }
  ASSERT_GT(claims.size(), 8u * (16 + 31));
  for (size_t bit = 0; bit < 8 * Hash::kSize; ++bit) {
    claims.push_back(claim);
    claims.back().record.data()[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
  claims.push_back(claim);
  EXPECT_EQ(ExpectJudgedAlike(Key().PublicKey(), claims), 2u);
}

// Kinds of wrong claims, by number.
VrfClaim WrongClaim(int kind) {
  VrfClaim claim = RightClaim();
  const VrfSecretKey other = VrfSecretKey::Generate().value();
  Hash scalar;
  crypto_core_ristretto255_scalar_random(scalar.data());
  switch (kind) {
    case 0:  // of another record
      claim.proof = RightClaim().proof;
      break;
    case 1:  // of another key
      claim.proof = other.Prove(claim.record).proof;
      break;
    case 2:  // another key's Gamma
      claim.proof = *With(claim.proof, 0, other.Prove(claim.record).proof.Gamma());
      break;
    case 3:  // another s
      claim.proof = *With(claim.proof, 48, scalar);
      break;
    case 4:  // another c
      claim.proof = *With(claim.proof, 32, Bytes(scalar).first(16));
      break;
    case 5:  // s = 0
      claim.proof = *With(claim.proof, 48, Hash());
      break;
    case 6:  // s = 0 and c = 0: U and V are the identity
      claim.proof = *With(*With(claim.proof, 48, Hash()), 32, Bytes(Hash()).first(16));
      break;
    default:  // s = c x: the same, with any c
      Hash c, cx;
      std::memcpy(c.data(), scalar.data(), 16);
      crypto_core_ristretto255_scalar_mul(cx.data(), c.data(), Key().Scalar().data());
      claim.proof = *With(*With(claim.proof, 48, cx), 32, Bytes(c).first(16));
  }
  return claim;
}
constexpr int kWrongKinds = 8;

TEST(VrfClaimsTest, EveryKindOfWrongClaimIsWrongInEveryPlaceOfEveryCount) {
  std::mt19937_64 random(1);
  std::vector<VrfClaim> right, wrong;
  for (size_t i = 0; i < 41; ++i) right.push_back(RightClaim());
  for (int kind = 0; kind < kWrongKinds; ++kind) {
    for (int i = 0; i < 5; ++i) wrong.push_back(WrongClaim(kind));
  }
  for (size_t count = 0; count <= 40; ++count) {
    // All right, all wrong, one wrong, one right, and any.
    for (int mixture = 0; mixture < 5; ++mixture) {
      std::vector<VrfClaim> claims;
      const size_t one = count > 0 ? random() % count : 0;
      size_t right_ones = 0;
      for (size_t i = 0; i < count; ++i) {
        const bool is_right[] = {true, false, i != one, i == one, random() % 2 == 0};
        right_ones += is_right[mixture];
        claims.push_back(is_right[mixture] ? right[random() % right.size()]
                                           : wrong[random() % wrong.size()]);
      }
      // The oracle is slow; which are right is known.
      if (count % 8 == 3) {
        EXPECT_EQ(ExpectJudgedAlike(Key().PublicKey(), claims), right_ones);
      }
      std::vector<std::optional<Hash>> shown(count);
      VrfKernels()[0].verify(Key().PublicKey(), claims, shown.data());
      size_t shown_right = 0;
      for (size_t i = 0; i < count; ++i) {
        shown_right += shown[i].has_value();
        if (shown[i].has_value()) {
          EXPECT_EQ(*shown[i], Key().Label(claims[i].record));
        }
      }
      EXPECT_EQ(shown_right, right_ones) << count << ", mixture " << mixture;
    }
  }
}

// Nobody who keeps to the suite has the nonce 0, but its proof is one: U and V are the
// identity, and are hashed as zeros.
TEST(VrfClaimsTest, TheProofWithTheNonceZeroIsRight) {
  std::vector<VrfClaim> claims;
  for (int i = 0; i < 9; ++i) {
    const Hash record = RandomRecord();
    const VrfProof usual = Key().Prove(record).proof;
    Hash h, c, s;
    crypto_core_ristretto255_from_hash(
        h.data(), vrf::MapInput(Key().PublicKey().bytes(), record).data());
    const vrf::Challenge challenge =
        vrf::ChallengeOf(Key().PublicKey().bytes(), h, usual.Gamma(), Hash(), Hash());
    std::memcpy(c.data(), challenge.data(), challenge.size());
    crypto_core_ristretto255_scalar_mul(s.data(), c.data(), Key().Scalar().data());
    claims.push_back({record, *With(*With(usual, 32, challenge), 48, s)});
  }
  EXPECT_EQ(ExpectJudgedAlike(Key().PublicKey(), claims), claims.size());
}

TEST(VrfClaimsTest, UnderAnotherKeyAllAreWrong) {
  std::vector<VrfClaim> claims;
  for (int i = 0; i < 9; ++i) claims.push_back(RightClaim());
  const VrfSecretKey other = VrfSecretKey::Generate().value();
  EXPECT_EQ(ExpectJudgedAlike(other.PublicKey(), claims), 0u);
}

// Made in batches, too. SETLOG_CLAIMS: how many. The nightly run asks for more.
TEST(VrfClaimsTest, ManyRandomClaimsOfManyKeys) {
  const char* const wanted = std::getenv("SETLOG_CLAIMS");
  const size_t count = wanted != nullptr ? std::stoul(wanted) : 1'000;
  for (size_t done = 0; done < count; done += 50) {
    const VrfSecretKey key = VrfSecretKey::Generate().value();
    std::vector<Hash> records(50);
    for (Hash& record : records) record = RandomRecord();
    const std::vector<VrfSecretKey::Answer> answers = Proofs(key, records);
    std::vector<VrfClaim> claims;
    for (size_t i = 0; i < records.size(); ++i) {
      claims.push_back({records[i], answers[i].proof});
      EXPECT_EQ(claims[i].proof, key.Prove(records[i]).proof);
    }
    claims[done / 50 % 50].record.data()[7] ^= 1;
    EXPECT_EQ(ExpectJudgedAlike(key.PublicKey(), claims), claims.size() - 1);
  }
}

}  // namespace
}  // namespace setlog
