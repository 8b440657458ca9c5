#include "log/vrf_pad.h"

#include <algorithm>
#include <bit>
#include <string>

#include "log/bytes.h"

namespace setlog {

std::array<uint8_t, 20> PadInput(uint64_t i) {
  std::string text = "setlog/pad/1";
  AppendU64(&text, i);
  std::array<uint8_t, 20> input;
  std::copy(text.begin(), text.end(), input.begin());
  return input;
}

uint64_t PadCount(uint64_t n) {
  const int low_bits = std::max(0, static_cast<int>(std::bit_width(n)) - 4);
  // What is missing to a multiple of a power of two, also where that is 2^64.
  return (0 - n) & ((uint64_t{1} << low_bits) - 1);
}

}  // namespace setlog
