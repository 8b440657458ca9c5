#include "log/vrf.h"

#include <sodium.h>

#include <ostream>
#include <utility>

#include "log/vrf_suite.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

std::string FromHex(const nlohmann::json& hex) {
  return BytesFromHex(hex.get<std::string>()).value();
}

// The secret key of C2SP's vector.
constexpr std::string_view kSecret =
    "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500";
// q, little endian.
constexpr std::string_view kOrder =
    "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

VrfSecretKey KeyOf(std::string_view hex) {
  return VrfSecretKey::FromBytes(AsBytes(*BytesFromHex(hex))).value();
}

const Hash kRecord =
    HashOf("5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9");

// a + b of little-endian numbers, which must fit in 32 bytes.
std::string Sum(std::string a, std::string_view b) {
  int carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += static_cast<uint8_t>(a[i]) + static_cast<uint8_t>(b[i]);
    a[i] = static_cast<char>(carry);
    carry >>= 8;
  }
  EXPECT_EQ(carry, 0);
  return a;
}

// The bytes of a proof, with its parts at 0, 32 and 48 replaced by `part`.
std::string With(const VrfProof& proof, size_t at, std::string_view part) {
  return std::string(AsText(proof.bytes())).replace(at, part.size(), part);
}

TEST(VrfTest, MatchesTheVectorOfC2sp) {
  const VrfSecretKey key = KeyOf(kSecret);
  EXPECT_EQ(ToHex(key.PublicKey().bytes()),
            "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e");
  const std::string alpha = FromHex("633273702e6f72672f7672662d72323535");
  EXPECT_EQ(alpha, "c2sp.org/vrf-r255");
  Hash h;
  crypto_core_ristretto255_from_hash(
      h.data(), vrf::MapInput(key.PublicKey().bytes(), AsBytes(alpha)).data());
  EXPECT_EQ(ToHex(h),
            "f245308737c2a888ba56448c8cdbce9d063b57b147e063ce36c580194ef31a63");
  const auto [proof, beta] = key.Prove(AsBytes(alpha));
  EXPECT_EQ(ToHex(proof.bytes()),
            "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff926"
            "5c805525233e2284dbed45e593b8eea3"
            "1d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c");
  EXPECT_EQ(ToHex(beta),
            "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e182736"
            "03bf1c6c25d7a797aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794");
  const auto verified = key.PublicKey().Verify(AsBytes(alpha), proof);
  ASSERT_OK(verified);
  EXPECT_EQ(*verified, beta);
}

// tests/data/make_vrf.py: RFC 9496 and RFC 9381 in Python's integers.
TEST(VrfTest, ProvesAndVerifiesAsAnIndependentImplementation) {
  const nlohmann::json vectors = ReadTestJson("vrf.json")["proofs"];
  ASSERT_EQ(vectors.size(), 50);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.dump());
    const VrfSecretKey key = KeyOf(vector["sk"].get<std::string>());
    EXPECT_EQ(ToHex(key.Scalar()), vector["sk"]);
    EXPECT_EQ(ToHex(key.PublicKey().bytes()), vector["pk"]);
    const std::string alpha = FromHex(vector["alpha"]);
    const std::string beta = FromHex(vector["beta"]);
    EXPECT_EQ(ToHex(key.Label(AsBytes(alpha))), ToHex(AsBytes(beta).first(32)));
    const auto answer = key.Prove(AsBytes(alpha));
    EXPECT_EQ(ToHex(answer.proof.bytes()), vector["pi"]);
    EXPECT_EQ(ToHex(answer.beta), vector["beta"]);

    const auto public_key = VrfPublicKey::Parse(AsBytes(FromHex(vector["pk"])));
    ASSERT_OK(public_key);
    EXPECT_EQ(*public_key, key.PublicKey());
    const auto proof = VrfProof::Parse(AsBytes(FromHex(vector["pi"])));
    ASSERT_OK(proof);
    EXPECT_EQ(*proof, answer.proof);
    const auto verified = public_key->Verify(AsBytes(alpha), *proof);
    ASSERT_OK(verified);
    EXPECT_EQ(AsText(*verified), beta);
  }
}

