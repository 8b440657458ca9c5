// log/skey.h -- a named secret key in its text form, as key files hold it.
//
//   absl::StatusOr<SigningKey> key = ParseSkey("PRIVATE+KEY+example.com/log+a87f...");
//   FormatVkey(key->Verifier(SignatureType::kEd25519));      // a log publishes this
//   FormatVkey(key->Verifier(SignatureType::kCosignature));  // a witness this
//
//   skey = "PRIVATE+KEY+" name "+" 8 hex digits "+" base64(0x01 | 32-byte seed)
//
// The digits are the key ID of the type 0x01 key, also in a witness's file: the form
// has no other type. Not of C2SP: the convention of golang.org/x/mod/sumdb/note, so
// that keys can be carried between its tools and these. No line feed is part of it.
// Thread-safe: keys are constant once made.
#ifndef SETLOG_LOG_SKEY_H_
#define SETLOG_LOG_SKEY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/ed25519.h"
#include "log/vkey.h"

namespace setlog {

struct SigningKey {
  std::string name;  // passes CheckKeyName
  Ed25519PrivateKey key;

  VerifierKey Verifier(SignatureType type) const;
};

// InvalidArgument if `name` may not name a key.
absl::StatusOr<SigningKey> MakeSigningKey(std::string_view name, Ed25519PrivateKey key);

// InvalidArgument unless FormatSkey gives back exactly `skey`. No message quotes any of
// it but the name. Wipes what it copies; the caller wipes `skey`.
absl::StatusOr<SigningKey> ParseSkey(std::string_view skey);

// Holds the secret: wipe it after use.
std::string FormatSkey(const SigningKey& key);

}  // namespace setlog

#endif  // SETLOG_LOG_SKEY_H_
