#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/str_format.h"
#include "client/pads_file.h"
#include "port/parallel.h"
#include "tools/offline_trust.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"

namespace setlog {
namespace {

Json Fields(std::string_view word, const Version* version, const OpenedPads* opened,
            bool pinned) {
  Json json{{"verdict", word}};
  json["origin"] = version ? Json(version->manifest.origin) : Json(nullptr);
  json["index_size"] = version ? Json(version->index.m) : Json(nullptr);
  json["size"] = version ? Json(version->checkpoint.size) : Json(nullptr);
  json["set_count"] = version ? Json(version->index.n) : Json(nullptr);
  json["pads"] = opened ? Json(opened->pads) : Json(nullptr);
  json["records_at_most"] = opened ? Json(opened->records_at_most) : Json(nullptr);
  json["cosigned_at"] = OrNull(version ? version->cosigned_at_s : std::nullopt);
  json["replayed_by"] = version ? Json(version->replayed_by) : Json::array();
  json["pinned"] = pinned;
  if (version && version->tag) json["tag"] = version->tag->name;
  return json;
}

std::string Sentence(const Version& version, const OpenedPads& opened) {
  const std::string tag =
      version.tag ? absl::StrFormat("version %s, ", version.tag->name) : "";
  return absl::StrFormat(
      " %d pads among the %d members of the set that %s committed to at size %d "
      "(%s%s): at most %d are records; %s",
      opened.pads, opened.set_count, version.manifest.origin, version.index.m, tag,
      version.manifest.scheme, opened.records_at_most, AuditWords(version));
}

}  // namespace

bool IsPadsFile(std::string_view file, std::string_view bytes) {
  return file.ends_with(kPadsExtension) || ParsePadsFile(bytes).ok();
}

ExitCode VerifyPadsFile(const std::string& bytes, const VerifyQuestion& question,
                        Output& out) {
  if (!question.record_file.empty() || !question.hashes.empty() ||
      question.expect_absent) {
    return out.Fail(absl::InvalidArgumentError(
        "an opening of pads is about a version, not about a record: --record, --hash "
        "and --expect do not go with it"));
  }
  const auto unverified = [&](const absl::Status& why, const Version* version,
                              bool pinned) {
    Json json = Fields(WordOf(why), version, nullptr, pinned);
    json["error"] = std::string(why.message());
    out.Verdict(json, WordOf(why), ": " + std::string(why.message()));
    out.Detail("  Nothing was shown of how many members are records.");
    return ExitCode::kUnverified;
  };
  const absl::StatusOr<PadOpening> file = ParsePadsFile(bytes);
  if (!file.ok()) return unverified(file.status(), nullptr, false);
  const auto trust = FindTrust(question.named, file->version.checkpoint);
  if (!trust.ok()) return unverified(trust.status(), nullptr, false);
  if (const auto found = ConvictByMemory(file->version.checkpoint, &file->version)) {
    return PrintMemoryConviction(
        *found, Fields(kMisbehaviour, nullptr, nullptr, found->pinned), out);
  }
  WarnOfKnownConviction(file->version.checkpoint, out);
  const auto version = VerifyVersion(file->version, trust->trust, question.demands);
  if (!version.ok()) return unverified(version.status(), nullptr, trust->pinned);
  Parallel parallel(std::max(1u, std::thread::hardware_concurrency()));
  const auto opened = VerifyPads(*version, file->proofs, std::ref(parallel));
  if (!opened.ok()) return unverified(opened.status(), &*version, trust->pinned);
  if (const absl::Status kept = KeepKey(version->log_key, trust->pinned); !kept.ok()) {
    if (absl::IsDataLoss(kept)) return unverified(kept, &*version, trust->pinned);
    out.Note("the key could not be remembered: " + std::string(kept.message()));
  }
  out.Verdict(Fields(kOpened, &*version, &*opened, trust->pinned), kOpened,
              Sentence(*version, *opened));
  out.Detail("  Of the members that are not opened, others may be pads as well.");
  out.Detail(VersionDetail(*version));
  out.Detail(FreshnessDetail(version->cosigned_at_s));
  out.Detail(KeyDetail(version->log_key, trust->pinned));
  return ExitCode::kHolds;
}

}  // namespace setlog
