#include "model/bundle.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/jcs.h"
#include "log/json_object.h"
#include "model/dsse.h"
#include "model/tlog_entry.h"

namespace setlog {
namespace {

constexpr std::string_view kMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

// Certificates, time stamps and entries with their paths: some 100. What may be long
// are its strings.
constexpr size_t kMaxValues = 10'000;

std::string Certificate(JsonObject object) { return object.Base64("rawBytes"); }

KeyMaterial ReadKey(JsonObject object) { return {object.OptionalString("hint")}; }

ChainMaterial ReadChain(JsonObject object) {
  object.Only({"certificates"});
  const JsonValue::Array& certificates = object.Array("certificates");
  if (certificates.empty()) object.Refuse("certificates", "must not be empty");
  ChainMaterial chain;
  for (size_t i = 0; i < certificates.size(); ++i) {
    chain.certificates.push_back(
        Certificate(object.Item("certificates", certificates, i)));
  }
  return chain;
}

std::vector<std::string> ReadTimestamps(JsonObject object) {
  std::vector<std::string> timestamps;
  object.Only({"rfc3161Timestamps"});
  if (!object.HasValue("rfc3161Timestamps")) return timestamps;
  const JsonValue::Array& array = object.Array("rfc3161Timestamps");
  for (size_t i = 0; i < array.size(); ++i) {
    JsonObject timestamp = object.Item("rfc3161Timestamps", array, i);
    timestamp.Only({"signedTimestamp"});
    timestamps.push_back(timestamp.Base64("signedTimestamp"));
  }
  return timestamps;
}

void ReadMaterial(JsonObject object, ModelBundle* bundle) {
  object.Only({"publicKey", "x509CertificateChain", "certificate", "tlogEntries",
               "timestampVerificationData"});
  int kinds = 0;
  const auto has = [&](std::string_view key) {
    const bool there = object.Find(key) != nullptr;
    kinds += there ? 1 : 0;
    return there;
  };
  if (has("publicKey")) bundle->material = ReadKey(object.Object("publicKey"));
  if (has("x509CertificateChain")) {
    bundle->material = ReadChain(object.Object("x509CertificateChain"));
  }
  if (has("certificate")) {
    bundle->material = FulcioMaterial{Certificate(object.Object("certificate"))};
  }
  if (kinds != 1) {
    object.Refuse("publicKey",
                  "or \"x509CertificateChain\" or \"certificate\" must be there, and "
                  "but one of them");
  }
  if (object.HasValue("tlogEntries")) {
    const JsonValue::Array& entries = object.Array("tlogEntries");
    for (size_t i = 0; i < entries.size(); ++i) {
      bundle->tlog_entries.push_back(
          ReadTlogEntry(object.Item("tlogEntries", entries, i)));
    }
  }
  if (object.HasValue("timestampVerificationData")) {
    bundle->timestamps = ReadTimestamps(object.Object("timestampVerificationData"));
  }
}

void ReadEnvelope(JsonObject envelope, ModelBundle* bundle) {
  envelope.Only({"payload", "payloadType", "signatures"});
  bundle->payload = envelope.Base64("payload");
  envelope.Expect("payloadType", kInTotoPayloadType);
  const JsonValue::Array& signatures = envelope.Array("signatures");
  if (signatures.size() != 1) {
    envelope.Refuse("signatures", "must have exactly one item");
    return;
  }
  JsonObject signature = envelope.Item("signatures", signatures, 0);
  signature.Only({"sig", "keyid"});
  bundle->signature = signature.Base64("sig");
  // Nothing is looked up by it; the key is named by the material.
  if (signature.HasValue("keyid")) signature.String("keyid");
}

void AppendMaterial(std::string* out, const ModelBundle& bundle) {
  if (const auto* key = std::get_if<KeyMaterial>(&bundle.material)) {
    out->append(R"("publicKey":{)");
    if (key->hint) {
      out->append(R"("hint":)");
      AppendCanonicalString(out, *key->hint);
    }
    out->append("}");
  } else if (const auto* chain = std::get_if<ChainMaterial>(&bundle.material)) {
    out->append(R"("x509CertificateChain":{"certificates":[)");
    for (size_t i = 0; i < chain->certificates.size(); ++i) {
      out->append(i == 0 ? R"({"rawBytes":")" : R"(,{"rawBytes":")");
      out->append(ToBase64(AsBytes(chain->certificates[i]))).append("\"}");
    }
    out->append("]}");
  }
}

}  // namespace

absl::StatusOr<ModelBundle> ParseModelBundle(std::string_view text) {
  if (text.size() > kMaxModelBundleBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("signature file: %d bytes, and at most %d are read",
                        text.size(), kMaxModelBundleBytes));
  }
  const absl::StatusOr<JsonValue> json = ParseJson(text, kMaxValues);
  absl::Status status = json.status();
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("signature file: %s", std::string(status.message())));
  }
  JsonObject object(*json, "signature file", &status);
  object.Only({"mediaType", "verificationMaterial", "dsseEnvelope"});
  object.Expect("mediaType", kMediaType);
  ModelBundle bundle;
  ReadMaterial(object.Object("verificationMaterial"), &bundle);
  ReadEnvelope(object.Object("dsseEnvelope"), &bundle);
  if (!status.ok()) return status;
  return bundle;
}

std::string FormatModelBundle(const ModelBundle& bundle) {
  std::string out = R"({"mediaType":")";
  out.append(kMediaType).append(R"(","verificationMaterial":{)");
  AppendMaterial(&out, bundle);
  out.append(R"(,"tlogEntries":[]},"dsseEnvelope":{"payload":")");
  out.append(ToBase64(AsBytes(bundle.payload))).append(R"(","payloadType":")");
  out.append(kInTotoPayloadType).append(R"(","signatures":[{"sig":")");
  out.append(ToBase64(AsBytes(bundle.signature))).append(R"(","keyid":""}]}})");
  out.push_back('\n');
  return out;
}

}  // namespace setlog
