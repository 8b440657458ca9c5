#include "model/rekor_body.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/bytes.h"
#include "log/json_object.h"
#include "log/show_bytes.h"
#include "model/dsse.h"
#include "model/pem_blocks.h"

namespace setlog {
namespace {

// The largest, intoto 0.0.2, has some 30.
constexpr size_t kMaxValues = 1'000;

// What a body says, whatever its shape.
struct Claim {
  std::string payload_digest;  // by `hash`, of the payload or of DssePae(payload)
  const EVP_MD* hash = EVP_sha256();
  bool of_pae = false;
  std::string signature;
  std::string certificate;  // DER
};

// The DER of a certificate that stands as base64 of its PEM.
std::string PemMember(JsonObject& object, std::string_view key) {
  const absl::StatusOr<std::vector<PemBlock>> blocks =
      ReadPemBlocks(object.Base64(key));
  if (blocks.ok() && blocks->size() == 1 && blocks->front().label == "CERTIFICATE") {
    return blocks->front().der;
  }
  object.Refuse(key, "must be the base64 of one certificate in PEM");
  return "";
}

std::string Sha256Member(JsonObject object) {
  object.Expect("algorithm", "sha256");
  return std::string(AsText(object.HexHash("value")));
}

// The only item: a further signature would be of nobody the bundle names.
JsonObject OnlyItem(JsonObject& object, std::string_view key) {
  static const JsonValue::Array kNothing(1);
  const JsonValue::Array& items = object.Array(key);
  if (items.size() == 1) return object.Item(key, items, 0);
  object.Refuse(key, "must have one item");
  return object.Item(key, kNothing, 0);
}

Claim ReadDsse1(JsonObject spec) {
  Claim claim{.payload_digest = Sha256Member(spec.Object("payloadHash"))};
  JsonObject signature = OnlyItem(spec, "signatures");
  claim.signature = signature.Base64("signature");
  claim.certificate = PemMember(signature, "verifier");
  return claim;
}

Claim ReadIntoto2(JsonObject spec) {
  JsonObject content = spec.Object("content");
  JsonObject envelope = content.Object("envelope");
  Claim claim{.payload_digest = Sha256Member(content.Object("payloadHash"))};
  envelope.Expect("payloadType", kInTotoPayloadType);
  JsonObject signature = OnlyItem(envelope, "signatures");
  // Rekor takes the envelope's base64 for bytes, and encodes it once more.
  const std::optional<std::string> bytes = BytesFromBase64(signature.Base64("sig"));
  if (!bytes) signature.Refuse("sig", "must be the base64 of base64");
  claim.signature = bytes.value_or("");
  claim.certificate = PemMember(signature, "publicKey");
  return claim;
}

struct NamedHash {
  std::string_view name;
  const EVP_MD* (*hash)();
};
constexpr std::array<NamedHash, 3> kHashes = {
    {{"SHA2_256", EVP_sha256}, {"SHA2_384", EVP_sha384}, {"SHA2_512", EVP_sha512}}};

void ReadDigest2(JsonObject object, Claim* claim) {
  const std::string& name = object.String("algorithm");
  const auto* named = std::ranges::find(kHashes, name, &NamedHash::name);
  if (named == kHashes.end()) {
    object.Refuse("algorithm", "must be SHA2_256, SHA2_384 or SHA2_512");
    return;
  }
  claim->hash = named->hash();
  claim->payload_digest = object.Base64("digest");
}

void ReadSignature2(JsonObject object, Claim* claim) {
  claim->signature = object.Base64("content");
  JsonObject certificate = object.Object("verifier").Object("x509Certificate");
  claim->certificate = certificate.Base64("rawBytes");
}

Claim ReadDsse2(JsonObject spec) {
  JsonObject dsse = spec.Object("dsseV002");
  Claim claim;
  ReadDigest2(dsse.Object("payloadHash"), &claim);
  ReadSignature2(OnlyItem(dsse, "signatures"), &claim);
  return claim;
}

Claim ReadHashedRekord2(JsonObject spec) {
  JsonObject record = spec.Object("hashedRekordV002");
  Claim claim{.of_pae = true};
  ReadDigest2(record.Object("data"), &claim);
  ReadSignature2(record.Object("signature"), &claim);
  return claim;
}

struct BodyKind {
  std::string_view kind;
  std::string_view version;
  Claim (*read)(JsonObject spec);
};
constexpr std::array<BodyKind, 4> kKinds = {
    {{"dsse", "0.0.1", ReadDsse1},
     {"intoto", "0.0.2", ReadIntoto2},
     {"dsse", "0.0.2", ReadDsse2},
     {"hashedrekord", "0.0.2", ReadHashedRekord2}}};

absl::StatusOr<Claim> ReadBody(const TlogEntry& entry) {
  const auto* known = std::ranges::find_if(kKinds, [&](const BodyKind& kind) {
    return kind.kind == entry.kind && kind.version == entry.version;
  });
  if (known == kKinds.end()) {
    return absl::UnimplementedError(absl::StrFormat(
        "an entry of kind %s %s: known here are dsse 0.0.1 and 0.0.2, intoto 0.0.2 and "
        "hashedrekord 0.0.2",
        ShowForeign(entry.kind), ShowForeign(entry.version)));
  }
  const absl::StatusOr<JsonValue> json =
      ParseJson(entry.canonicalized_body, kMaxValues);
  if (!json.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the entry's body: %s", std::string(json.status().message())));
  }
  absl::Status status;
  JsonObject body(*json, "the entry's body", &status);
  body.Expect("kind", entry.kind);
  body.Expect("apiVersion", entry.version);
  const Claim claim = known->read(body.Object("spec"));
  if (!status.ok()) return status;
  return claim;
}

std::string DigestOf(std::string_view bytes, const EVP_MD* hash) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, hash, nullptr);
  return std::string(AsText(Bytes(digest).first(size)));
}

}  // namespace

absl::Status CheckEntryDescribes(const TlogEntry& entry,
                                 const SignedEnvelope& envelope) {
  const absl::StatusOr<Claim> claim = ReadBody(entry);
  if (!claim.ok()) return claim.status();
  const std::string digest = claim->of_pae
                                 ? DigestOf(DssePae(envelope.payload), claim->hash)
                                 : DigestOf(envelope.payload, claim->hash);
  if (claim->payload_digest != digest) {
    return absl::DataLossError("the entry is about another payload than the bundle's");
  }
  if (claim->signature != envelope.signature) {
    return absl::DataLossError("the entry is about another signature of the payload");
  }
  if (claim->certificate != envelope.certificate) {
    return absl::DataLossError("the entry is about a signature by another certificate");
  }
  return absl::OkStatus();
}

}  // namespace setlog
