// Encodings of RFC 9496 in lanes, against libsodium.
#include "log/ristretto255_bytes.h"

#include <sodium.h>

#include <cstring>
#include <random>
#include <vector>

#include "lane_ops.h"
#include "log/bytes.h"
#include "testing.h"

namespace setlog {
namespace {

// libsodium passes over bit 255 (log/vrf.cc).
bool IsElement(const Hash& bytes) {
  return bytes.bytes[31] < 0x80 &&
         crypto_core_ristretto255_is_valid_point(bytes.data()) == 1;
}

// Every string in every lane, with its neighbours beside it: those that are elements
// come back as they were, and no others do.
void ExpectDecoded(const std::vector<Hash>& strings, size_t step) {
  for (const LaneOps* ops : AllLaneOps()) {
    SCOPED_TRACE(ops->name);
    for (size_t first = 0; first < strings.size(); first += step) {
      LaneBytes in, out;
      LaneMask valid;
      for (size_t lane = 0; lane < 8; ++lane) {
        std::memcpy(in[lane], strings[(first + lane) % strings.size()].data(), 32);
      }
      ops->recode(out, valid, in);
      for (size_t lane = 0; lane < 8; ++lane) {
        const Hash& string = strings[(first + lane) % strings.size()];
        ASSERT_EQ(valid.lane[lane], IsElement(string) ? ~uint64_t{0} : 0)
            << ToHex(string) << " in lane " << lane;
        if (IsElement(string)) {
          ASSERT_EQ(ToHex(HashFromBytes(out[lane])), ToHex(string));
        }
      }
    }
  }
}

TEST(Ristretto255BytesTest, TheIdentityAndTheBaseAndSmallMultiplesDecode) {
  std::vector<Hash> strings(1);  // the identity
  for (uint8_t i = 1; i < 40; ++i) {
    Hash scalar, element;
    scalar.data()[0] = i;
    ASSERT_EQ(crypto_scalarmult_ristretto255_base(element.data(), scalar.data()), 0);
    strings.push_back(element);
  }
  ExpectDecoded(strings, 1);
}

TEST(Ristretto255BytesTest, WhatEncodesNothingIsRefusedForEveryReason) {
  std::vector<Hash> strings;
  const nlohmann::json no_elements = ReadTestJson("vrf.json")["no_elements"];
  for (const auto& [why, list] : no_elements.items()) {
    for (const auto& hex : list) {
      if (hex.get<std::string>().size() == 64)
        strings.push_back(HashOf(hex.get<std::string>()));
    }
  }
  ASSERT_GT(strings.size(), 50u);
  // Elements between them.
  for (size_t i = 0; i < strings.size(); i += 3) {
    Hash element;
    crypto_core_ristretto255_random(element.data());
    strings.insert(strings.begin() + static_cast<ptrdiff_t>(i), element);
  }
  ExpectDecoded(strings, 1);
}

TEST(Ristretto255BytesTest, AnyStringDecodesOrNotAsWithLibsodium) {
  std::mt19937_64 random(5);
  std::vector<Hash> strings(2000);
  size_t elements = 0;
  for (size_t i = 0; i < strings.size(); ++i) {
    for (uint8_t& byte : strings[i].bytes) byte = static_cast<uint8_t>(random());
    if (i % 3 != 0) strings[i].data()[31] &= 0x7f;  // else hardly any would be
    if (i % 3 == 1) strings[i].data()[0] &= 0xfe;
    elements += IsElement(strings[i]);
  }
  EXPECT_GT(elements, 100u);
  ExpectDecoded(strings, 8);
}

TEST(Ristretto255BytesTest, OneBitMoreOrLessIsAnotherStringOrNone) {
  Hash element;
  crypto_core_ristretto255_random(element.data());
  std::vector<Hash> strings;
  for (int bit = 0; bit < 256; ++bit) {
    strings.push_back(element);
    strings.back().data()[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
  ExpectDecoded(strings, 8);
}

}  // namespace
}  // namespace setlog
