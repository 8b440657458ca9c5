#include "model/trusted_root.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "log/ed25519.h"
#include "log/json_object.h"
#include "log/show_bytes.h"
#include "model/certificate.h"
#include "model/ecdsa_key.h"
#include "model/openssl_pointer.h"

namespace setlog {
namespace {

constexpr std::array<std::string_view, 2> kMediaTypes = {
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json"};

// The public one has some 100.
constexpr size_t kMaxValues = 10'000;

using KeyPointer = OpensslPointer<EVP_PKEY, EVP_PKEY_free>;

struct KeyForm {
  std::string_view key_details;
  LogKeyKind kind;
  bool pkcs1 = false;  // the bare RSAPublicKey
};
constexpr std::array<KeyForm, 6> kKeyForms = {
    {{"PKIX_ECDSA_P256_SHA_256", LogKeyKind::kEcdsaP256},
     {"PKIX_ED25519", LogKeyKind::kEd25519},
     {"PKIX_RSA_PKCS1V15_2048_SHA256", LogKeyKind::kRsa},
     {"PKIX_RSA_PKCS1V15_3072_SHA256", LogKeyKind::kRsa},
     {"PKIX_RSA_PKCS1V15_4096_SHA256", LogKeyKind::kRsa},
     {"PKCS1_RSA_PKCS1V5", LogKeyKind::kRsa, true}}};

bool IsOfKind(const EVP_PKEY* key, const std::string& spki, LogKeyKind kind) {
  switch (kind) {
    case LogKeyKind::kEcdsaP256: {
      const absl::StatusOr<EcdsaPublicKey> ecdsa =
          EcdsaPublicKey::FromDer(AsBytes(spki));
      return ecdsa.ok() && ecdsa->curve() == "P-256";
    }
    case LogKeyKind::kEd25519:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
             Ed25519PublicKey::Parse(AsBytes(spki).last(Ed25519PublicKey::kSize)).ok();
    case LogKeyKind::kRsa:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
             EVP_PKEY_get_bits(key) >= 2048;
    case LogKeyKind::kOther:
      return true;
  }
  return false;
}

// The key as SubjectPublicKeyInfo; nothing unless `bytes` are exactly such a key.
std::optional<std::string> ReadKey(const std::string& bytes, const KeyForm& form) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* end = at + bytes.size();
  const auto size = static_cast<long>(bytes.size());
  const KeyPointer key(form.pkcs1 ? d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size)
                                  : d2i_PUBKEY(nullptr, &at, size));
  ERR_clear_error();
  if (key == nullptr || at != end) return std::nullopt;
  std::string spki = DerOf(i2d_PUBKEY, key.get());
  if (!form.pkcs1 && spki != bytes) return std::nullopt;
  if (!IsOfKind(key.get(), spki, form.kind)) return std::nullopt;
  return spki;
}

// RFC 3339 in UTC, as JSON of protocol buffers writes times.
int64_t TimeMember(JsonObject& object, std::string_view key) {
  const std::string& text = object.String(key);
  absl::Time time;
  // The library also takes white space and words such as "infinite-past".
  const bool shape = text.size() >= 20 && text[10] == 'T' && text.back() == 'Z';
  if (!shape || !absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    object.Refuse(key, "must be a time such as 2021-01-12T11:53:27Z");
    return 0;
  }
  return absl::ToUnixMicros(time);
}

ValidityWindow ReadWindow(JsonObject object) {
  ValidityWindow window{.start_us = TimeMember(object, "start")};
  if (!object.HasValue("end")) return window;
  window.end_us = TimeMember(object, "end");
  if (*window.end_us < window.start_us) object.Refuse("end", "is before the start");
  return window;
}

void ReadLogKey(JsonObject object, TrustedLog* log) {
  const std::string bytes = object.Base64("rawBytes");
  const std::string& details = object.String("keyDetails");
  log->valid = ReadWindow(object.Object("validFor"));
  const auto* form = std::ranges::find(kKeyForms, details, &KeyForm::key_details);
  log->key = bytes;
  if (form == kKeyForms.end()) return;
  log->kind = form->kind;
  std::optional<std::string> key = ReadKey(bytes, *form);
  if (!key) object.Refuse("rawBytes", "is no key as \"keyDetails\" says");
  log->key = std::move(key).value_or("");
}

TrustedLog ReadLog(JsonObject object) {
  TrustedLog log{.base_url = object.OptionalString("baseUrl").value_or("")};
  object.Expect("hashAlgorithm", "SHA2_256");
  ReadLogKey(object.Object("publicKey"), &log);
  JsonObject id = object.Object("logId");
  log.log_id = id.Base64("keyId");
  if (log.log_id.size() != Hash::kSize) id.Refuse("keyId", "must be of 32 bytes");
  return log;
}

TrustedAuthority ReadAuthority(JsonObject object) {
  TrustedAuthority authority{.uri = object.OptionalString("uri").value_or("")};
  JsonObject chain = object.Object("certChain");
  const JsonValue::Array& certificates = chain.Array("certificates");
  if (certificates.empty()) chain.Refuse("certificates", "must not be empty");
  for (size_t i = 0; i < certificates.size(); ++i) {
    JsonObject certificate = chain.Item("certificates", certificates, i);
    authority.certificates.push_back(certificate.Base64("rawBytes"));
    if (!ParseCertificate(authority.certificates.back()).ok()) {
      certificate.Refuse("rawBytes", "is no certificate (DER)");
    }
  }
  authority.valid = ReadWindow(object.Object("validFor"));
  return authority;
}

// A list that is missing is empty, as in all JSON of protocol buffers.
template <typename Read>
auto ReadList(JsonObject& root, std::string_view key, Read read) {
  std::vector<decltype(read(root))> list;
  if (!root.HasValue(key)) return list;
  const JsonValue::Array& items = root.Array(key);
  for (size_t i = 0; i < items.size(); ++i) {
    list.push_back(read(root.Item(key, items, i)));
  }
  return list;
}

std::vector<TrustedLog> ReadLogs(JsonObject& root, std::string_view key) {
  std::vector<TrustedLog> logs = ReadList(root, key, ReadLog);
  for (const TrustedLog& log : logs) {
    if (FindLog(logs, log.log_id) != &log) {
      root.Refuse(key, "has two logs with the same ID");
    }
  }
  return logs;
}

}  // namespace

