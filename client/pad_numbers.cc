#include "client/pad_numbers.h"

#include <algorithm>
#include <optional>
#include <span>

#include "absl/strings/str_format.h"
#include "client/batch_presence.h"
#include "client/tree_client.h"
#include "log/entry.h"
#include "log/vrf_pad.h"

namespace setlog {
namespace {

constexpr uint64_t kNext = 64;
constexpr uint64_t kFarthest = uint64_t{1} << 40;
constexpr uint64_t kTailEntries = 256;
// Beyond any that a log can have: so sums of numbers have room.
constexpr uint64_t kMaxPad = uint64_t{1} << 60;

// The newest add or remove in [begin, end), if there is one.
absl::StatusOr<std::optional<uint64_t>> LastChange(const TreeClient& tree,
                                                   uint64_t begin, uint64_t end) {
  while (begin < end) {
    const uint64_t from = end - std::min(kTailEntries, end - begin);
    std::optional<uint64_t> last;
    const absl::Status read =
        tree.Entries(from, end, [&](uint64_t at, std::span<const Bytes> entries) {
          for (size_t i = 0; i < entries.size(); ++i) {
            const absl::StatusOr<Entry> entry = DecodeEntry(entries[i]);
            if (!entry.ok()) return entry.status();
            const EntryType type = TypeOf(*entry);
            if (type == EntryType::kAdd || type == EntryType::kRemove) last = at + i;
          }
          return absl::OkStatus();
        });
    if (!read.ok()) return read;
    if (last) return last;
    end = from;
  }
  return std::nullopt;
}

// Numbers that are looked for together, and their labels.
struct Probes {
  std::vector<uint64_t> pads;  // rising
  std::vector<Hash> labels;
};

// The next numbers from `first` on, and others ever further apart. Those are proven,
// because a prover makes labels of ranges, but proofs of any.
absl::StatusOr<Probes> ProbesFrom(uint64_t first, const VrfSource& source,
                                  const VrfPublicKey& public_key) {
  const absl::StatusOr<std::vector<Hash>> next = source.Label({}, {first, kNext});
  if (!next.ok()) return next.status();
  Probes probes;
  probes.labels = *next;
  for (uint64_t i = 0; i < kNext; ++i) probes.pads.push_back(first + i);
  for (uint64_t away = kNext; away < kFarthest; away += away / 16) {
    probes.pads.push_back(first + away);
  }
  const std::span<const uint64_t> apart = std::span(probes.pads).subspan(kNext);
  const absl::StatusOr<std::vector<VrfProof>> proofs = source.ProvePads(apart);
  if (!proofs.ok()) return proofs.status();
  for (size_t i = 0; i < apart.size(); ++i) {
    const absl::StatusOr<VrfOutput> beta =
        public_key.Verify(PadInput(apart[i]), (*proofs)[i]);
    if (!beta.ok()) return beta.status();
    probes.labels.push_back(LabelOf(*beta));
  }
  return probes;
}

}  // namespace

absl::StatusOr<VrfPublicKey> LabelKeyOf(const Manifest& manifest) {
  if (!manifest.labels) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is a plain log: it has no labels, and no pads", manifest.origin));
  }
  return VrfPublicKey::Parse(manifest.labels->public_key);
}

absl::StatusOr<VerifiedHead> CoveredHead(
    LogClient& client, const Connection& connection,
    const std::function<void(uint64_t index_size)>& progress) {
  absl::StatusOr<VerifiedHead> head = client.Head();
  if (!head.ok()) return head;
  const TreeClient tree(&connection, head->version.checkpoint);
  const absl::StatusOr<std::optional<uint64_t>> last =
      LastChange(tree, head->version.index.m, head->version.checkpoint.size);
  if (!last.ok()) return last.status();
  if (!*last) return head;
  return client.WaitIndexed(**last, progress);
}

absl::StatusOr<uint64_t> NextFreePad(const Connection& connection,
                                     const Version& version, const VrfSource& source,
                                     uint64_t first) {
  const absl::StatusOr<VrfPublicKey> public_key = LabelKeyOf(version.manifest);
  if (!public_key.ok()) return public_key.status();
  while (first < kMaxPad) {
    const absl::StatusOr<Probes> probes = ProbesFrom(first, source, *public_key);
    if (!probes.ok()) return probes.status();
    const absl::StatusOr<BatchPresence> found =
        LookUpBatch(connection, version, probes->labels);
    if (!found.ok()) return found.status();
    const auto last = std::find(found->present.rbegin(), found->present.rend(), true);
    if (last == found->present.rend()) return first;
    const auto place = static_cast<size_t>(found->present.rend() - last) - 1;
    first = probes->pads[place] + 1;
  }
  return absl::OutOfRangeError(absl::StrFormat(
      "%s has a pad with a number beyond %d: no more pads can be numbered; --no-pad "
      "appends without",
      version.manifest.origin, kMaxPad));
}

absl::StatusOr<std::vector<uint64_t>> FindPads(
    const Connection& connection, const Version& version, const VrfSource& source,
    uint64_t end, uint64_t most, const std::function<void(uint64_t done)>& progress) {
  std::vector<uint64_t> pads;
  for (uint64_t begin = 0; begin < end && pads.size() < most;) {
    const uint64_t count = std::min<uint64_t>(LogClient::kBatchRecords, end - begin);
    const absl::StatusOr<std::vector<Hash>> labels = source.Label({}, {begin, count});
    if (!labels.ok()) return labels.status();
    const absl::StatusOr<BatchPresence> found =
        LookUpBatch(connection, version, *labels);
    if (!found.ok()) return found.status();
    for (uint64_t i = 0; i < count && pads.size() < most; ++i) {
      if (found->present[i]) pads.push_back(begin + i);
    }
    begin += count;
    if (progress) progress(begin);
  }
  return pads;
}

}  // namespace setlog
