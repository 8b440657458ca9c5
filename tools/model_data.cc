#include "tools/model_data.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "model/signed_file.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

// The head under `trust`, which must be of the key that the signer names.
absl::StatusOr<Version> VersionUnder(const DataHead& head, const Trust& trust,
                                     const TrustFlags& flags) {
  absl::StatusOr<Version> version = VerifyVersion(
      head.proof, trust, WithFreshness({.tag = head.version.tag->name}, flags));
  if (!version.ok() || version->log_key == head.version.log_key) return version;
  return absl::DataLossError(
      absl::StrFormat("the signer names the key %s, and known for %s is %s",
                      FormatVkey(head.version.log_key), version->manifest.origin,
                      FormatVkey(version->log_key)));
}

}  // namespace

absl::StatusOr<std::vector<DataHead>> SignedDataHeads(const std::string& model,
                                                      const ModelStatement& statement) {
  // Before it is opened: what is not signed may be anything, a pipe too.
  if (!ListsFile(statement, kTrainingDataFile)) {
    return absl::NotFoundError(absl::StrFormat(
        "the signature covers no %s: who signed %s named no data (`setlog model sign "
        "--data` does)",
        kTrainingDataFile, model));
  }
  const absl::StatusOr<std::string> bytes =
      ReadSmallFile(model + "/" + kTrainingDataFile, kMaxTrainingDataBytes);
  if (!bytes.ok()) return absl::DataLossError(bytes.status().message());
  const absl::Status is_signed =
      CheckSignedFile(statement, kTrainingDataFile, AsBytes(*bytes));
  if (!is_signed.ok()) return is_signed;
  return ParseTrainingData(*bytes);
}

absl::StatusOr<std::vector<DataHead>> HeadsNamed(
    std::vector<DataHead> heads, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (std::ranges::any_of(heads, [&](const DataHead& h) { return h.Name() == name; }))
      continue;
    std::string named;
    for (const DataHead& head : heads) named += " " + head.Name();
    return absl::InvalidArgumentError(absl::StrFormat(
        "--data %s: the model does not name it; it names%s", name, named));
  }
  if (names.empty()) return heads;
  std::erase_if(heads, [&](const DataHead& head) {
    return std::ranges::count(names, head.Name()) == 0;
  });
  return heads;
}

TrustFlags TrustFor(const std::string& origin, TrustFlags flags) {
  const absl::StatusOr<VerifierKey> key = ParseVkey(flags.vkey);
  if (key.ok() && key->name != origin) flags.vkey.clear();
  return flags;
}

absl::StatusOr<JudgedHead> JudgeHead(const DataHead& head, const TrustFlags& flags,
                                     Output& out) {
  const std::string& note = head.proof.checkpoint;
  absl::StatusOr<Trust> named = NamedTrust(flags);
  if (!named.ok()) return named.status();
  if (named->log_key && named->log_key->name != head.version.manifest.origin) {
    named->log_key.reset();
  }
  const absl::StatusOr<OfflineTrust> trust = FindTrust(*named, note);
  if (!trust.ok()) return JudgedHead{.status = trust.status()};
  // Whatever else the head shows, and whatever was demanded of it.
  if (auto found = ConvictByMemory(note, &head.proof)) {
    return JudgedHead{.status = absl::DataLossError("the log contradicts itself"),
                      .conviction = std::move(found)};
  }
  absl::StatusOr<Version> version = VersionUnder(head, trust->trust, flags);
  if (!version.ok()) {
    // NotFound is for who trusts nobody.
    const bool unsupported = absl::IsUnimplemented(version.status());
    return JudgedHead{.status =
                          absl::Status(unsupported ? absl::StatusCode::kUnimplemented
                                                   : absl::StatusCode::kDataLoss,
                                       version.status().message())};
  }
  if (const absl::Status kept = KeepKey(version->log_key, trust->pinned); !kept.ok()) {
    if (absl::IsDataLoss(kept)) return JudgedHead{.status = kept};
    out.Note("the key could not be remembered: " + std::string(kept.message()));
  }
  return JudgedHead{.head = VerifiedHead{.proof = head.proof,
                                         .version = *std::move(version),
                                         .pinned = trust->pinned}};
}

Json JsonOf(const DataHead& head) {
  const Version& version = head.version;
  return {{"name", head.Name()},
          {"origin", version.manifest.origin},
          {"tag", version.tag->name},
          {"size", version.checkpoint.size},
          {"index_size", version.index.m},
          {"set_count", version.index.n},
          {"set_root", ToHex(version.index.set_root)},
          {"vkey", FormatVkey(version.log_key)}};
}

std::string SentenceOf(const DataHead& head) {
  const IndexEntry& index = head.version.index;
  return absl::StrFormat(
      "%s: claimed count %d members at size %d\n"
      "           set root %s",
      head.Name(), index.n, index.m, ToHex(index.set_root));
}

}  // namespace setlog