TEST(VrfTest, AProofIsForOneKeyAndOneInput) {
  const nlohmann::json vectors = ReadTestJson("vrf.json")["proofs"];
  const size_t count = vectors.size();
  std::set<std::string> labels;
  for (size_t i = 0; i < count; ++i) {
    const auto proof = VrfProof::Parse(AsBytes(FromHex(vectors[i]["pi"]))).value();
    const auto key = VrfPublicKey::Parse(AsBytes(FromHex(vectors[i]["pk"]))).value();
    const nlohmann::json& other = vectors[(i + 1) % count];
    EXPECT_STATUS(key.Verify(AsBytes(FromHex(other["alpha"])), proof),
                  StatusCode::kDataLoss, "wrong for this record");
    const auto other_key = VrfPublicKey::Parse(AsBytes(FromHex(other["pk"]))).value();
    EXPECT_STATUS(other_key.Verify(AsBytes(FromHex(vectors[i]["alpha"])), proof),
                  StatusCode::kDataLoss, "wrong for this record");
    labels.insert(vectors[i]["beta"].get<std::string>().substr(0, 64));
  }
  EXPECT_EQ(labels.size(), count);
}

TEST(VrfTest, TheLabelIsTheBeginningOfBetaForEveryLengthOfInput) {
  const VrfSecretKey key = KeyOf(kSecret);
  for (size_t length : {0, 1, 20, 31, 32, 33, 64, 127, 128, 1000}) {
    const std::string alpha(length, 'a');
    const auto answer = key.Prove(AsBytes(alpha));
    EXPECT_EQ(key.Label(AsBytes(alpha)), LabelOf(answer.beta));
    const auto verified = key.PublicKey().Verify(AsBytes(alpha), answer.proof);
    ASSERT_OK(verified);
    EXPECT_EQ(*verified, answer.beta);
    EXPECT_EQ(key.Prove(AsBytes(alpha)).proof, answer.proof);  // nothing random
    // A zero behind it is another input.
    EXPECT_STATUS(key.PublicKey().Verify(AsBytes(alpha + '\0'), answer.proof),
                  StatusCode::kDataLoss, "wrong");
  }
}

TEST(VrfTest, AnyFlippedBitOfAProofIsRefused) {
  const VrfSecretKey key = KeyOf(kSecret);
  const VrfProof proof = key.Prove(kRecord).proof;
  int malformed = 0;
  for (size_t bit = 0; bit < 8 * VrfProof::kSize; ++bit) {
    std::string bytes(AsText(proof.bytes()));
    bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
    const auto other = VrfProof::Parse(AsBytes(bytes));
    if (!other.ok()) {
      EXPECT_EQ(other.status().code(), StatusCode::kInvalidArgument);
      ++malformed;
      continue;
    }
    EXPECT_EQ(AsText(other->bytes()), bytes);
    EXPECT_STATUS(key.PublicKey().Verify(kRecord, *other), StatusCode::kDataLoss,
                  "wrong");
  }
  // Gamma is even and below 2^255, s below 2^253; and c can be anything.
  EXPECT_GE(malformed, 2 + 3);
  EXPECT_LE(malformed, 256 + 4);
}

TEST(VrfTest, AnyFlippedBitOfTheRecordOrThePublicKeyIsRefused) {
  const VrfSecretKey key = KeyOf(kSecret);
  const VrfProof proof = key.Prove(kRecord).proof;
  for (size_t bit = 0; bit < 256; ++bit) {
    Hash record = kRecord;
    record.bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_STATUS(key.PublicKey().Verify(record, proof), StatusCode::kDataLoss,
                  "wrong");
    Hash point = key.PublicKey().bytes();
    point.bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const auto other = VrfPublicKey::Parse(point);
    if (!other.ok()) continue;
    EXPECT_STATUS(other->Verify(kRecord, proof), StatusCode::kDataLoss, "wrong");
  }
}

// libsodium takes both for s, so a proof would have two forms.
TEST(VrfTest, RefusesAScalarThatIsNotReduced) {
  const std::string order = FromHex(kOrder);
  const VrfSecretKey key = KeyOf(kSecret);
  const VrfProof proof = key.Prove(kRecord).proof;
  const std::string s(AsText(proof.Scalar()));
  std::string with_top_bit = s;
  with_top_bit[31] ^= '\x80';
  Hash product;
  ASSERT_EQ(crypto_scalarmult_ristretto255_base(product.data(), AsBytes(s).data()), 0);
  for (const std::string& other : {Sum(s, order), with_top_bit}) {
    Hash same;
    ASSERT_EQ(crypto_scalarmult_ristretto255_base(same.data(), AsBytes(other).data()),
              0);
    EXPECT_EQ(same, product);
    EXPECT_STATUS(VrfProof::Parse(AsBytes(With(proof, 48, other))),
                  StatusCode::kInvalidArgument, "below the order");
  }
  const std::string one = '\1' + std::string(31, '\0');
  EXPECT_STATUS(VrfProof::Parse(AsBytes(With(proof, 48, order))),
                StatusCode::kInvalidArgument, "below the order");
  EXPECT_STATUS(VrfProof::Parse(AsBytes(With(proof, 48, Sum(order, one)))),
                StatusCode::kInvalidArgument, "below the order");
  EXPECT_STATUS(VrfProof::Parse(AsBytes(With(proof, 48, std::string(32, '\xff')))),
                StatusCode::kInvalidArgument, "below the order");
  std::string below = order;
  below[0] -= 1;
  EXPECT_OK(VrfProof::Parse(AsBytes(With(proof, 48, below))));
}

