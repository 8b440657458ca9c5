#include "log/vrf_suite.h"

#include <sodium.h>

#include <algorithm>
#include <initializer_list>

namespace setlog::vrf {
namespace {

constexpr uint8_t kZero[1] = {0};

Wide SuiteHash(uint8_t what, std::initializer_list<Bytes> parts) {
  crypto_hash_sha512_state state;  // libsodium wipes it in the end
  crypto_hash_sha512_init(&state);
  crypto_hash_sha512_update(&state, AsBytes(kSuite).data(), kSuite.size());
  crypto_hash_sha512_update(&state, &what, 1);
  for (Bytes part : parts) {
    crypto_hash_sha512_update(&state, part.data(), part.size());
  }
  Wide hash;
  crypto_hash_sha512_final(&state, hash.data());
  return hash;
}

}  // namespace

Wide MapInput(Bytes public_key, Bytes alpha) {
  return SuiteHash(kMapInput, {public_key, alpha});
}

Wide NonceInput(Bytes secret_key, Bytes h) { return SuiteHash(0x81, {secret_key, h}); }

Challenge ChallengeOf(Bytes public_key, Bytes h, Bytes gamma, Bytes u, Bytes v) {
  const Wide hash = SuiteHash(kChallenge, {public_key, h, gamma, u, v, kZero});
  Challenge challenge;
  std::copy_n(hash.begin(), challenge.size(), challenge.begin());
  return challenge;
}

Wide OutputOf(Bytes gamma) { return SuiteHash(kOutput, {gamma, kZero}); }

}  // namespace setlog::vrf
