// model/bundle.h -- the bytes of a signature file: a Sigstore bundle, version 0.3.
//
//   absl::StatusOr<ModelBundle> bundle = ParseModelBundle(bytes);
//   std::string signed_bytes = DssePae(bundle->payload);   // model/dsse.h
//   FormatModelBundle(*bundle);                            // for key and chain
//
//   {"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",
//    "verificationMaterial":{"publicKey":{"hint":"537e..."},"tlogEntries":[]},
//    "dsseEnvelope":{"payload":"eyJ...","payloadType":"application/vnd.in-toto+json",
//     "signatures":[{"sig":"MEUC...","keyid":""}]}}
//
// JSON is strict (log/json.h): no key twice, nothing after the value. Base64 is strict
// (log/base64.h). Exactly one of publicKey, x509CertificateChain and certificate; one
// signature; no field that the schema forbids. Nothing is verified here.
//
// Source: Sigstore bundle 0.3, DSSE 1.0, OpenSSF Model Signing 1.0. Pure functions.
#ifndef SETLOG_MODEL_BUNDLE_H_
#define SETLOG_MODEL_BUNDLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

// A model of over two million files, which take about 1.3 KB of memory each while they
// are read. Whoever wrote it, it takes six times its size at most: the number of values
// is bounded, too (log/json.h).
inline constexpr size_t kMaxModelBundleBytes = size_t{512} << 20;

// Signed with a key that the verifier has.
struct KeyMaterial {
  std::optional<std::string> hint;  // whose: lower hex SHA-256 of its PEM
  friend bool operator==(const KeyMaterial&, const KeyMaterial&) = default;
};
// Signed with the key of the first of these certificates (DER), leaf first.
struct ChainMaterial {
  std::vector<std::string> certificates;
  friend bool operator==(const ChainMaterial&, const ChainMaterial&) = default;
};
// Signed with a key that lived for minutes: one certificate (DER) of Fulcio.
struct FulcioMaterial {
  std::string certificate;
  friend bool operator==(const FulcioMaterial&, const FulcioMaterial&) = default;
};

// An entry of a transparency log (Rekor), as the bundle has it; model/rekor.h reads it.
struct TlogEntry {
  uint64_t log_index = 0;
  std::string log_id;                  // SHA-256 of the log's public key: 32 bytes
  std::string kind;                    // "dsse", "intoto", "hashedrekord"
  std::string version;                 // "0.0.1", "0.0.2"
  uint64_t integrated_time_s = 0;      // 0: not said (Rekor v2)
  std::string signed_entry_timestamp;  // DER; empty: none
  struct Inclusion {
    uint64_t log_index = 0;  // in the tree that the checkpoint is of
    Hash root;
    uint64_t tree_size = 0;
    std::vector<Hash> path;
    std::string checkpoint;  // a signed note
    friend bool operator==(const Inclusion&, const Inclusion&) = default;
  };
  std::optional<Inclusion> inclusion;
  std::string canonicalized_body;  // JSON: the leaf's bytes
  friend bool operator==(const TlogEntry&, const TlogEntry&) = default;
};

struct ModelBundle {
  std::variant<KeyMaterial, ChainMaterial, FulcioMaterial> material;
  std::vector<TlogEntry> tlog_entries;
  std::vector<std::string> timestamps;  // RFC 3161 responses (DER)
  std::string payload;                  // the statement's bytes
  std::string signature;                // DER
  friend bool operator==(const ModelBundle&, const ModelBundle&) = default;
};

// InvalidArgument, saying where and why, unless `text` is as above.
absl::StatusOr<ModelBundle> ParseModelBundle(std::string_view text);

// One line and a line feed. For what setlog signs: a key or a chain, without entries
// and timestamps.
std::string FormatModelBundle(const ModelBundle& bundle);

}  // namespace setlog

#endif  // SETLOG_MODEL_BUNDLE_H_
