#include "model/fulcio.h"

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "log/bytes.h"
#include "log/show_bytes.h"
#include "model/certificate.h"
#include "model/certificate_chain.h"
#include "model/openssl_pointer.h"
#include "model/sct.h"

namespace setlog {
namespace {

using OidPointer = OpensslPointer<ASN1_OBJECT, ASN1_OBJECT_free>;
using Utf8Pointer = OpensslPointer<ASN1_UTF8STRING, ASN1_UTF8STRING_free>;

constexpr char kIssuerOid[] = "1.3.6.1.4.1.57264.1.8";
constexpr char kOldIssuerOid[] = "1.3.6.1.4.1.57264.1.1";

std::string_view TextOfString(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// The bytes of the extension of this OID; nothing if there is none, "" if are two.
std::optional<std::string_view> ExtensionBytes(X509* certificate, const char* oid) {
  const OidPointer object(OBJ_txt2obj(oid, 1));
  const int at = X509_get_ext_by_OBJ(certificate, object.get(), -1);
  if (at < 0) return std::nullopt;
  if (X509_get_ext_by_OBJ(certificate, object.get(), at) >= 0) return "";
  return TextOfString(X509_EXTENSION_get_data(X509_get_ext(certificate, at)));
}

// Who vouches for the name; "" if the certificate does not say it, once.
std::string IdentityIssuer(X509* certificate) {
  const std::optional<std::string_view> der = ExtensionBytes(certificate, kIssuerOid);
  if (!der) return std::string(ExtensionBytes(certificate, kOldIssuerOid).value_or(""));
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  const auto* end = at + der->size();
  const Utf8Pointer text(
      d2i_ASN1_UTF8STRING(nullptr, &at, static_cast<long>(der->size())));
  return text != nullptr && at == end ? std::string(TextOfString(text.get())) : "";
}

// The certificate at each of the times, under this one authority.
absl::StatusOr<CertifiedSigner> VerifyUnder(const TrustedAuthority& authority,
                                            const std::string& certificate,
                                            std::span<const int64_t> times_us) {
  std::vector<std::string> chain{certificate};
  chain.insert(chain.end(), authority.certificates.begin(),
               authority.certificates.end() - 1);
  absl::StatusOr<CertifiedSigner> signer =
      absl::InvalidArgumentError("no time to verify a certificate at");
  for (const int64_t at_us : times_us) {
    if (!authority.valid.Contains(at_us)) {
      return absl::DataLossError("the time is outside of the authority's validity");
    }
    signer = VerifyCertificateChain(
        chain, {.roots = {authority.certificates.back()}, .at_us = at_us}, {});
    if (!signer.ok()) return signer;
  }
  return signer;
}

struct UnderAuthority {
  CertifiedSigner signer;
  const TrustedAuthority* authority;
};

absl::StatusOr<UnderAuthority> VerifyChain(const std::string& certificate,
                                           const TrustedRoot& root,
                                           std::span<const int64_t> times_us) {
  std::vector<std::string> reasons;
  for (const TrustedAuthority& authority : root.certificate_authorities) {
    absl::StatusOr<CertifiedSigner> signer =
        VerifyUnder(authority, certificate, times_us);
    if (signer.ok()) return UnderAuthority{*std::move(signer), &authority};
    reasons.push_back(std::string(signer.status().message()));
  }
  return absl::DataLossError(absl::StrFormat(
      "the certificate is of no authority of the trusted root at the times verified: "
      "%s",
      reasons.empty() ? "it has none" : absl::StrJoin(reasons, "; ")));
}

absl::Status CheckIdentity(const CertifiedSigner& signer, X509* certificate,
                           const ExpectedIdentity& expected) {
  if (std::ranges::find(signer.names, expected.identity) == signer.names.end()) {
    return absl::DataLossError(absl::StrFormat(
        "the signer is %s, not %s", ShowForeign(absl::StrJoin(signer.names, ", ")),
        ShowForeign(expected.identity)));
  }
  if (const std::string issuer = IdentityIssuer(certificate);
      issuer != expected.issuer) {
    return absl::DataLossError(absl::StrFormat(
        "the signer's identity is vouched for by %s, not by %s",
        issuer.empty() ? "nobody" : ShowForeign(issuer), ShowForeign(expected.issuer)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EcdsaPublicKey> VerifyFulcioCertificate(
    const std::string& certificate, const TrustedRoot& root,
    std::span<const int64_t> times_us, const ExpectedIdentity& expected) {
  if (expected.identity.empty() || expected.issuer.empty()) {
    return absl::InvalidArgumentError(
        "a Sigstore signature is verified against an identity and its issuer: both "
        "must be given");
  }
  const absl::StatusOr<CertificatePointer> leaf = ParseCertificate(certificate);
  if (!leaf.ok()) return leaf.status();
  const absl::StatusOr<UnderAuthority> found = VerifyChain(certificate, root, times_us);
  if (!found.ok()) return found.status();
  if ((X509_get_extension_flags(leaf->get()) & EXFLAG_XKUSAGE) == 0 ||
      (X509_get_extended_key_usage(leaf->get()) & XKU_CODE_SIGN) == 0) {
    return absl::DataLossError("the certificate is not for the signing of code");
  }
  if (absl::Status s =
          VerifyEmbeddedScts(certificate, found->authority->certificates, root.ctlogs);
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckIdentity(found->signer, leaf->get(), expected); !s.ok()) {
    return s;
  }
  return found->signer.key;
}

}  // namespace setlog
