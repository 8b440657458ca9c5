#include "tools/label_inputs.h"

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/label_batch.h"
#include "client/pad_numbers.h"
#include "client/vrf_key_uses.h"
#include "log/sha256.h"
#include "log/vrf_pad.h"
#include "tools/progress.h"

namespace setlog {
namespace {

Hash DigestOf(std::span<const Hash> labels) {
  return Sha256({reinterpret_cast<const uint8_t*>(labels.data()), labels.size_bytes()});
}

// A number above all pads in the set, as far as they can be found.
absl::StatusOr<uint64_t> FreeNumber(LogSession& log, const VrfSource& source,
                                    const VrfPublicKey& public_key, Output& out) {
  absl::StatusOr<VerifiedHead> head = absl::UnknownError("");
  {
    Progress progress("waiting for the index", 0, out.quiet());
    head = CoveredHead(log.client(), log.connection(),
                       [&progress](uint64_t size) { progress.Update(size); });
  }
  if (!head.ok()) return head.status();
  const auto use = VrfKeyUses(log.state().path()).Load(public_key.bytes());
  if (!use.ok()) return use.status();
  return NextFreePad(log.connection(), head->version, source,
                     *use ? (*use)->next_pad : 0);
}

}  // namespace

absl::StatusOr<LabelledInputs> LabelInputs(const HashSpool& records,
                                           const VrfSource& source,
                                           const VrfPublicKey& public_key,
                                           Operation operation, Output& out) {
  const absl::Status right = CheckSource(source, public_key);
  // Whoever may only remove gets no pads proven, and needs none.
  const bool may_not =
      operation == Operation::kRemove && absl::IsPermissionDenied(right);
  if (!right.ok() && !may_not) return right;
  absl::StatusOr<std::vector<Hash>> all = records.All(PadCount(records.size()));
  if (!all.ok()) return all.status();
  std::vector<Hash> distinct = Distinct(*std::move(all));
  LabelledInputs inputs{.duplicates = records.size() - distinct.size()};
  Progress progress("making labels", distinct.size(), out.quiet());
  absl::StatusOr<std::vector<Hash>> labels =
      LabelsOf(source, std::move(distinct),
               [&progress](uint64_t done) { progress.Update(done); });
  if (!labels.ok()) return labels.status();
  inputs.labels = *std::move(labels);
  inputs.digest = DigestOf(inputs.labels);
  return inputs;
}

absl::StatusOr<PadRange> PadsFor(LogSession& log, const VrfSource& source,
                                 const VrfPublicKey& public_key, uint64_t count,
                                 AppendSession& session, Output& out) {
  if (session.pads()) {
    if (session.pads()->count == count) return *session.pads();
    return absl::FailedPreconditionError(absl::StrFormat(
        "the interrupted run of this command had %d pads, and this one would have %d: "
        "run it with --no-pad or without, as then, or with --restart to append all of "
        "it anew (what was sent before stays in the log)",
        session.pads()->count, count));
  }
  PadRange pads;
  if (count > 0) {
    const absl::StatusOr<uint64_t> free = FreeNumber(log, source, public_key, out);
    if (!free.ok()) return free.status();
    const absl::StatusOr<PadRange> taken =
        VrfKeyUses(log.state().path()).TakePads(public_key.bytes(), *free, count);
    if (!taken.ok()) return taken.status();
    pads = *taken;
  }
  if (absl::Status kept = session.KeepPads(pads); !kept.ok()) return kept;
  return pads;
}

absl::Status SpoolLabels(const VrfSource& source, std::vector<Hash> labels,
                         PadRange pads, HashSpool& to_send) {
  const absl::StatusOr<std::vector<Hash>> padded =
      WithPads(source, std::move(labels), pads);
  if (!padded.ok()) return padded.status();
  for (const Hash& label : *padded) {
    if (absl::Status s = to_send.Append(label); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace setlog