TEST(VrfTest, RefusesTheIdentityWhichLibsodiumTakes) {
  const std::string identity(32, '\0');
  ASSERT_EQ(crypto_core_ristretto255_is_valid_point(AsBytes(identity).data()), 1);
  EXPECT_STATUS(VrfPublicKey::Parse(AsBytes(identity)), StatusCode::kInvalidArgument,
                "identity");
  const VrfProof proof = KeyOf(kSecret).Prove(kRecord).proof;
  EXPECT_STATUS(VrfProof::Parse(AsBytes(With(proof, 0, identity))),
                StatusCode::kInvalidArgument, "identity");
}

// libsodium 1.0.18 passes over bit 255: every element would have a second encoding, the
// identity one that is not zero.
TEST(VrfTest, RefusesASecondEncodingByBit255) {
  const VrfSecretKey key = KeyOf(kSecret);
  const VrfProof proof = key.Prove(kRecord).proof;
  for (Hash point : {key.PublicKey().bytes(), HashFromBytes(proof.Gamma()), Hash{}}) {
    point.bytes[31] ^= 0x80;
    EXPECT_STATUS(VrfPublicKey::Parse(point), StatusCode::kInvalidArgument, "encoding");
    EXPECT_STATUS(VrfProof::Parse(AsBytes(With(proof, 0, AsText(point)))),
                  StatusCode::kInvalidArgument, "encoding");
  }
}

TEST(VrfTest, RefusesWhatEncodesNoElement) {
  const VrfProof proof = KeyOf(kSecret).Prove(kRecord).proof;
  size_t tried = 0;
  const nlohmann::json vectors = ReadTestJson("vrf.json")["no_elements"];
  EXPECT_EQ(vectors.size(), 5);  // reasons
  for (const auto& [why, list] : vectors.items()) {
    SCOPED_TRACE(why);
    for (const auto& hex : list) {
      const std::string bytes = FromHex(hex);
      EXPECT_STATUS(VrfPublicKey::Parse(AsBytes(bytes)), StatusCode::kInvalidArgument,
                    "encoding");
      EXPECT_STATUS(VrfProof::Parse(AsBytes(With(proof, 0, bytes))),
                    StatusCode::kInvalidArgument, "encoding");
      ++tried;
    }
  }
  EXPECT_GT(tried, 100);
}

TEST(VrfTest, RefusesWrongLengths) {
  const VrfSecretKey key = KeyOf(kSecret);
  const std::string proof = std::string(AsText(key.Prove(kRecord).proof.bytes())) + "x";
  for (size_t length = 0; length <= proof.size(); ++length) {
    if (length == VrfProof::kSize) continue;
    EXPECT_STATUS(VrfProof::Parse(AsBytes(proof).first(length)),
                  StatusCode::kInvalidArgument, "80 bytes");
  }
  const std::string one = '\2' + std::string(80, '\0');
  for (size_t length : {0, 1, 31, 33, 64, 80}) {
    EXPECT_STATUS(VrfPublicKey::Parse(AsBytes(one).first(length)),
                  StatusCode::kInvalidArgument, "32 bytes");
    EXPECT_STATUS(VrfSecretKey::FromBytes(AsBytes(one).first(length)),
                  StatusCode::kInvalidArgument, "32 bytes");
  }
}

// Products that are the identity: libsodium calls that a failure.
TEST(VrfTest, ProofsOfZerosAreWrongAndNothingElse) {
  const VrfSecretKey key = KeyOf(kSecret);
  const VrfProof proof = key.Prove(kRecord).proof;
  for (size_t at : {32, 48}) {
    const std::string zeros(at == 32 ? 16 : 32, '\0');
    const auto parsed = VrfProof::Parse(AsBytes(With(proof, at, zeros)));
    ASSERT_OK(parsed);
    EXPECT_STATUS(key.PublicKey().Verify(kRecord, *parsed), StatusCode::kDataLoss,
                  "wrong");
  }
  const auto both = VrfProof::Parse(AsBytes(With(proof, 32, std::string(48, '\0'))));
  ASSERT_OK(both);
  EXPECT_STATUS(key.PublicKey().Verify(kRecord, *both), StatusCode::kDataLoss, "wrong");
}

