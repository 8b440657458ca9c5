// tests/sigstore_json.h -- what Sigstore writes as JSON: bundles, and log entries'
// bodies.
//
//   BundleText(bundle);     // {"mediaType":...}: model/bundle.h reads it
//   Dsse1Body(bundle);      // what Rekor v1 keeps of it
#ifndef SETLOG_TESTS_SIGSTORE_JSON_H_
#define SETLOG_TESTS_SIGSTORE_JSON_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "log/base64.h"
#include "log/sha256.h"
#include "model/bundle.h"
#include "model/dsse.h"

namespace setlog {

inline std::string Base64(std::string_view bytes) { return ToBase64(AsBytes(bytes)); }
inline std::string Sha256Of(std::string_view bytes) {
  return std::string(AsText(Sha256(AsBytes(bytes))));
}

inline const std::string& LeafOf(const ModelBundle& bundle) {
  return std::get<FulcioMaterial>(bundle.material).certificate;
}

inline std::string PemOf(const std::string& der) {
  std::string body = Base64(der), pem = "-----BEGIN CERTIFICATE-----\n";
  for (size_t i = 0; i < body.size(); i += 64) pem += body.substr(i, 64) + "\n";
  return pem + "-----END CERTIFICATE-----\n";
}

inline nlohmann::json Hex256(std::string_view bytes) {
  return {{"algorithm", "sha256"}, {"value", ToHex(AsBytes(Sha256Of(bytes)))}};
}
inline nlohmann::json Signature2(const ModelBundle& bundle) {
  return {{"content", Base64(bundle.signature)},
          {"verifier",
           {{"keyDetails", "PKIX_ECDSA_P256_SHA_256"},
            {"x509Certificate", {{"rawBytes", Base64(LeafOf(bundle))}}}}}};
}

// The bodies of entries about `bundle`.
inline nlohmann::json Dsse1Body(const ModelBundle& bundle) {
  return {{"apiVersion", "0.0.1"},
          {"kind", "dsse"},
          {"spec",
           {{"payloadHash", Hex256(bundle.payload)},
            {"envelopeHash", Hex256("the envelope, which nobody has kept")},
            {"signatures",
             {{{"signature", Base64(bundle.signature)},
               {"verifier", Base64(PemOf(LeafOf(bundle)))}}}}}}};
}
inline nlohmann::json Intoto2Body(const ModelBundle& bundle) {
  const nlohmann::json signature = {{"publicKey", Base64(PemOf(LeafOf(bundle)))},
                                    {"sig", Base64(Base64(bundle.signature))}};
  return {{"apiVersion", "0.0.2"},
          {"kind", "intoto"},
          {"spec",
           {{"content",
             {{"envelope",
               {{"payloadType", "application/vnd.in-toto+json"},
                {"signatures", nlohmann::json::array({signature})}}},
              {"payloadHash", Hex256(bundle.payload)}}}}}};
}
inline nlohmann::json Dsse2Body(const ModelBundle& bundle) {
  const nlohmann::json hash = {{"algorithm", "SHA2_256"},
                               {"digest", Base64(Sha256Of(bundle.payload))}};
  return {{"apiVersion", "0.0.2"},
          {"kind", "dsse"},
          {"spec",
           {{"dsseV002",
             {{"payloadHash", hash},
              {"signatures", nlohmann::json::array({Signature2(bundle)})}}}}}};
}
inline nlohmann::json HashedRekord2Body(const ModelBundle& bundle) {
  const nlohmann::json data = {{"algorithm", "SHA2_256"},
                               {"digest", Base64(Sha256Of(DssePae(bundle.payload)))}};
  return {
      {"apiVersion", "0.0.2"},
      {"kind", "hashedrekord"},
      {"spec",
       {{"hashedRekordV002", {{"data", data}, {"signature", Signature2(bundle)}}}}}};
}

inline nlohmann::json JsonOf(const TlogEntry& entry) {
  const TlogEntry::Inclusion& tree = *entry.inclusion;
  nlohmann::json hashes = nlohmann::json::array();
  for (const Hash& hash : tree.path) hashes.push_back(ToBase64(hash));
  nlohmann::json json = {
      {"logIndex", std::to_string(entry.log_index)},
      {"logId", {{"keyId", Base64(entry.log_id)}}},
      {"kindVersion", {{"kind", entry.kind}, {"version", entry.version}}},
      {"inclusionProof",
       {{"logIndex", std::to_string(tree.log_index)},
        {"rootHash", ToBase64(tree.root)},
        {"treeSize", std::to_string(tree.tree_size)},
        {"hashes", hashes},
        {"checkpoint", {{"envelope", tree.checkpoint}}}}},
      {"canonicalizedBody", Base64(entry.canonicalized_body)}};
  if (!entry.signed_entry_timestamp.empty()) {
    json["integratedTime"] = std::to_string(entry.integrated_time_s);
    json["inclusionPromise"]["signedEntryTimestamp"] =
        Base64(entry.signed_entry_timestamp);
  }
  return json;
}

// As Sigstore writes it.
inline std::string BundleText(const ModelBundle& bundle) {
  nlohmann::json entries = nlohmann::json::array(), stamps = nlohmann::json::array();
  for (const TlogEntry& entry : bundle.tlog_entries) entries.push_back(JsonOf(entry));
  for (const std::string& stamp : bundle.timestamps) {
    stamps.push_back({{"signedTimestamp", Base64(stamp)}});
  }
  const nlohmann::json signature = {{"sig", Base64(bundle.signature)}, {"keyid", ""}};
  return nlohmann::json{
      {"mediaType", "application/vnd.dev.sigstore.bundle.v0.3+json"},
      {"verificationMaterial",
       {{"certificate", {{"rawBytes", Base64(LeafOf(bundle))}}},
        {"tlogEntries", entries},
        {"timestampVerificationData", {{"rfc3161Timestamps", stamps}}}}},
      {"dsseEnvelope",
       {{"payload", Base64(bundle.payload)},
        {"payloadType", "application/vnd.in-toto+json"},
        {"signatures", nlohmann::json::array({signature})}}}}
      .dump();
}

}  // namespace setlog

#endif  // SETLOG_TESTS_SIGSTORE_JSON_H_
