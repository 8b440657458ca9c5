#include "log/sha256.h"

#include <array>
#include <vector>

#include "testing.h"

namespace setlog {
namespace {

TEST(Sha256Test, MatchesFips180Examples) {
  EXPECT_EQ(ToHex(Sha256(Bytes())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(Sha256(AsBytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256({AsBytes("a"), AsBytes(""), AsBytes("bc")}), Sha256(AsBytes("abc")));
}

TEST(Sha256Test, EveryKernelMatchesSingleHashesForEveryShapeAndBatchLength) {
  std::vector<uint8_t> bodies(70 * 80);
  for (size_t i = 0; i < bodies.size(); ++i) bodies[i] = static_cast<uint8_t>(i * 131);
  const std::string prefixes[] = {"", "\x01", "\x11\x22", std::string("\0\x01", 2)};
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    for (const std::string& prefix : prefixes) {
      for (size_t body_bytes : {32, 33, 64, 65}) {
        for (size_t count = 0; count <= 70; ++count) {
          std::vector<Hash> out(count);
          kernel.hash_many(AsBytes(prefix), bodies.data(), body_bytes, count,
                           out.data());
          for (size_t i = 0; i < count; ++i) {
            const Bytes body(bodies.data() + i * body_bytes, body_bytes);
            ASSERT_EQ(out[i], Sha256({AsBytes(prefix), body}))
                << kernel.name << " " << body_bytes << " bytes, " << i << " of "
                << count;
          }
        }
      }
    }
  }
}

TEST(Sha256Test, ParentsMayOverwriteTheirChildren) {
  std::vector<Hash> nodes(64);
  for (size_t i = 0; i < nodes.size(); ++i) nodes[i].bytes[0] = static_cast<uint8_t>(i);
  std::vector<Hash> parents(32);
  constexpr std::array<uint8_t, 1> prefix = {1};
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    std::vector<Hash> in_place = nodes;
    kernel.hash_many(prefix, nodes[0].data(), 64, 32, parents.data());
    kernel.hash_many(prefix, in_place[0].data(), 64, 32, in_place.data());
    in_place.resize(32);
    EXPECT_EQ(in_place, parents) << kernel.name;
  }
}

TEST(BytesTest, HexIsStrict) {
  const std::string hex = ToHex(Sha256(AsBytes("abc")));
  EXPECT_EQ(HashFromHex(hex), Sha256(AsBytes("abc")));
  EXPECT_FALSE(HashFromHex(hex.substr(1)));
  EXPECT_FALSE(HashFromHex(hex + "00"));
  EXPECT_FALSE(BytesFromHex("0"));
  EXPECT_FALSE(BytesFromHex("0G"));
  EXPECT_FALSE(BytesFromHex("AB"));
  EXPECT_FALSE(BytesFromHex(" a"));
  EXPECT_EQ(BytesFromHex(""), "");
}

TEST(BytesTest, IntegersAreBigEndian) {
  std::string bytes;
  AppendU64(&bytes, 0x0102030405060708);
  EXPECT_EQ(ToHex(AsBytes(bytes)), "0102030405060708");
  EXPECT_EQ(ReadU64(AsBytes(bytes)), 0x0102030405060708u);
}

}  // namespace
}  // namespace setlog
