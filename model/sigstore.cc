#include "model/sigstore.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/bytes.h"
#include "model/dsse.h"
#include "model/rekor.h"
#include "model/rfc3161.h"

namespace setlog {
namespace {

absl::Status CheckParts(const ModelBundle& bundle) {
  if (!std::holds_alternative<FulcioMaterial>(bundle.material)) {
    return absl::InvalidArgumentError(
        "the bundle is not signed by Sigstore's way: it has no certificate of Fulcio, "
        "but a key or a chain");
  }
  if (bundle.tlog_entries.empty()) {
    return absl::DataLossError(
        "the bundle has no entry of a transparency log: nobody could have seen this "
        "signature");
  }
  if (bundle.tlog_entries.size() > kMaxSigstoreProofs ||
      bundle.timestamps.size() > kMaxSigstoreProofs) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the bundle has more than %d log entries or time stamps", kMaxSigstoreProofs));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RekorEntry>> VerifyEntries(const ModelBundle& bundle,
                                                      const TrustedRoot& root,
                                                      const std::string& certificate) {
  const SignedEnvelope envelope{bundle.payload, bundle.signature, certificate};
  std::vector<RekorEntry> entries;
  for (const TlogEntry& entry : bundle.tlog_entries) {
    absl::StatusOr<RekorEntry> verified = VerifyRekorEntry(entry, root.tlogs, envelope);
    if (!verified.ok()) return verified.status();
    entries.push_back(*verified);
  }
  return entries;
}

// All times that somebody has signed, ascending.
absl::StatusOr<std::vector<int64_t>> VerifiedTimes(
    const ModelBundle& bundle, const TrustedRoot& root,
    const std::vector<RekorEntry>& entries) {
  std::vector<int64_t> times_us;
  for (const std::string& timestamp : bundle.timestamps) {
    const absl::StatusOr<int64_t> at_us = VerifyTimestamp(
        timestamp, AsBytes(bundle.signature), root.timestamp_authorities);
    if (!at_us.ok()) return at_us.status();
    times_us.push_back(*at_us);
  }
  for (const RekorEntry& entry : entries) {
    if (entry.promised_us) times_us.push_back(*entry.promised_us);
  }
  if (times_us.empty()) {
    return absl::DataLossError(
        "the bundle has no time that anybody signed, neither a log's promise nor a "
        "time "
        "stamp: when the key was used is unknown");
  }
  std::ranges::sort(times_us);
  return times_us;
}

// The log's key was its key at the times of the signature, which are the entry's to the
// minute.
absl::Status CheckLogTimes(const std::vector<RekorEntry>& entries,
                           const std::vector<int64_t>& times_us) {
  for (const RekorEntry& entry : entries) {
    for (const int64_t at_us : times_us) {
      if (entry.log->valid.Contains(at_us)) continue;
      return absl::DataLossError(absl::StrFormat(
          "a verified time is outside of the validity of %s", entry.log->base_url));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SigstoreSigner> VerifySigstore(const ModelBundle& bundle,
                                              const TrustedRoot& root,
                                              const ExpectedIdentity& expected) {
  if (absl::Status s = CheckParts(bundle); !s.ok()) return s;
  const std::string& certificate =
      std::get<FulcioMaterial>(bundle.material).certificate;
  const absl::StatusOr<std::vector<RekorEntry>> entries =
      VerifyEntries(bundle, root, certificate);
  if (!entries.ok()) return entries.status();
  absl::StatusOr<std::vector<int64_t>> times_us = VerifiedTimes(bundle, root, *entries);
  if (!times_us.ok()) return times_us.status();
  if (absl::Status s = CheckLogTimes(*entries, *times_us); !s.ok()) return s;
  absl::StatusOr<EcdsaPublicKey> key =
      VerifyFulcioCertificate(certificate, root, *times_us, expected);
  if (!key.ok()) return key.status();
  const absl::Status is_signed =
      key->Verify(AsBytes(DssePae(bundle.payload)), AsBytes(bundle.signature));
  if (!is_signed.ok()) return is_signed;
  return SigstoreSigner{.key = *std::move(key),
                        .identity = expected.identity,
                        .issuer = expected.issuer,
                        .times_us = *std::move(times_us),
                        .log_url = entries->front().log->base_url,
                        .log_index = bundle.tlog_entries.front().log_index};
}

}  // namespace setlog
