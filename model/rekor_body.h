// model/rekor_body.h -- what an entry of a transparency log (Rekor) says.
//
//   absl::Status status = CheckEntryDescribes(entry, {payload, signature,
//   certificate});
//
//   kind, version         what is in its body
//   dsse 0.0.1            SHA-256 of the payload, signature, certificate (PEM)
//   intoto 0.0.2          the same, in the shape of an envelope
//   dsse 0.0.2            Rekor v2: the same, certificate in DER
//   hashedrekord 0.0.2    Rekor v2: a digest of the bytes signed (DssePae), signature,
//                         certificate in DER
//
// An entry that another signed, or another envelope's, proves nothing of this one: the
// payload's digest, the signature and the certificate must all be the bundle's, and
// alone. Digests of the envelope's JSON are not looked at: bundles do not keep its
// bytes.
//
// Source: Rekor's types; Rekor v2, section 6.1.4. Pure functions.
#ifndef SETLOG_MODEL_REKOR_BODY_H_
#define SETLOG_MODEL_REKOR_BODY_H_

#include <string_view>

#include "absl/status/status.h"
#include "model/bundle.h"

namespace setlog {

struct SignedEnvelope {
  std::string_view payload;
  std::string_view signature;    // DER
  std::string_view certificate;  // DER
};

// InvalidArgument if the body is no such entry; Unimplemented for another kind or
// version; DataLoss if it is about anything else than `envelope`.
absl::Status CheckEntryDescribes(const TlogEntry& entry,
                                 const SignedEnvelope& envelope);

}  // namespace setlog

#endif  // SETLOG_MODEL_REKOR_BODY_H_
