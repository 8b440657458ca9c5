#include "client/logged_value.h"

#include <algorithm>
#include <functional>
#include <thread>

#include "client/refused.h"
#include "port/parallel.h"

namespace setlog {
namespace {

// Proofs of one call; more are not held at a time.
constexpr size_t kPiece = 4096;

}  // namespace

absl::StatusOr<std::vector<LoggedValue>> LoggedValues(const Version& version,
                                                      const VrfSource& vrf,
                                                      std::span<const Hash> records,
                                                      WithProofs with_proofs) {
  std::vector<LoggedValue> values;
  values.reserve(records.size());
  const std::optional<VrfLabels>& labels = version.manifest.labels;
  if (!labels) {
    for (const Hash& record : records) values.push_back({record, record, ""});
    return values;
  }
  const std::string& origin = version.manifest.origin;
  const absl::StatusOr<VrfPublicKey> key = VrfPublicKey::Parse(labels->public_key);
  if (!key.ok()) return Refused(origin, key.status());
  if (with_proofs == WithProofs::kUnlessOwn && vrf.own_key() == *key) {
    const absl::StatusOr<std::vector<Hash>> own = vrf.Label(records, {});
    if (!own.ok()) return own.status();
    for (size_t i = 0; i < records.size(); ++i) {
      values.push_back({records[i], (*own)[i], ""});
    }
    return values;
  }
  Parallel parallel(std::max(1u, std::thread::hardware_concurrency()));
  while (values.size() < records.size()) {
    const auto piece = records.subspan(
        values.size(), std::min(kPiece, records.size() - values.size()));
    const absl::StatusOr<std::vector<ProvenLabel>> proven =
        ProveLabels(vrf, *key, piece, std::ref(parallel));
    if (absl::IsDataLoss(proven.status())) return Refused(origin, proven.status());
    if (!proven.ok()) return proven.status();
    for (size_t i = 0; i < piece.size(); ++i) {
      const ProvenLabel& label = (*proven)[i];
      values.push_back(
          {piece[i], label.label, std::string(AsText(label.proof.bytes()))});
    }
  }
  return values;
}

}  // namespace setlog
