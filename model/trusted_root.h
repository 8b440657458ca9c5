// model/trusted_root.h -- whom a verifier of Sigstore bundles believes: one file.
//
//   absl::StatusOr<TrustedRoot> root = ParseTrustedRoot(text);   // trusted_root.json
//   const TrustedLog* log = FindLog(root->tlogs, entry.log_id);  // nullptr: unknown
//   log->valid.Contains(at_us);
//
//   {"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1",
//    "tlogs":[{"baseUrl":"https://...","hashAlgorithm":"SHA2_256",
//      "publicKey":{"rawBytes":"MFkw...","keyDetails":"PKIX_ECDSA_P256_SHA_256",
//        "validFor":{"start":"2021-01-12T11:53:27Z"}},"logId":{"keyId":"wNI9..."}}],
//    "certificateAuthorities":[{"uri":"https://...",
//      "certChain":{"certificates":[{"rawBytes":"MIIC..."}]},"validFor":{...}}],
//    "ctlogs":[...],"timestampAuthorities":[...]}
//
// Strict JSON (log/json.h) and base64. Members that are not read here may be there. The
// file is the verifier's own: how it came to be trusted is outside of this library.
//
// Source: Sigstore trusted root 0.1 and 0.2. Pure functions.
#ifndef SETLOG_MODEL_TRUSTED_ROOT_H_
#define SETLOG_MODEL_TRUSTED_ROOT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace setlog {

// The public one has 7 kB.
inline constexpr size_t kMaxTrustedRootBytes = size_t{4} << 20;

// Both ends belong to it.
struct ValidityWindow {
  int64_t start_us = 0;
  std::optional<int64_t> end_us;

  bool Contains(int64_t at_us) const {
    return start_us <= at_us && (!end_us || at_us <= *end_us);
  }
};

enum class LogKeyKind : uint8_t {
  kEcdsaP256,  // with SHA-256
  kEd25519,
  kRsa,    // PKCS #1 v1.5 with SHA-256: old logs of certificates
  kOther,  // not known here: such a log verifies nothing
};

struct TrustedLog {
  std::string base_url;
  std::string log_id;  // 32 bytes
  LogKeyKind kind = LogKeyKind::kOther;
  std::string key;  // SubjectPublicKeyInfo (DER); of kOther what the file has
  ValidityWindow valid;
};

// Of certificates, or of times.
struct TrustedAuthority {
  std::string uri;
  std::vector<std::string> certificates;  // DER; each issued by the next, root last
  ValidityWindow valid;
};

struct TrustedRoot {
  std::vector<TrustedLog> tlogs;                          // Rekor
  std::vector<TrustedLog> ctlogs;                         // of certificates
  std::vector<TrustedAuthority> certificate_authorities;  // Fulcio
  std::vector<TrustedAuthority> timestamp_authorities;    // RFC 3161
};

// InvalidArgument, saying where and why, unless `text` is as above: also for a key or a
// certificate that is none, for a time span without a start, and for two logs of one
// kind with the same ID.
absl::StatusOr<TrustedRoot> ParseTrustedRoot(std::string_view text);

// nullptr if there is none. Points into `logs`.
const TrustedLog* FindLog(std::span<const TrustedLog> logs, std::string_view log_id);

}  // namespace setlog

#endif  // SETLOG_MODEL_TRUSTED_ROOT_H_
