#include "model/sct.h"

#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/bytes.h"
#include "log/sha256.h"
#include "model/certificate.h"
#include "model/openssl_pointer.h"

namespace setlog {
namespace {

using SctList = OpensslPointer<STACK_OF(SCT), SCT_LIST_free>;
using KeyPointer = OpensslPointer<EVP_PKEY, EVP_PKEY_free>;
using DigestContext = OpensslPointer<EVP_MD_CTX, EVP_MD_CTX_free>;

// What of a certificate its log has signed.
struct LoggedCertificate {
  Hash issuer_key;  // SHA-256 of the issuer's SubjectPublicKeyInfo
  std::string tbs;  // the certificate's inner part without the SCTs
};

void AppendInt(std::string* out, uint64_t value, int bytes) {
  while (bytes-- > 0) out->push_back(static_cast<char>(value >> (8 * bytes)));
}

std::string TbsWithoutScts(X509* certificate) {
  const CertificatePointer copy(X509_dup(certificate));
  if (copy == nullptr) return "";
  const int at = X509_get_ext_by_NID(copy.get(), NID_ct_precert_scts, -1);
  X509_EXTENSION_free(X509_delete_ext(copy.get(), at));
  return DerOf(i2d_re_X509_tbs, copy.get());
}

// The SHA-256 of the key that signed `certificate`, if it is one of theirs.
std::optional<Hash> IssuerKey(X509* certificate, STACK_OF(X509) * issuers) {
  for (int i = 0; i < sk_X509_num(issuers); ++i) {
    const X509* issuer = sk_X509_value(issuers, i);
    if (X509_verify(certificate, X509_get0_pubkey(issuer)) != 1) continue;
    return Sha256(AsBytes(PublicKeyOf(issuer)));
  }
  ERR_clear_error();
  return std::nullopt;
}

// RFC 6962, section 3.2: digitally-signed struct of a precert_entry.
std::string SignedBytes(const SCT* sct, const LoggedCertificate& certificate) {
  constexpr int kCertificateTimestamp = 0, kPrecertEntry = 1;
  unsigned char* extensions = nullptr;
  const size_t extensions_size = SCT_get0_extensions(sct, &extensions);
  std::string bytes;
  AppendInt(&bytes, SCT_VERSION_V1, 1);
  AppendInt(&bytes, kCertificateTimestamp, 1);
  AppendInt(&bytes, SCT_get_timestamp(sct), 8);
  AppendInt(&bytes, kPrecertEntry, 2);
  bytes += AsText(certificate.issuer_key);
  AppendInt(&bytes, certificate.tbs.size(), 3);
  bytes += certificate.tbs;
  AppendInt(&bytes, extensions_size, 2);
  bytes += AsText({extensions, extensions_size});
  return bytes;
}

bool IsSignedBy(const TrustedLog& log, const std::string& message, const SCT* sct) {
  const auto* at = reinterpret_cast<const unsigned char*>(log.key.data());
  const KeyPointer key(d2i_PUBKEY(nullptr, &at, static_cast<long>(log.key.size())));
  const DigestContext context(EVP_MD_CTX_new());
  unsigned char* signature = nullptr;
  const size_t size = SCT_get0_signature(sct, &signature);
  const Bytes bytes = AsBytes(message);
  const bool verified =
      key != nullptr && context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) ==
          1 &&
      EVP_DigestVerify(context.get(), signature, size, bytes.data(), bytes.size()) == 1;
  ERR_clear_error();
  return verified;
}

// Of the two that RFC 6962 has; both with SHA-256.
int SignatureNid(LogKeyKind kind) {
  if (kind == LogKeyKind::kEcdsaP256) return NID_ecdsa_with_SHA256;
  if (kind == LogKeyKind::kRsa) return NID_sha256WithRSAEncryption;
  return -1;  // never an SCT's
}

absl::Status CheckSct(const SCT* sct, const LoggedCertificate& certificate,
                      std::span<const TrustedLog> logs) {
  unsigned char* id = nullptr;
  const size_t id_size = SCT_get0_log_id(sct, &id);
  const TrustedLog* log = SCT_get_version(sct) == SCT_VERSION_V1
                              ? FindLog(logs, AsText({id, id_size}))
                              : nullptr;
  if (log == nullptr) {
    return absl::DataLossError("an SCT is of no log of the trusted root");
  }
  if (SCT_get_signature_nid(sct) != SignatureNid(log->kind)) {
    return absl::DataLossError(absl::StrFormat(
        "the SCT of %s is signed in another way than its key", log->base_url));
  }
  if (!IsSignedBy(*log, SignedBytes(sct, certificate), sct)) {
    return absl::DataLossError(
        absl::StrFormat("%s did not sign the SCT", log->base_url));
  }
  const uint64_t at_ms = SCT_get_timestamp(sct);
  if (at_ms > INT64_MAX / 1000 ||
      !log->valid.Contains(static_cast<int64_t>(at_ms) * 1000)) {
    return absl::DataLossError(absl::StrFormat(
        "the SCT's time is outside of the validity of %s", log->base_url));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status VerifyEmbeddedScts(const std::string& certificate,
                                std::span<const std::string> issuers,
                                std::span<const TrustedLog> logs) {
  const absl::StatusOr<CertificatePointer> leaf = ParseCertificate(certificate);
  if (!leaf.ok()) return leaf.status();
  const absl::StatusOr<CertificateStack> candidates = ParseCertificates(issuers);
  if (!candidates.ok()) return candidates.status();
  // Of two such extensions OpenSSL reads neither.
  const SctList scts(static_cast<STACK_OF(SCT)*>(
      X509_get_ext_d2i(leaf->get(), NID_ct_precert_scts, nullptr, nullptr)));
  ERR_clear_error();
  if (scts == nullptr || sk_SCT_num(scts.get()) == 0) {
    return absl::DataLossError("the certificate has no SCT: no log has seen it");
  }
  const std::optional<Hash> issuer_key = IssuerKey(leaf->get(), candidates->get());
  if (!issuer_key) {
    return absl::DataLossError("the certificate's issuer is not the authority");
  }
  const LoggedCertificate logged{*issuer_key, TbsWithoutScts(leaf->get())};
  std::string reasons;
  for (int i = 0; i < sk_SCT_num(scts.get()); ++i) {
    const absl::Status status = CheckSct(sk_SCT_value(scts.get(), i), logged, logs);
    if (status.ok()) return status;
    if (!reasons.empty()) reasons += "; ";
    reasons += std::string(status.message());
  }
  return absl::DataLossError(reasons);
}

}  // namespace setlog
