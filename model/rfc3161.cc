#include "model/rfc3161.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "model/certificate.h"
#include "model/openssl_pointer.h"

namespace setlog {
namespace {

using ResponsePointer = OpensslPointer<TS_RESP, TS_RESP_free>;
using ContextPointer = OpensslPointer<TS_VERIFY_CTX, TS_VERIFY_CTX_free>;

// Why OpenSSL's last call failed.
absl::Status Failed() {
  const char* data = nullptr;
  int flags = 0;
  const unsigned long error = ERR_peek_last_error_data(&data, &flags);
  const char* reason = ERR_reason_error_string(error);
  const bool has_text = data != nullptr && (flags & ERR_TXT_STRING) != 0 && *data != 0;
  absl::Status status = absl::DataLossError(
      absl::StrFormat("%s%s%s", reason ? reason : "it does not verify",
                      has_text ? ": " : "", has_text ? data : ""));
  ERR_clear_error();
  return status;
}

// Nobody can have two inputs with one of these digests.
bool HasSoundDigest(TS_TST_INFO* info) {
  const X509_ALGOR* algorithm =
      TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info));
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  const int nid = OBJ_obj2nid(object);
  return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

// Believes `root`, for chains as they were valid at `at_s`.
StorePointer StoreOf(X509* root, int64_t at_s) {
  StorePointer store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root);
  X509_VERIFY_PARAM* rules = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_time(rules, at_s);
  X509_VERIFY_PARAM_set_auth_level(rules, kCertificateSecurityLevel);
  return store;
}

absl::Status CheckSigner(TS_RESP* response, STACK_OF(X509) * chain, int64_t at_s) {
  const StorePointer store =
      StoreOf(sk_X509_value(chain, sk_X509_num(chain) - 1), at_s);
  X509* found = nullptr;
  const int verified =
      TS_RESP_verify_signature(TS_RESP_get_token(response), chain, store.get(), &found);
  const CertificatePointer signer(found);
  if (verified != 1) return Failed();
  // Where the trusted root names the one that stamps, no other of that chain may.
  X509* first = sk_X509_value(chain, 0);
  if (X509_check_ca(first) == 0 && X509_cmp(signer.get(), first) != 0) {
    return absl::DataLossError("another certificate signed it than the trusted root's");
  }
  return absl::OkStatus();
}

// Status, version and digest.
absl::Status CheckContent(TS_RESP* response, Bytes stamped) {
  const ContextPointer context(TS_VERIFY_CTX_new());
  BioPointer data = ReadOnlyBio(AsText(stamped));
  TS_VERIFY_CTX_set_flags(context.get(), TS_VFY_VERSION | TS_VFY_DATA);
  TS_VERIFY_CTX_set_data(context.get(), data.release());
  if (TS_RESP_verify_response(context.get(), response) != 1) return Failed();
  return absl::OkStatus();
}

// Since 1970; nothing for what is no time. Parts of a second are dropped.
std::optional<int64_t> UnixSeconds(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return timegm(&parts);
}

absl::Status CheckAuthority(TS_RESP* response, const TrustedAuthority& authority,
                            int64_t at_s) {
  if (!authority.valid.Contains(at_s * 1'000'000)) {
    return absl::DataLossError("the time is outside of the authority's validity");
  }
  const absl::StatusOr<CertificateStack> chain =
      ParseCertificates(authority.certificates);
  if (!chain.ok()) return chain.status();
  return CheckSigner(response, chain->get(), at_s);
}

}  // namespace

absl::StatusOr<int64_t> VerifyTimestamp(std::string_view response, Bytes stamped,
                                        std::span<const TrustedAuthority> authorities) {
  const auto* at = reinterpret_cast<const unsigned char*>(response.data());
  const auto* end = at + response.size();
  const ResponsePointer parsed(
      d2i_TS_RESP(nullptr, &at, static_cast<long>(response.size())));
  ERR_clear_error();
  TS_TST_INFO* info =
      parsed && at == end ? TS_RESP_get_tst_info(parsed.get()) : nullptr;
  const std::optional<int64_t> at_s =
      info ? UnixSeconds(TS_TST_INFO_get_time(info)) : std::nullopt;
  if (!at_s) {
    return absl::InvalidArgumentError(
        "not a response of a time-stamp authority (RFC 3161) with a time");
  }
  if (!HasSoundDigest(info)) {
    return absl::DataLossError("the time stamp's digest is not of SHA-2");
  }
  if (absl::Status s = CheckContent(parsed.get(), stamped); !s.ok()) {
    return absl::DataLossError(
        absl::StrFormat("the time stamp: %s", std::string(s.message())));
  }
  std::string reasons;
  for (const TrustedAuthority& authority : authorities) {
    const absl::Status status = CheckAuthority(parsed.get(), authority, *at_s);
    if (status.ok()) return *at_s * 1'000'000;
    reasons +=
        absl::StrFormat("; %s: %s", authority.uri, std::string(status.message()));
  }
  return absl::DataLossError(absl::StrFormat(
      "the time stamp is of no authority of the trusted root%s", reasons));
}

}  // namespace setlog
