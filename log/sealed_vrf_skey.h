// log/sealed_vrf_skey.h -- a VRF's secret key encrypted with a passphrase, as text.
//
//   absl::StatusOr<SealedVrfSkey> sealed = SealVrfSkey(key, passphrase.bytes());
//   const std::string text = FormatSealedVrfSkey(*sealed);  // for a file
//   sealed = ParseSealedVrfSkey(text);
//   absl::StatusOr<VrfSecretKey> same = OpenVrfSkey(*sealed, passphrase.bytes());
//
//   sealed = "ENCRYPTED+VRF+" public key "+" passes "+" MiB "+" salt "+" nonce "+" box
//   key    = Argon2id v1.3 (RFC 9106) of passphrase and salt, one lane, 32 bytes
//   box    = XChaCha20-Poly1305 of the 32-byte scalar under key and nonce; associated
//            data: the text up to the box
//
// Numbers are decimal, all else is lower-case hex: 64, 32 (salt), 48 (nonce) and 96
// digits. The public key can be read without the passphrase, but only opening proves
// that the secret is its. Not of any standard: age and PKCS #8 have no form for a
// scalar of this group. No line feed is part of it. Thread-safe: pure functions.
#ifndef SETLOG_LOG_SEALED_VRF_SKEY_H_
#define SETLOG_LOG_SEALED_VRF_SKEY_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/vrf.h"

namespace setlog {

// What one try of a passphrase costs. The default is libsodium's "moderate": 256 MiB
// and about half a second, for the owner once a program, for a thief each guess.
struct PassphraseCost {
  uint32_t passes = 3;
  uint32_t mebibytes = 256;

  friend bool operator==(const PassphraseCost&, const PassphraseCost&) = default;
};

// A text of a stranger may not ask for more: libsodium's "sensitive", a few seconds.
inline constexpr uint32_t kMaxPassphraseMebibytes = 1024;
inline constexpr uint32_t kMaxPassphraseWork = 4 * kMaxPassphraseMebibytes;

struct SealedVrfSkey {
  VrfPublicKey public_key;
  PassphraseCost cost;
  std::array<uint8_t, 16> salt;
  std::array<uint8_t, 24> nonce;
  std::array<uint8_t, 48> box;

  friend bool operator==(const SealedVrfSkey&, const SealedVrfSkey&) = default;
};

// Whether `text` begins as one, so that other key texts can be told from it.
bool IsSealedVrfSkey(std::string_view text);

// InvalidArgument unless FormatSealedVrfSkey gives back exactly `text`, and for a cost
// above the bounds or of nothing. Nothing is computed from it yet: about 4 us.
absl::StatusOr<SealedVrfSkey> ParseSealedVrfSkey(std::string_view text);
std::string FormatSealedVrfSkey(const SealedVrfSkey& sealed);

// Encrypts, with a new salt and nonce. InvalidArgument for an empty passphrase, which
// protects nothing, and for a cost that ParseSealedVrfSkey refuses; ResourceExhausted
// if there is not that much memory.
absl::StatusOr<SealedVrfSkey> SealVrfSkey(const VrfSecretKey& key, Bytes passphrase,
                                          const PassphraseCost& cost = {});

// FailedPrecondition, in the same words whatever is wrong, for another passphrase, a
// changed text, and a secret that is not the public key's; ResourceExhausted as above.
// What is derived from the passphrase is wiped, but for Argon2's blocks, which
// libsodium unmaps.
absl::StatusOr<VrfSecretKey> OpenVrfSkey(const SealedVrfSkey& sealed, Bytes passphrase);

}  // namespace setlog

#endif  // SETLOG_LOG_SEALED_VRF_SKEY_H_
