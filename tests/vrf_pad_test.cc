#include "log/vrf_pad.h"

#include "log/bytes.h"
#include "log/vrf.h"
#include "testing.h"

namespace setlog {
namespace {

TEST(VrfPadTest, TheInputIsTextAndABigEndianNumber) {
  EXPECT_EQ(ToHex(PadInput(0)), "7365746c6f672f7061642f310000000000000000");
  EXPECT_EQ(ToHex(PadInput(258)), "7365746c6f672f7061642f310000000000000102");
  EXPECT_EQ(ToHex(PadInput(UINT64_MAX)), "7365746c6f672f7061642f31ffffffffffffffff");
}

// By Python, tests/data/make_vrf.py.
TEST(VrfPadTest, PadsHaveTheLabelsOfTheGoldenFile) {
  std::map<std::string, nlohmann::json> by_input;
  const nlohmann::json vectors = ReadTestJson("vrf.json")["proofs"];
  for (const auto& vector : vectors) {
    by_input[vector["alpha"]] = vector;
  }
  for (uint64_t i : {uint64_t{0}, uint64_t{1}, uint64_t{256}, UINT64_MAX}) {
    const nlohmann::json& vector = by_input.at(ToHex(PadInput(i)));
    const auto key =
        VrfSecretKey::FromBytes(HashOf(vector["sk"].get<std::string>())).value();
    const std::string beta = vector["beta"];
    EXPECT_EQ(ToHex(key.Label(PadInput(i))), beta.substr(0, 64));
  }
}

// By the definition, with numbers that cannot overflow.
uint64_t SlowPadCount(uint64_t n) {
  int log = -1;
  for (unsigned __int128 power = 1; power <= n; power *= 2) ++log;
  unsigned __int128 unit = 1;
  for (int i = 0; i < log - 3; ++i) unit *= 2;
  const unsigned __int128 padded = n % unit == 0 ? n : n - n % unit + unit;
  return static_cast<uint64_t>(padded - n);
}

TEST(VrfPadTest, ABatchGrowsToTheNextMultipleAndByLessThanAnEighth) {
  const auto check = [](uint64_t n) {
    EXPECT_EQ(PadCount(n), SlowPadCount(n)) << n;
    EXPECT_LE(PadCount(n), n / 8) << n;
  };
  for (uint64_t n = 0; n < 5000; ++n) check(n);
  for (int bits = 4; bits < 64; ++bits) {
    for (uint64_t low : {0, 1, 2, 3}) {
      check((uint64_t{1} << bits) + low);
      check((uint64_t{1} << bits) - low);
    }
  }
  check(UINT64_MAX);
  check(UINT64_MAX - 1);
}

TEST(VrfPadTest, KnownCounts) {
  EXPECT_EQ(PadCount(0), 0);
  EXPECT_EQ(PadCount(15), 0);
  EXPECT_EQ(PadCount(16), 0);
  EXPECT_EQ(PadCount(17), 1);              // a multiple of 2
  EXPECT_EQ(PadCount(1000), 24);           // a multiple of 64
  EXPECT_EQ(PadCount(1'000'000), 48'576);  // a multiple of 65,536
  EXPECT_EQ(PadCount(UINT64_MAX), 1);
}

TEST(VrfPadTest, NoMoreThanEightSizesAreSeenBetweenPowersOfTwo) {
  for (uint64_t n : {1024, 4096, 1 << 16}) {
    std::set<uint64_t> seen;
    for (uint64_t i = n; i < 2 * n; ++i) seen.insert(i + PadCount(i));
    EXPECT_EQ(seen.size(), 9);  // with the end
  }
}

}  // namespace
}  // namespace setlog
