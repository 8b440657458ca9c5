#include "client/set_difference.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/batch_presence.h"
#include "client/conviction.h"
#include "client/covering.h"
#include "client/evidence_file.h"
#include "client/refused.h"
#include "proto/forms.h"

namespace setlog {
namespace {

using Touch = ExtensionRange::Touch;

}  // namespace

SetDifference::SetDifference(const Connection* connection, const VerifiedHead* older,
                             const VerifiedHead* newer)
    : connection_(connection),
      older_(older),
      newer_(newer),
      tree_(connection, newer->version.checkpoint) {}

absl::StatusOr<std::vector<MemberChange>> SetDifference::Find(
    const ProgressCallback& progress) {
  evidence_.reset();
  root_checked_ = false;
  const IndexEntry& from = older_->version.index;
  const IndexEntry& to = newer_->version.index;
  for (Evidence& found : ContradictionsIn(newer_->proof, older_->proof)) {
    return Contradicts("the two versions contradict each other", std::move(found));
  }
  if (from.m == to.m && from != to) {
    return Refused(tree_.head().origin, "two index entries for one m");
  }
  const absl::StatusOr<ExtensionRange> range = FetchChanges(progress);
  if (!range.ok()) return range.status();
  const std::vector<Touch> touched = range->Touched();

  std::vector<MemberChange> changes;
  uint64_t n = from.n;
  for (size_t begin = 0; begin < touched.size(); begin += LogClient::kBatchRecords) {
    progress("looking up", begin, touched.size());
    const std::span<const Touch> part = std::span(touched).subspan(
        begin, std::min(LogClient::kBatchRecords, touched.size() - begin));
    std::vector<Hash> values;
    for (const Touch& touch : part) values.push_back(touch.value);
    const absl::StatusOr<BatchPresence> before =
        LookUpBatch(*connection_, older_->version, values);
    if (!before.ok()) return before.status();
    const absl::StatusOr<BatchPresence> after =
        LookUpBatch(*connection_, newer_->version, values);
    if (!after.ok()) return after.status();
    for (size_t i = 0; i < part.size(); ++i) {
      if (after->present[i] != part[i].add) {
        return Contradicts(
            absl::StrFormat("%s is %s the set at m = %d, but the last entry before it "
                            "says otherwise",
                            ToHex(part[i].value), after->present[i] ? "in" : "not in",
                            to.m),
            WrongMember(part[i].value));
      }
      if (before->present[i] == after->present[i]) continue;
      changes.push_back({part[i].value, part[i].add});
      n = part[i].add ? n + 1 : n - 1;
    }
    if (part.size() == touched.size()) {
      // All in one proof: the whole root can be checked, not only these members.
      if (absl::Status s = CheckBatch(*range, part, before->proof); !s.ok()) return s;
      root_checked_ = true;
    }
  }
  if (touched.empty()) root_checked_ = true;  // by the next comparison
  if (changes.empty() && n == to.n && from.set_root != to.set_root) {
    return Refused(tree_.head().origin,
                   absl::StrFormat("no member changes between m = %d and m = %d, but "
                                   "the set root does: one of the two versions is "
                                   "wrong, which `setlog audit` can show",
                                   from.m, to.m));
  }
  if (n != to.n) {
    return Refused(tree_.head().origin,
                   absl::StrFormat(
                       "from %d members at m = %d the entries lead to %d at m = %d, "
                       "not %d: one of the two versions is wrong, which `setlog audit` "
                       "can show",
                       from.n, from.m, n, to.m, to.n));
  }
  std::sort(
      changes.begin(), changes.end(),
      [](const MemberChange& a, const MemberChange& b) { return a.value < b.value; });
  return changes;
}

absl::StatusOr<ExtensionRange> SetDifference::FetchChanges(
    const ProgressCallback& progress) {
  const uint64_t begin = older_->version.index.m;
  const uint64_t end = newer_->version.index.m;
  ExtensionRange range(begin);
  const absl::Status fetched =
      tree_.Entries(begin, end, [&](uint64_t first, std::span<const Bytes> entries) {
        for (size_t i = 0; i < entries.size(); ++i) {
          const absl::Status added = range.Add(entries[i]);
          if (added.ok()) continue;
          return Contradicts(
              absl::StrFormat("the entry at position %d is malformed: %s", first + i,
                              std::string(added.message())),
              WrongEntry(first + i, std::string(AsText(entries[i]))));
        }
        progress("fetching entries", first + entries.size() - begin, end - begin);
        return absl::OkStatus();
      });
  if (!fetched.ok()) return fetched;
  return range;
}

absl::Status SetDifference::CheckBatch(const ExtensionRange& range,
                                       std::span<const Touch> touched,
                                       const std::string& proof) {
  const absl::StatusOr<Extension> shown = VerifyExtension(
      older_->version.index, newer_->version.index, range, AsBytes(proof));
  if (!shown.ok()) return Refused(tree_.head().origin, shown.status());
  if (!shown->contradiction) return absl::OkStatus();
  return Contradicts(
      absl::StrFormat("%s (%d values)", *shown->contradiction, touched.size()),
      WrongRoot(range, proof));
}

absl::Status SetDifference::Contradicts(const std::string& what,
                                        absl::StatusOr<Evidence> evidence) {
  std::string words = what;
  if (evidence.ok()) {
    const auto proven = VerifyEvidence(*evidence, {.log_key = newer_->version.log_key});
    const absl::Status usable =
        proven.ok() ? CheckEvidenceFits(*evidence) : proven.status();
    if (usable.ok()) {
      evidence_ = *std::move(evidence);
    } else {
      evidence = usable;
    }
  }
  if (!evidence_) {
    words += absl::StrFormat("; evidence of it could not be made: %s",
                             std::string(evidence.status().message()));
  }
  return Refused(tree_.head().origin, words);
}

absl::StatusOr<Evidence> SetDifference::WrongEntry(uint64_t position,
                                                   std::string entry) {
  absl::StatusOr<ProvenEntry> proven = ProveEntry(tree_, position, std::move(entry));
  if (!proven.ok()) return proven.status();
  std::optional<ProvenEntry> manifest;
  if (position > 0) manifest = newer_->proof.manifest;
  return MalformedEntry{newer_->proof.checkpoint, manifest, *std::move(proven)};
}

absl::StatusOr<Evidence> SetDifference::WrongMember(const Hash& value) {
  v1::LookupRequest request;
  request.set_origin(tree_.head().origin);
  request.set_record(std::string(AsText(value)));
  request.set_index_size(newer_->version.index.m);
  const absl::StatusOr<v1::LookupResponse> response =
      connection_->Call(connection_->reader(), &v1::Reader::Stub::Lookup, request);
  if (!response.ok()) return response.status();
  absl::StatusOr<LookupProof> lookup = LookupFromProto(response->lookup());
  if (!lookup.ok()) return lookup.status();
  // From the last entry that names it.
  const uint64_t end = newer_->version.index.m;
  uint64_t last = older_->version.index.m;
  const std::string add = Encode(AddEntry{value});
  const std::string remove = Encode(RemoveEntry{value});
  const absl::Status found =
      tree_.Entries(last, end, [&](uint64_t first, std::span<const Bytes> entries) {
        for (size_t i = 0; i < entries.size(); ++i) {
          const std::string_view entry = AsText(entries[i]);
          if (entry == add || entry == remove) last = first + i;
        }
        return absl::OkStatus();
      });
  if (!found.ok()) return found;
  absl::StatusOr<EntryRange> range = FetchRange(tree_, last, end);
  if (!range.ok()) return range.status();
  return WrongAnswer{newer_->proof.checkpoint, newer_->proof.manifest,
                     newer_->proof.index,      value,
                     *std::move(lookup),       *std::move(range)};
}

absl::StatusOr<Evidence> SetDifference::WrongRoot(const ExtensionRange& range,
                                                  const std::string& proof) {
  // Its path in hand may be for an older head.
  absl::StatusOr<ProvenEntry> from =
      ProveEntry(tree_, older_->proof.index.position, older_->proof.index.entry);
  if (!from.ok()) return from.status();
  absl::StatusOr<EntryRange> entries = FetchRange(tree_, range.begin(), range.end());
  if (!entries.ok()) return entries.status();
  return WrongExtension{newer_->proof.checkpoint, newer_->proof.manifest,
                        *std::move(from),         newer_->proof.index,
                        *std::move(entries),      proof};
}

}  // namespace setlog
