#include "log/vrf_blocks.h"

#include <algorithm>

#include "log/vrf_suite.h"

namespace setlog {

static_assert(lanes::kMapInputAt == vrf::kSuite.size() + 1 + Hash::kSize);
static_assert(lanes::kChallengeAt == lanes::kMapInputAt);
static_assert(lanes::kOutputAt == vrf::kSuite.size() + 1);

void PutBlocks(std::span<uint8_t> blocks, uint8_t what, Bytes after, size_t missing,
               size_t tail) {
  std::ranges::fill(blocks, 0);
  auto end = std::ranges::copy(vrf::kSuite, blocks.begin()).out;
  *end++ = what;
  end = std::ranges::copy(after, end).out + static_cast<ptrdiff_t>(missing + tail);
  *end = 0x80;
  const size_t bits = 8 * static_cast<size_t>(end - blocks.begin());
  blocks[blocks.size() - 2] = static_cast<uint8_t>(bits >> 8);
  blocks[blocks.size() - 1] = static_cast<uint8_t>(bits);
}

namespace {

// What is hashed to the group, and to a challenge.
template <typename Key>
void PutKeyBlocks(Key& key, const Hash& public_key) {
  PutBlocks(key.map_block, vrf::kMapInput, public_key, Hash::kSize, 0);
  PutBlocks(key.challenge_blocks, vrf::kChallenge, public_key, 4 * Hash::kSize, 1);
}

}  // namespace

lanes::ProveKey VrfProveKey(Bytes secret_scalar, const Hash& public_key) {
  lanes::ProveKey key;
  std::ranges::copy(secret_scalar, key.secret);
  PutKeyBlocks(key, public_key);
  return key;
}

lanes::VerifyKey VrfVerifyKey(const Hash& public_key) {
  lanes::VerifyKey key;
  std::ranges::copy(Bytes(public_key), key.public_key);
  PutKeyBlocks(key, public_key);
  PutBlocks(key.output_block, vrf::kOutput, Bytes(), Hash::kSize, 1);
  return key;
}

}  // namespace setlog
