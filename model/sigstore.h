// model/sigstore.h -- a bundle signed without a key of one's own: who signed, and when?
//
//   absl::StatusOr<SigstoreSigner> signer = VerifySigstore(
//       *bundle, *root, {.identity = "ml@example.org",
//                        .issuer = "https://accounts.example.org"});
//   signer->times_us;  // 2026-05-13 19:23:33: what the chain was verified at
//
// The signer's key lived for minutes and is certified by Fulcio; that it signed in
// those minutes is said by a time stamp (RFC 3161) or by the promise of a log (Rekor
// v1). All of this must hold, against the trusted root and nothing else, without
// network:
//
//   times      at least one; each time stamp and each promise in the bundle is right
//   chain      the certificate leads to an authority, valid at each of those times
//   SCT        a log of certificates has seen the certificate
//   signer     it names exactly this identity, vouched for by exactly this issuer
//   signature  its key signed the payload
//   entries    at least one; each says who signed what (this), and is proven to be in
//              a log by a path to a signed checkpoint
//
// The payload is not read: whoever calls parses the statement.
//
// Source: Sigstore client specification, section 4. Pure.
#ifndef SETLOG_MODEL_SIGSTORE_H_
#define SETLOG_MODEL_SIGSTORE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/bundle.h"
#include "model/ecdsa_key.h"
#include "model/fulcio.h"
#include "model/trusted_root.h"

namespace setlog {

// A bundle of more entries, or of more time stamps, is refused before any is verified.
inline constexpr size_t kMaxSigstoreProofs = 16;

struct SigstoreSigner {
  EcdsaPublicKey key;
  std::string identity;
  std::string issuer;
  std::vector<int64_t> times_us;  // ascending; at least one
  std::string log_url;            // of the first entry
  uint64_t log_index = 0;         // there
};

// InvalidArgument for a bundle of another kind or malformed parts, and for an
// expectation that is empty; NotFound if the trusted root does not know a log;
// Unimplemented for entries or keys of a kind not known here; DataLoss, naming the
// part and the reason, for whatever does not hold.
absl::StatusOr<SigstoreSigner> VerifySigstore(const ModelBundle& bundle,
                                              const TrustedRoot& root,
                                              const ExpectedIdentity& expected);

}  // namespace setlog

#endif  // SETLOG_MODEL_SIGSTORE_H_
