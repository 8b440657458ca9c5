#include "model/certificate_chain.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "log/show_bytes.h"
#include "model/certificate.h"
#include "model/openssl_pointer.h"
#include "model/pem_blocks.h"

namespace setlog {
namespace {

using StoreContext = OpensslPointer<X509_STORE_CTX, X509_STORE_CTX_free>;
using NamesPointer = OpensslPointer<GENERAL_NAMES, GENERAL_NAMES_free>;

constexpr int64_t kMicrosPerSecond = 1'000'000;

std::string Rfc2253(const X509_NAME* name) {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return TextOf(bio.get());
}

std::string SubjectOf(const X509* certificate) {
  return Rfc2253(X509_get_subject_name(certificate));
}
std::string IssuerOf(const X509* certificate) {
  return Rfc2253(X509_get_issuer_name(certificate));
}

absl::Status Refused(const X509* certificate, std::string_view why) {
  return absl::DataLossError(absl::StrFormat("certificate \"%s\" %s",
                                             ShowForeign(SubjectOf(certificate)), why));
}

std::string DateOf(const ASN1_TIME* time) {
  std::tm date{};
  if (ASN1_TIME_to_tm(time, &date) != 1) return "a date that cannot be read";
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02dZ", date.tm_year + 1900,
                         date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min,
                         date.tm_sec);
}

int64_t MicrosOf(const ASN1_TIME* time) {
  std::tm date{};
  ASN1_TIME_to_tm(time, &date);
  return timegm(&date) * kMicrosPerSecond;
}

std::string Reason(int error, const X509* certificate) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return absl::StrFormat("expired on %s", DateOf(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return absl::StrFormat("is not valid before %s",
                             DateOf(X509_get0_notBefore(certificate)));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      return absl::StrFormat(
          "was issued by \"%s\", whose certificate is neither among the given roots "
          "nor "
          "with the signature",
          ShowForeign(IssuerOf(certificate)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "is signed by itself, and is none of the given roots";
    case X509_V_ERR_INVALID_CA:
      return "has issued another and is no authority (CA:TRUE)";
    default:
      return absl::StrFormat("does not hold: %s", X509_verify_cert_error_string(error));
  }
}

// Of a certificate without extended key usages: that it may have any.
bool MayBeForCode(X509* certificate) {
  return (X509_get_extended_key_usage(certificate) & (XKU_CODE_SIGN | XKU_ANYEKU)) != 0;
}

// What OpenSSL lets pass: authorities that only their key usage makes ones, and those
// that are for servers, or for mail, and not for what they issued.
absl::Status CheckAuthorities(X509_STORE_CTX* context) {
  constexpr int kByBasicConstraints = 1;
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
  for (int i = 1; i < sk_X509_num(chain); ++i) {
    X509* authority = sk_X509_value(chain, i);
    if (X509_check_ca(authority) != kByBasicConstraints) {
      return Refused(authority, Reason(X509_V_ERR_INVALID_CA, authority));
    }
    if (!MayBeForCode(authority)) {
      return Refused(authority,
                     "is an authority, and not for the signing of code: its extended "
                     "key usages say for what, and codeSigning is none of them");
    }
  }
  return absl::OkStatus();
}

// `flags` are those of X509_VERIFY_PARAM_set_flags.
absl::Status CheckChain(STACK_OF(X509) * chain, STACK_OF(X509) * roots, int64_t at_us,
                        unsigned long flags) {
  const StorePointer store(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(roots); ++i) {
    X509_STORE_add_cert(store.get(), sk_X509_value(roots, i));
  }
  const StoreContext context(X509_STORE_CTX_new());
  X509* leaf = sk_X509_value(chain, 0);
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf, chain) != 1) {
    return absl::InternalError("OpenSSL could not verify certificates");
  }
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  const int64_t remainder = at_us % kMicrosPerSecond;
  X509_VERIFY_PARAM_set_time(rules, at_us / kMicrosPerSecond - (remainder < 0 ? 1 : 0));
  X509_VERIFY_PARAM_set_flags(rules, flags);
  X509_VERIFY_PARAM_set_auth_level(rules, kCertificateSecurityLevel);
  if (X509_verify_cert(context.get()) != 1) {
    const X509* where = X509_STORE_CTX_get_current_cert(context.get());
    if (where == nullptr) where = leaf;
    return Refused(where, Reason(X509_STORE_CTX_get_error(context.get()), where));
  }
  return CheckAuthorities(context.get());
}

absl::Status CheckUsage(X509* leaf) {
  if ((X509_get_extension_flags(leaf) & (EXFLAG_KUSAGE | EXFLAG_XKUSAGE)) == 0) {
    return Refused(leaf,
                   "is not for signatures: it has neither the key usage "
                   "digitalSignature nor the extended key usage codeSigning");
  }
  // Of a certificate without key usages: that it may have any.
  if ((X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0) {
    return Refused(leaf,
                   "is not for signatures: digitalSignature is none of its key usages");
  }
  if (MayBeForCode(leaf)) return absl::OkStatus();
  return Refused(leaf,
                 "is not for the signing of code: codeSigning is none of its extended "
                 "key usages");
}

absl::StatusOr<CertificateStack> ParseChain(std::span<const std::string> chain) {
  if (chain.empty() || chain.size() > kMaxChainCertificates) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a chain of %d certificates: it has at least one, and at most %d", chain.size(),
        kMaxChainCertificates));
  }
  return ParseCertificates(chain);
}

