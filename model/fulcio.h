// model/fulcio.h -- the certificate of a key that lived for minutes.
//
//   absl::StatusOr<EcdsaPublicKey> key = VerifyFulcioCertificate(
//       der, *root, times_us, {.identity = "ml@example.org", .issuer = "https://..."});
//
// Who the signer is stands in the certificate's alternative name; who says so (the
// provider where the signer logged in) in an extension of Fulcio's own:
//
//   1.3.6.1.4.1.57264.1.8   the issuer, a UTF8String
//   1.3.6.1.4.1.57264.1.1   the same as bare bytes; read if the other is missing
//
// An identity without its issuer says nothing: any provider may vouch for any e-mail
// address. So both are always asked for, and compared as bytes.
//
// Source: Sigstore client specification, section 4.3; Fulcio's list of OIDs. Pure.
#ifndef SETLOG_MODEL_FULCIO_H_
#define SETLOG_MODEL_FULCIO_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "model/ecdsa_key.h"
#include "model/trusted_root.h"

namespace setlog {

struct ExpectedIdentity {
  std::string identity;  // an e-mail, URI or DNS name
  std::string issuer;    // a URL
};

// The key of `certificate` (DER), which must lead to one of the root's authorities and
// be valid at each of `times_us` (at least one), be for the signing of code, name what
// is expected, and have an SCT of one of the root's logs of certificates.
absl::StatusOr<EcdsaPublicKey> VerifyFulcioCertificate(
    const std::string& certificate, const TrustedRoot& root,
    std::span<const int64_t> times_us, const ExpectedIdentity& expected);

}  // namespace setlog

#endif  // SETLOG_MODEL_FULCIO_H_
