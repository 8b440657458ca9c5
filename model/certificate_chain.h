// model/certificate_chain.h -- is this certificate's key to be believed, and when?
//
//   absl::StatusOr<CertifiedSigner> signer = VerifyCertificateChain(
//       certificates, {.roots = roots, .at_us = now}, {.san = "ml@example.org"});
//   signer->key.Verify(...);
//
// The whole chain, leaf to root, must be valid at the one time asked about. Roots are
// those given and no others: never the system's. All but the leaf must be authorities
// (CA:TRUE). A leaf that signs itself is believed if it is given as a root. Keys and
// hashes of less than 112 bits of security are refused.
//
// What a certificate says of its use, it says of this use, too: a leaf's key usages
// have digitalSignature; extended key usages, of a leaf or of an authority, have
// codeSigning (or any). A leaf has at least one of the two extensions. OMS takes a leaf
// that has one of the two usages; but then whoever has a certificate for a web server
// (digitalSignature, serverAuth) signs models with it.
//
// Source: RFC 5280, by OpenSSL; OpenSSF Model Signing 1.0, "certificates".
#ifndef SETLOG_MODEL_CERTIFICATE_CHAIN_H_
#define SETLOG_MODEL_CERTIFICATE_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/ecdsa_key.h"

namespace setlog {

inline constexpr size_t kMaxChainCertificates = 32;

struct ChainAnchor {
  std::vector<std::string> roots;  // DER; each must be given by the verifier
  int64_t at_us = 0;
};

// What the leaf must say; nothing that is absent is asked.
struct ExpectedSigner {
  std::optional<std::string> san;      // one of its e-mail, URI or DNS names, exactly
  std::optional<std::string> subject;  // RFC 2253
  std::optional<std::string> issuer;   // the leaf's issuer, RFC 2253
};

struct CertifiedSigner {
  EcdsaPublicKey key;
  std::string subject;  // RFC 2253
  std::string issuer;
  std::vector<std::string> names;  // e-mail, URI and DNS names
  int64_t not_before_us = 0;
  int64_t not_after_us = 0;
};

// `chain` is DER, leaf first; what follows are intermediates, of use or not.
// InvalidArgument for what is no certificate; DataLoss, naming the certificate and the
// reason, for a chain that does not hold or a signer who was not expected.
absl::StatusOr<CertifiedSigner> VerifyCertificateChain(
    std::span<const std::string> chain, const ChainAnchor& anchor,
    const ExpectedSigner& expected);

// What a signer can know of the same: the chain holds at that time if what stands above
// its topmost certificate does, which only who verifies says.
absl::StatusOr<CertifiedSigner> CheckOwnChain(std::span<const std::string> chain,
                                              int64_t at_us);

// What one certificate (DER) says: nothing of it is verified. InvalidArgument if it is
// none, or of a key that model signatures do not have.
absl::StatusOr<CertifiedSigner> DescribeCertificate(std::string_view der);

// The certificates of a PEM file, as DER. InvalidArgument if there is none, or anything
// else beside them.
absl::StatusOr<std::vector<std::string>> CertificatesFromPem(std::string_view pem);

}  // namespace setlog

#endif  // SETLOG_MODEL_CERTIFICATE_CHAIN_H_
