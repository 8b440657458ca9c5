// model/bundle_signature.h -- who signed a bundle, and is that whom the reader trusts?
//
//   absl::StatusOr<ModelSigner> signer = VerifyBundleSignature(bundle,
//   TrustedKey{key}); signer->method;  // "key"
//
// A bundle says with what kind of signer it was made, and only the reader says which
// kind is trusted: a certificate is never taken where a key was asked for.
//
// Over the payload's bytes, before anything in them is read. Pure.
#ifndef SETLOG_MODEL_BUNDLE_SIGNATURE_H_
#define SETLOG_MODEL_BUNDLE_SIGNATURE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "model/bundle.h"
#include "model/certificate_chain.h"
#include "model/ecdsa_key.h"
#include "model/fulcio.h"
#include "model/trusted_root.h"

namespace setlog {

struct TrustedKey {
  EcdsaPublicKey key;
};
struct TrustedChain {
  ChainAnchor anchor;
  ExpectedSigner expected;
};
struct TrustedSigstore {
  TrustedRoot root;
  ExpectedIdentity expected;
};
using TrustedSigner = std::variant<TrustedKey, TrustedChain, TrustedSigstore>;

struct ModelSigner {
  std::string method;              // "key", "certificate", "sigstore"
  std::string curve;               // "P-256"
  std::string hint;                // of the key that signed: EcdsaPublicKey::Hint
  std::vector<std::string> names;  // of a certificate; of Sigstore the identity
  std::string issuer;              // of a certificate, or of the identity
  std::string subject;             // of a certificate
  int64_t not_before_us = 0;
  int64_t not_after_us = 0;
  std::vector<int64_t> times_us;  // when it was signed, as Sigstore shows; ascending
  std::string log_url;
  uint64_t log_index = 0;
};

// How the commands call the kind of signer that a bundle names.
std::string_view MethodOf(const ModelBundle& bundle);

// InvalidArgument, NotFound or DataLoss, saying what does not hold, unless `trusted`
// signed the payload; Unimplemented for what is not known here.
absl::StatusOr<ModelSigner> VerifyBundleSignature(const ModelBundle& bundle,
                                                  const TrustedSigner& trusted);

}  // namespace setlog

#endif  // SETLOG_MODEL_BUNDLE_SIGNATURE_H_