// One label a record: whoever has the key cannot prove another Gamma either.
TEST(VrfTest, AnotherGammaOfTheKeysOwnerDoesNotVerify) {
  const VrfSecretKey key = KeyOf(kSecret);
  const Hash other_record{};
  const VrfProof proof = key.Prove(kRecord).proof;
  const std::string gamma(AsText(key.Prove(other_record).proof.Gamma()));
  const auto mixed = VrfProof::Parse(AsBytes(With(proof, 0, gamma)));
  ASSERT_OK(mixed);
  EXPECT_STATUS(key.PublicKey().Verify(kRecord, *mixed), StatusCode::kDataLoss,
                "wrong");
  EXPECT_STATUS(key.PublicKey().Verify(other_record, *mixed), StatusCode::kDataLoss,
                "wrong");
}

TEST(VrfSecretKeyTest, IsAScalarFromOneToTheOrder) {
  const std::string order = FromHex(kOrder);
  const std::string one = '\1' + std::string(31, '\0');
  std::string greatest = order;
  greatest[0] -= 1;
  for (const std::string& good : {one, greatest}) {
    const auto key = VrfSecretKey::FromBytes(AsBytes(good));
    ASSERT_OK(key);
    EXPECT_EQ(AsText(key->Scalar()), good);
  }
  std::string with_top_bit = FromHex(kSecret);
  with_top_bit[31] ^= '\x80';
  for (const std::string& bad :
       {std::string(32, '\0'), order, Sum(order, one), Sum(FromHex(kSecret), order),
        with_top_bit, std::string(32, '\xff')}) {
    const auto key = VrfSecretKey::FromBytes(AsBytes(bad));
    // The whole message, so that none of the key is in it.
    EXPECT_EQ(key.status(), absl::InvalidArgumentError(
                                "not a VRF secret key: the bytes are zero, or no "
                                "scalar below the order of the group"));
  }
}

TEST(VrfSecretKeyTest, GeneratedKeysDifferAndWork) {
  const auto a = VrfSecretKey::Generate();
  const auto b = VrfSecretKey::Generate();
  ASSERT_OK(a);
  ASSERT_OK(b);
  EXPECT_NE(AsText(a->Scalar()), AsText(b->Scalar()));
  EXPECT_NE(a->Label(kRecord), b->Label(kRecord));
  EXPECT_OK(a->PublicKey().Verify(kRecord, a->Prove(kRecord).proof));
  // It is the key of its bytes.
  const auto again = VrfSecretKey::FromBytes(a->Scalar());
  ASSERT_OK(again);
  EXPECT_EQ(again->PublicKey(), a->PublicKey());
  EXPECT_EQ(again->Label(kRecord), a->Label(kRecord));
}

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(VrfSecretKeyTest, MovesAndIsNeitherCopiedNorPrinted) {
  static_assert(!std::is_copy_constructible_v<VrfSecretKey>);
  static_assert(!std::is_copy_assignable_v<VrfSecretKey>);
  static_assert(!Printable<VrfSecretKey>);
  VrfSecretKey first = KeyOf(kSecret);
  const uint8_t* const memory = first.Scalar().data();
  VrfSecretKey second = std::move(first);
  EXPECT_EQ(second.Scalar().data(), memory);  // no copy was made
  EXPECT_EQ(ToHex(second.Scalar()), kSecret);
  first = std::move(second);
  EXPECT_EQ(ToHex(first.Scalar()), kSecret);
  EXPECT_EQ(first.PublicKey(), KeyOf(kSecret).PublicKey());
}

using VrfSecretKeyDeathTest = testing::Test;

TEST(VrfSecretKeyDeathTest, TheSecretIsFencedAndConstantAndGoneAfterwards) {
  const VrfSecretKey key = KeyOf(kSecret);
  const volatile uint8_t* const secret = key.Scalar().data();
  EXPECT_DEATH((void)secret[VrfSecretKey::kSize], "");
  EXPECT_DEATH(*const_cast<volatile uint8_t*>(secret) = 1, "");
  const volatile uint8_t* dead;
  {
    const VrfSecretKey other = KeyOf(kSecret);
    dead = other.Scalar().data();
    ASSERT_EQ(dead[0], 0x34);
  }
  EXPECT_DEATH((void)*dead, "");
}

}  // namespace
}  // namespace setlog
