// tests/sigstore_material.h -- the verificationMaterial of a bundle with every field
// that Sigstore writes, each of its right form; nothing in it verifies.
#ifndef SETLOG_TESTS_SIGSTORE_MATERIAL_H_
#define SETLOG_TESTS_SIGSTORE_MATERIAL_H_

#include <nlohmann/json.hpp>
#include <string>

#include "log/base64.h"

namespace setlog {

inline nlohmann::ordered_json SigstoreMaterial() {
  const std::string hash = ToBase64(AsBytes(std::string(32, 'h')));
  return {{"certificate", {{"rawBytes", ToBase64(AsBytes("fulcio"))}}},
          {"tlogEntries",
           {{{"logIndex", "18446744073709551615"},
             {"logId", {{"keyId", hash}}},
             {"kindVersion", {{"kind", "dsse"}, {"version", "0.0.1"}}},
             {"integratedTime", "1760000000"},
             {"inclusionPromise", {{"signedEntryTimestamp", ToBase64(AsBytes("set"))}}},
             {"inclusionProof",
              {{"logIndex", "7"},
               {"rootHash", hash},
               {"treeSize", "9007199254740993"},
               {"hashes", {hash, hash}},
               {"checkpoint", {{"envelope", "log\n9\nroot\n\n— log sig\n"}}}}},
             {"canonicalizedBody", ToBase64(AsBytes("{}"))}}}},
          {"timestampVerificationData",
           {{"rfc3161Timestamps", {{{"signedTimestamp", ToBase64(AsBytes("tsr"))}}}}}}};
}

}  // namespace setlog

#endif  // SETLOG_TESTS_SIGSTORE_MATERIAL_H_
