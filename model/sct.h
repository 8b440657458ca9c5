// model/sct.h -- has a log of certificates seen this one?
//
//   absl::Status status = VerifyEmbeddedScts(certificate, issuers, root.ctlogs);
//
// Before it issues a certificate, Fulcio shows it to a log of certificates, whose
// signature (SCT) then stands in the certificate. So nobody, not even Fulcio, can have
// a certificate that the owner of the name could not find. The log signed the
// certificate without the SCTs, together with its issuer's key.
//
// Source: RFC 6962, sections 3.2 and 3.3, by OpenSSL. Pure.
#ifndef SETLOG_MODEL_SCT_H_
#define SETLOG_MODEL_SCT_H_

#include <span>
#include <string>

#include "absl/status/status.h"
#include "model/trusted_root.h"

namespace setlog {

// Some SCT in `certificate` must be right for the key of its issuer, which is one of
// `issuers` (all DER), and by a log of `logs` that was valid at the SCT's time.
// InvalidArgument for what is no certificate; DataLoss, with each SCT's reason.
absl::Status VerifyEmbeddedScts(const std::string& certificate,
                                std::span<const std::string> issuers,
                                std::span<const TrustedLog> logs);

}  // namespace setlog

#endif  // SETLOG_MODEL_SCT_H_
