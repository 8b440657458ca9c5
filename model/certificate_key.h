// model/certificate_key.h -- the key that a certificate is about, whoever issued it.
//
//   absl::StatusOr<EcdsaPublicKey> key = CertificateKey(der);
//
// For a signer, who has the private half: it says nothing of whether the certificate is
// to be believed (model/certificate_chain.h does). Pure.
#ifndef SETLOG_MODEL_CERTIFICATE_KEY_H_
#define SETLOG_MODEL_CERTIFICATE_KEY_H_

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "model/ecdsa_key.h"

namespace setlog {

// InvalidArgument if it is no certificate, or of another kind of key.
absl::StatusOr<EcdsaPublicKey> CertificateKey(Bytes der);

}  // namespace setlog

#endif  // SETLOG_MODEL_CERTIFICATE_KEY_H_
