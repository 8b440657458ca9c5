// log/cosignature.h -- a witness's word: "I saw this checkpoint at this time, and it is
// consistent with all I saw before".
//
//   absl::StatusOr<NoteSignature> line = SignCosignature(note.text, witness_key,
//   now_s); absl::StatusOr<uint64_t> time_s = VerifyCosignature(note, witness_vkey);
//
//   signature = u64 time | 64-byte Ed25519 signature of:
//               "cosignature/v1" LF "time " decimal time LF, then the checkpoint's text
//
// Times are POSIX seconds, big endian on the wire. Nothing here knows what time it is:
// whether one is too old, or in the future, is for the caller.
// The signed bytes do not name the cosigner: a key must not be used under two names.
// Source: C2SP tlog-cosignature, signature type 0x04. Thread-safe: pure functions.
#ifndef SETLOG_LOG_COSIGNATURE_H_
#define SETLOG_LOG_COSIGNATURE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/ed25519.h"
#include "log/note.h"
#include "log/skey.h"
#include "log/vkey.h"

namespace setlog {

inline constexpr uint64_t kMaxCosignatureTime = (uint64_t{1} << 63) - 1;

// What follows the key ID in the signature line.
struct Cosignature {
  uint64_t time_s;
  Ed25519Signature signature;

  friend bool operator==(const Cosignature&, const Cosignature&) = default;
};

// InvalidArgument unless `blob` has 72 bytes and a time <= kMaxCosignatureTime. Time 0
// is well formed: C2SP uses it for statements that claim no time. VerifyCosignature
// refuses it, for a witness's cosignature always claims one.
absl::StatusOr<Cosignature> ParseCosignature(Bytes blob);

// What a cosigner signs.
std::string CosignedMessage(std::string_view text, uint64_t time_s);

// The line to add to the note of checkpoint `text`. InvalidArgument if the text is no
// checkpoint, or the time is 0 or above the limit. Checking that the log signed it, and
// that it is consistent with the last one cosigned, comes before and is the caller's.
absl::StatusOr<NoteSignature> SignCosignature(std::string_view text,
                                              const SigningKey& key, uint64_t time_s);

// The time of the first line with the name and ID of `key`. NotFound without such a
// line; DataLoss if it does not verify, is malformed or claims time 0 (then the whole
// note is to be rejected); InvalidArgument if the key is not of type 0x04.
absl::StatusOr<uint64_t> VerifyCosignature(const Note& note, const VerifierKey& key);

}  // namespace setlog

#endif  // SETLOG_LOG_COSIGNATURE_H_
