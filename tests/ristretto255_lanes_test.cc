// The group of RFC 9496 in lanes, against libsodium.
#include <sodium.h>

#include <array>
#include <cstring>
#include <random>
#include <vector>

#include "lane_ops.h"
#include "log/bytes.h"
#include "log/vrf_label_key.h"
#include "testing.h"

namespace setlog {
namespace {

using Uniform = std::array<uint8_t, 64>;

Hash One() {
  Hash one;
  one.data()[0] = 1;
  return one;
}

// scalar times the images of `inputs`, by lanes; as many as needed are repeated.
std::vector<Hash> Gammas(const LaneOps& ops, const Hash& scalar,
                         const std::vector<Uniform>& inputs) {
  const VrfLabelKey key(scalar, Hash());
  std::vector<Hash> out;
  for (size_t begin = 0; begin < inputs.size(); begin += kGammas) {
    uint8_t uniform[kGammas][64];
    uint8_t gammas[kGammas][32];
    for (size_t i = 0; i < kGammas; ++i) {
      std::memcpy(uniform[i], inputs[(begin + i) % inputs.size()].data(), 64);
    }
    ops.gammas(gammas, uniform, key.get().half);
    for (size_t i = 0; i < kGammas && begin + i < inputs.size(); ++i) {
      out.push_back(HashFromBytes(gammas[i]));
    }
  }
  return out;
}

Hash Image(const Uniform& input) {
  Hash out;
  crypto_core_ristretto255_from_hash(out.data(), input.data());
  return out;
}

std::vector<Uniform> RandomInputs(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Uniform> inputs(count);
  for (Uniform& input : inputs) {
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(random());
  }
  return inputs;
}

// Halves that are special to the map, little endian.
std::vector<Hash> SpecialHalves() {
  std::vector<Hash> halves;
  const auto add = [&](std::string_view hex) {
    for (const uint8_t top : {0x00, 0x80}) {  // bit 255 is ignored
      halves.push_back(HashOf(hex));
      halves.back().data()[31] |= top;
    }
  };
  const std::string ones(58, 'f'), zeros(60, '0');
  add("00" + zeros + "00");  // r = 0
  add("01" + zeros + "00");  // r = i
  add("02" + zeros + "00");
  add("ec" + ones + "ff7f");  // p - 1
  add("ed" + ones + "ff7f");  // p: 0 again
  add("ee" + ones + "ff7f");  // p + 1
  add("ff" + ones + "ff7f");  // 2^255 - 1
  add("00" + zeros + "40");   // 2^254
  // r = -1 / d and r = -d, where the ratio under the root is over zero.
  add("40256ac5e4c73af6057c6d5120f90c4362ab4ad9015bc365598daca048bac400");
  add("adda953a1b38c509fa8392aedf06f3bc9d54b526fea43c9aa672535fb7453b7f");
  add("45e4a3b534d5cf8a559215f1d2564332ea91148c66abcb8a6814840ba7aa4c7a");
  add("a81b5c4acb2a3075aa6dea0e2da9bccd156eeb739954347597eb7bf45855b305");
  return halves;
}

TEST(Ristretto255LanesTest, TheMapIsLibsodiumsForSpecialInputs) {
  std::vector<Uniform> inputs;
  for (const Hash& a : SpecialHalves()) {
    for (const Hash& b : SpecialHalves()) {
      Uniform input;
      std::memcpy(input.data(), a.data(), 32);
      std::memcpy(input.data() + 32, b.data(), 32);
      inputs.push_back(input);
    }
  }
  size_t identities = 0;
  for (const LaneOps* ops : AllLaneOps()) {
    SCOPED_TRACE(ops->name);
    const std::vector<Hash> images = Gammas(*ops, One(), inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(ToHex(images[i]), ToHex(Image(inputs[i]))) << ToHex(inputs[i]);
      identities += images[i] == Hash();
    }
  }
  // So their neighbours in a batch are right beside a product that would be zero.
  EXPECT_GT(identities, 0u);
}

TEST(Ristretto255LanesTest, TheMapIsLibsodiumsForRandomInputs) {
  for (const LaneOps* ops : AllLaneOps()) {
    SCOPED_TRACE(ops->name);
    const bool fast = ops == Avx512IfmaLaneOps();
    const std::vector<Uniform> inputs = RandomInputs(fast ? 100'000 : 640, 1);
    const std::vector<Hash> images = Gammas(*ops, One(), inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(images[i], Image(inputs[i])) << ToHex(inputs[i]);
    }
  }
}

// Scalars of few, or nearly only, ones and zeros, and those beside the order.
std::vector<Hash> SpecialScalars() {
  std::vector<Hash> scalars;
  Hash order =
      HashOf("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const auto add = [&](Hash scalar, int by) {
    const int low = scalar.data()[0] + by;  // no carry, as it is used here
    scalar.data()[0] = static_cast<uint8_t>(low);
    scalars.push_back(scalar);
  };
  for (int by : {1, 2, 3, 7, 8, 9, 15, 16, 17, 255}) add(Hash(), by);
  for (int by : {-1, -2, -3, -8, -9, -16, -17}) add(order, by);
  for (int bit : {7, 64, 128, 200, 251, 252}) {
    Hash power;
    power.data()[bit / 8] = static_cast<uint8_t>(1 << bit % 8);
    scalars.push_back(power);
    Hash ones;  // 2^bit - 1
    for (int i = 0; i < bit; ++i) ones.data()[i / 8] |= 1 << i % 8;
    scalars.push_back(ones);
  }
  for (uint8_t pattern : {0x88, 0x77, 0x80, 0x08, 0xf0, 0x0f, 0x55}) {
    Hash scalar;
    std::memset(scalar.data(), pattern, 31);
    scalars.push_back(scalar);
  }
  return scalars;
}

TEST(Ristretto255LanesTest, MultiplesAreLibsodiumsForSpecialAndRandomScalars) {
  std::vector<Hash> scalars = SpecialScalars();
  for (const Uniform& random : RandomInputs(20, 2)) {
    Hash scalar;
    crypto_core_ristretto255_scalar_reduce(scalar.data(), random.data());
    scalars.push_back(scalar);
  }
  const std::vector<Uniform> inputs = RandomInputs(kGammas, 3);
  for (const Hash& scalar : scalars) {
    std::vector<Hash> wanted(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(crypto_scalarmult_ristretto255(wanted[i].data(), scalar.data(),
                                               Image(inputs[i]).data()),
                0);
    }
    for (const LaneOps* ops : AllLaneOps()) {
      // Those in plain C++ take their time: every fourth.
      if (ops != Avx512IfmaLaneOps() && (&scalar - scalars.data()) % 4 != 0) continue;
      const std::vector<Hash> gammas = Gammas(*ops, scalar, inputs);
      for (size_t i = 0; i < inputs.size(); ++i) {
        ASSERT_EQ(gammas[i], wanted[i])
            << ops->name << ", " << ToHex(scalar) << ", lane " << i;
      }
    }
  }
}

TEST(Ristretto255LanesTest, ZeroTimesAnythingIsTheIdentity) {
  const std::vector<Uniform> inputs = RandomInputs(kGammas, 4);
  for (const LaneOps* ops : AllLaneOps()) {
    EXPECT_EQ(Gammas(*ops, Hash(), inputs), std::vector<Hash>(kGammas)) << ops->name;
  }
}

}  // namespace
}  // namespace setlog
