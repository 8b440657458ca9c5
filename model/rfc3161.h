// model/rfc3161.h -- time stamps: an authority says that it has seen these bytes.
//
//   absl::StatusOr<int64_t> at_us =
//       VerifyTimestamp(response, AsBytes(bundle.signature),
//       root.timestamp_authorities);
//
// The response is a TimeStampResp (DER), with or without the authority's certificates.
// It is right if the authority's chain was valid at the time it tells (not now: stamps
// outlive certificates), that time is in the authority's validity, and the digest is of
// exactly these bytes, by SHA-256, SHA-384 or SHA-512.
//
// Source: RFC 3161, RFC 5816, by OpenSSL. Pure.
#ifndef SETLOG_MODEL_RFC3161_H_
#define SETLOG_MODEL_RFC3161_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "model/trusted_root.h"

namespace setlog {

// Microseconds since 1970, of whole seconds. InvalidArgument if `response` is none;
// DataLoss, with every authority's reason, if it is none of theirs.
absl::StatusOr<int64_t> VerifyTimestamp(std::string_view response, Bytes stamped,
                                        std::span<const TrustedAuthority> authorities);

}  // namespace setlog

#endif  // SETLOG_MODEL_RFC3161_H_