absl::StatusOr<TrustedRoot> ParseTrustedRoot(std::string_view text) {
  if (text.size() > kMaxTrustedRootBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("trusted root of %d bytes: at most %d are legal", text.size(),
                        kMaxTrustedRootBytes));
  }
  const absl::StatusOr<JsonValue> json = ParseJson(text, kMaxValues);
  if (!json.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("trusted root: %s", std::string(json.status().message())));
  }
  absl::Status status;
  JsonObject object(*json, "trusted root", &status);
  if (const std::string& type = object.String("mediaType");
      std::ranges::find(kMediaTypes, type) == kMediaTypes.end()) {
    object.Refuse(
        "mediaType",
        absl::StrFormat("is of no trusted root known here: \"%s\"", ShowForeign(type)));
  }
  TrustedRoot root{
      .tlogs = ReadLogs(object, "tlogs"),
      .ctlogs = ReadLogs(object, "ctlogs"),
      .certificate_authorities =
          ReadList(object, "certificateAuthorities", ReadAuthority),
      .timestamp_authorities = ReadList(object, "timestampAuthorities", ReadAuthority)};
  if (!status.ok()) return status;
  return root;
}

const TrustedLog* FindLog(std::span<const TrustedLog> logs, std::string_view log_id) {
  const auto log = std::ranges::find(logs, log_id, &TrustedLog::log_id);
  return log == logs.end() ? nullptr : &*log;
}

}  // namespace setlog
