// log/signature_types.h -- the signature types of notes, and how each is verified.
//
//   const SignatureKind* kind = FindSignatureKind(0x04);   // a row of the table
//   absl::StatusOr<uint64_t> time_s = kind->verify(key, note.text, line.signature);
//
//   0x01 Ed25519 | 0x02 ECDSA | 0x04 Ed25519 cosignature/v1 | 0x05 RFC 6962 tree head |
//   0x06 ML-DSA-44 cosignature | 0xff other
//
// A row without `verify` is a type that is known by name only: a key of it is refused
// where somebody names one, with the row's reason; lines of it on a note are ignored,
// as the note format says, however long they are (ML-DSA-44: 3.3 kB). To verify another
// type is to give its row a function, and VerifierKey a place for its public key.
// Source: C2SP signed-note, tlog-cosignature. Pure; thread-safe.
#ifndef SETLOG_LOG_SIGNATURE_TYPES_H_
#define SETLOG_LOG_SIGNATURE_TYPES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/vkey.h"

namespace setlog {

enum class Signer : uint8_t { kLog, kWitness };

struct SignatureKind {
  uint8_t type;
  std::string_view name;
  Signer signer = Signer::kLog;
  // The time that `signature`, what follows the key ID on a line, claims; 0 for a type
  // without times. DataLoss if it is malformed, or not the key's for `text`.
  absl::StatusOr<uint64_t> (*verify)(const VerifierKey& key, std::string_view text,
                                     Bytes signature) = nullptr;
  std::string_view why_not = "";  // without `verify`
};

// nullptr for a type that C2SP does not name.
const SignatureKind* FindSignatureKind(uint8_t type);

// The types that are verified, for messages: "0x01 (Ed25519) and ...".
std::string VerifiedSignatureTypes();

}  // namespace setlog

#endif  // SETLOG_LOG_SIGNATURE_TYPES_H_
