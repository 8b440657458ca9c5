// log/vkey.h -- public keys of logs and witnesses in their text form.
//
//   absl::StatusOr<VerifierKey> key = ParseVkey("example.com/log+a87f1415+AQOh...TG4");
//   key->name;           // "example.com/log"
//   FormatVkey(*key);    // the very same text
//   Fingerprint(*key);   // "SHA256:qH8UFV..." for people to compare
//
//   vkey = name "+" 8 lower-case hex digits of the key ID "+" base64(type | public key)
//   key ID = SHA-256(name | LF | type | public key)[0:4], big endian
//
// Source: C2SP signed-note, section "Verifier keys". Thread-safe: pure functions.
#ifndef SETLOG_LOG_VKEY_H_
#define SETLOG_LOG_VKEY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/ed25519.h"

namespace setlog {

// The signature types that setlog verifies; a key of any other type does not parse.
enum class SignatureType : uint8_t {
  kEd25519 = 0x01,      // a log's: over the text of the note (log/note.h)
  kCosignature = 0x04,  // a witness's: over a time and the text (log/cosignature.h)
};

struct VerifierKey {
  std::string name;
  SignatureType type;
  Ed25519PublicKey key;
  uint32_t id;  // always KeyId(name, type, key)

  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

uint32_t KeyId(std::string_view name, SignatureType type, const Ed25519PublicKey& key);

// The key with its id. InvalidArgument if `name` may not name a key (CheckKeyName).
absl::StatusOr<VerifierKey> MakeVerifierKey(std::string_view name, SignatureType type,
                                            const Ed25519PublicKey& key);

// InvalidArgument unless FormatVkey gives back exactly `vkey`; so also for a wrong key
// ID, another type, and a public key that Ed25519PublicKey::Parse refuses.
absl::StatusOr<VerifierKey> ParseVkey(std::string_view vkey);
std::string FormatVkey(const VerifierKey& key);

// "SHA256:" and the unpadded base64 of the whole hash whose first four bytes are the
// key ID. It binds name and type too, and is long enough to be compared instead of the
// vkey, which the key ID is not: anybody can make a key with a given ID.
std::string Fingerprint(const VerifierKey& key);

}  // namespace setlog

#endif  // SETLOG_LOG_VKEY_H_
