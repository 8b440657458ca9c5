// log/vrf_skey.h -- a VRF's secret key in its text form, as key files hold it.
//
//   absl::StatusOr<VrfSecretKey> key = ParseVrfSkey("PRIVATE+VRF+5413...+3431...");
//   std::string skey = FormatVrfSkey(*key);  // the same text
//
//   vrf skey = "PRIVATE+VRF+" public key "+" secret scalar       each 64 hex digits
//
// The public key is written as manifests have it, so that the owner of a file can see
// which log it is for; and a damaged file is never another key. It has no name: a key
// is for one log alone. No line feed is part of it. Encrypted: log/sealed_vrf_skey.h.
// Thread-safe: pure functions.
#ifndef SETLOG_LOG_VRF_SKEY_H_
#define SETLOG_LOG_VRF_SKEY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "log/vrf.h"

namespace setlog {

// Whether `text` begins as one, so that other key texts can be told from it.
bool IsVrfSkey(std::string_view text);

// InvalidArgument unless FormatVrfSkey gives back exactly `skey`. No message quotes any
// of it. Wipes what it copies; the caller wipes `skey`. About 0.1 ms.
absl::StatusOr<VrfSecretKey> ParseVrfSkey(std::string_view skey);

// Holds the secret: wipe it after use.
std::string FormatVrfSkey(const VrfSecretKey& key);

}  // namespace setlog

#endif  // SETLOG_LOG_VRF_SKEY_H_