// The certificates of `chain` that none of the others issued.
CertificateStack TopsOf(STACK_OF(X509) * chain) {
  CertificateStack tops(sk_X509_new_null());
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    bool is_top = true;
    for (int j = 0; j < sk_X509_num(chain); ++j) {
      X509* other = sk_X509_value(chain, j);
      const int issued = X509_check_issued(other, certificate);
      // Whether it was allowed to is asked later.
      if ((issued == X509_V_OK || issued == X509_V_ERR_KEYUSAGE_NO_CERTSIGN) &&
          X509_cmp(other, certificate) != 0) {
        is_top = false;
      }
    }
    if (is_top && X509_up_ref(certificate) == 1) sk_X509_push(tops.get(), certificate);
  }
  return tops;
}

absl::Status CheckChainAndUsage(STACK_OF(X509) * chain, STACK_OF(X509) * roots,
                                int64_t at_us, unsigned long flags) {
  X509* leaf = sk_X509_value(chain, 0);
  if ((X509_get_extension_flags(leaf) & EXFLAG_INVALID) != 0) {
    return Refused(leaf, "has extensions that cannot be read");
  }
  const absl::Status status = CheckChain(chain, roots, at_us, flags);
  ERR_clear_error();
  return status.ok() ? CheckUsage(leaf) : status;
}

// Names that cannot be read were refused before.
std::vector<std::string> NamesOf(const X509* leaf) {
  const NamesPointer extension(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(extension.get()); ++i) {
    int type = 0;
    const void* value =
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(extension.get(), i), &type);
    if (type != GEN_EMAIL && type != GEN_URI && type != GEN_DNS) continue;
    const auto* text = static_cast<const ASN1_STRING*>(value);
    names.emplace_back(AsText(
        {ASN1_STRING_get0_data(text), static_cast<size_t>(ASN1_STRING_length(text))}));
  }
  return names;
}

absl::StatusOr<EcdsaPublicKey> KeyOf(X509* leaf) {
  absl::StatusOr<EcdsaPublicKey> key =
      EcdsaPublicKey::FromDer(AsBytes(PublicKeyOf(leaf)));
  if (key.ok()) return key;
  return absl::InvalidArgumentError(
      absl::StrFormat("certificate \"%s\": %s", ShowForeign(SubjectOf(leaf)),
                      std::string(key.status().message())));
}

absl::StatusOr<CertifiedSigner> SignerOf(X509* leaf) {
  absl::StatusOr<EcdsaPublicKey> key = KeyOf(leaf);
  if (!key.ok()) return key.status();
  return CertifiedSigner{.key = *std::move(key),
                         .subject = SubjectOf(leaf),
                         .issuer = IssuerOf(leaf),
                         .names = NamesOf(leaf),
                         .not_before_us = MicrosOf(X509_get0_notBefore(leaf)),
                         .not_after_us = MicrosOf(X509_get0_notAfter(leaf))};
}

absl::Status OtherSigner(std::string_view what, std::string_view expected,
                         std::string_view found) {
  return absl::DataLossError(absl::StrFormat("the signer's %s is not \"%s\" but \"%s\"",
                                             what, ShowForeign(expected),
                                             ShowForeign(found)));
}

absl::Status CheckExpected(const CertifiedSigner& signer,
                           const ExpectedSigner& expected) {
  if (expected.san && std::ranges::count(signer.names, *expected.san) == 0) {
    return OtherSigner("name", *expected.san, absl::StrJoin(signer.names, "\", \""));
  }
  if (expected.subject && *expected.subject != signer.subject) {
    return OtherSigner("subject", *expected.subject, signer.subject);
  }
  if (expected.issuer && *expected.issuer != signer.issuer) {
    return OtherSigner("issuer", *expected.issuer, signer.issuer);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CertifiedSigner> VerifyCertificateChain(
    std::span<const std::string> chain, const ChainAnchor& anchor,
    const ExpectedSigner& expected) {
  const absl::StatusOr<CertificateStack> parsed = ParseChain(chain);
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<CertificateStack> roots = ParseCertificates(anchor.roots);
  if (!roots.ok()) return roots.status();
  if (absl::Status s = CheckChainAndUsage(parsed->get(), roots->get(), anchor.at_us, 0);
      !s.ok()) {
    return s;
  }
  absl::StatusOr<CertifiedSigner> signer = SignerOf(sk_X509_value(parsed->get(), 0));
  if (!signer.ok()) return signer.status();
  if (absl::Status s = CheckExpected(*signer, expected); !s.ok()) return s;
  return signer;
}

absl::StatusOr<CertifiedSigner> CheckOwnChain(std::span<const std::string> chain,
                                              int64_t at_us) {
  const absl::StatusOr<CertificateStack> parsed = ParseChain(chain);
  if (!parsed.ok()) return parsed.status();
  if (absl::Status s = CheckChainAndUsage(parsed->get(), TopsOf(parsed->get()).get(),
                                          at_us, X509_V_FLAG_PARTIAL_CHAIN);
      !s.ok()) {
    return s;
  }
  return SignerOf(sk_X509_value(parsed->get(), 0));
}

absl::StatusOr<CertifiedSigner> DescribeCertificate(std::string_view der) {
  const absl::StatusOr<CertificatePointer> certificate = ParseCertificate(der);
  if (!certificate.ok()) return certificate.status();
  return SignerOf(certificate->get());
}

absl::StatusOr<std::vector<std::string>> CertificatesFromPem(std::string_view pem) {
  absl::StatusOr<std::vector<PemBlock>> blocks = ReadPemBlocks(pem);
  if (!blocks.ok()) return blocks.status();
  std::vector<std::string> certificates;
  for (PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") {
      return absl::InvalidArgumentError(absl::StrFormat(
          "a file of certificates holds a block \"%s\"", ShowForeign(block.label)));
    }
    if (absl::Status s = ParseCertificate(block.der).status(); !s.ok()) return s;
    certificates.push_back(std::move(block.der));
  }
  return certificates;
}

}  // namespace setlog
