#include "log/vrf_skey.h"

#include <sodium.h>

#include <array>

namespace setlog {
namespace {

constexpr std::string_view kPrefix = "PRIVATE+VRF+";
constexpr size_t kDigits = 64;
constexpr size_t kSecretAt = kPrefix.size() + kDigits + 1;

// libsodium's, which look nothing up: a cache tells of indices.
std::array<char, kDigits + 1> Hex(Bytes bytes) {
  std::array<char, kDigits + 1> hex;
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  return hex;
}

}  // namespace

bool IsVrfSkey(std::string_view text) { return text.starts_with(kPrefix); }

absl::StatusOr<VrfSecretKey> ParseVrfSkey(std::string_view skey) {
  if (skey.size() != kSecretAt + kDigits) {
    return absl::InvalidArgumentError(
        "a VRF secret key has the form PRIVATE+VRF+PUBLIC+SECRET");
  }
  std::array<uint8_t, VrfSecretKey::kSize> scalar{};
  // Whether these were digits, the comparison below says.
  (void)!sodium_hex2bin(scalar.data(), scalar.size(), &skey[kSecretAt], kDigits,
                        nullptr, nullptr, nullptr);
  absl::StatusOr<VrfSecretKey> key = VrfSecretKey::FromBytes(scalar);
  sodium_memzero(scalar.data(), scalar.size());
  if (!key.ok()) return key.status();
  std::string again = FormatVrfSkey(*key);
  const bool same = sodium_memcmp(again.data(), skey.data(), again.size()) == 0;
  sodium_memzero(again.data(), again.size());
  if (!same) {
    return absl::InvalidArgumentError(
        "VRF secret key: its public key is another one's, or it is not of the form "
        "PRIVATE+VRF+PUBLIC+SECRET in lower-case hex");
  }
  return key;
}

std::string FormatVrfSkey(const VrfSecretKey& key) {
  std::string skey;
  skey.reserve(kSecretAt + kDigits);  // so that no copy stays behind
  skey += kPrefix;
  skey += Hex(key.PublicKey().bytes()).data();
  skey += '+';
  std::array<char, kDigits + 1> secret = Hex(key.Scalar());
  skey += secret.data();
  sodium_memzero(secret.data(), secret.size());
  return skey;
}

}  // namespace setlog
