#include "client/stateless_audit.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/covering.h"
#include "client/entry_stream.h"
#include "client/evidence_file.h"
#include "client/fault_evidence.h"
#include "client/refused.h"
#include "log/batch_proof.h"
#include "log/extension.h"
#include "log/followed_set.h"
#include "log/set_tree.h"
#include "log/tree.h"

namespace setlog {
namespace {

using Rule = ReplayFault::Rule;

constexpr std::chrono::milliseconds kTick(200);
// The set may have to be read as a whole first.
constexpr std::chrono::milliseconds kProofDeadline = std::chrono::minutes(30);

// Of what a proof of k values in a set of n members can need. Its items are a tree of
// branches, of two bytes, and of one leaf or sibling more than there are branches. The
// branches are some of the set's n - 1, and on k paths: the topmost log2(k) levels of
// them have at most k, and each path has the rest of its own. Hashes make the paths
// log2(n) + 0.4 long on average. Whoever adds records may search for some that lie
// deeper: at eight levels more each costs 256 n hashes and eight records, and some MB
// are for few that cost even more.
uint64_t MaxProofBytes(uint64_t values, uint64_t members) {
  constexpr uint64_t kPerBranch = 2 + 1 + Hash::kSize;
  constexpr uint64_t kSlack = uint64_t{8} << 20;
  constexpr int64_t kDeeper = 8;
  const uint64_t k = std::clamp<uint64_t>(values, 1, uint64_t{1} << 40);
  const uint64_t n = std::clamp<uint64_t>(members, 1, uint64_t{1} << 48);
  const int64_t shared = static_cast<int64_t>(std::bit_width(k)) - 1;
  const auto own =
      static_cast<uint64_t>(std::max<int64_t>(0, std::bit_width(n) + kDeeper - shared));
  // However deep they are, a path has at most 256.
  const uint64_t branches =
      std::min<uint64_t>({n - 1, 256 * k, k + own * k + kSlack / kPerBranch});
  return branches * kPerBranch + 1 + Hash::kSize;
}

// The keys of some changes, each once, and where each change's is.
struct TouchedKeys {
  std::vector<Hash> keys;
  std::vector<uint32_t> places;
};
template <typename Changes>
TouchedKeys KeysOf(const Changes& changes, size_t count) {
  std::vector<Hash> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = changes[i].value;
  const std::vector<Hash> keys = SetKeys(values);
  TouchedKeys touched{.keys = keys, .places = std::vector<uint32_t>(count)};
  std::sort(touched.keys.begin(), touched.keys.end());
  touched.keys.erase(std::unique(touched.keys.begin(), touched.keys.end()),
                     touched.keys.end());
  for (size_t i = 0; i < count; ++i) {
    touched.places[i] = static_cast<uint32_t>(
        std::lower_bound(touched.keys.begin(), touched.keys.end(), keys[i]) -
        touched.keys.begin());
  }
  return touched;
}

}  // namespace

StatelessState EmptyStatelessState() { return {.last = {EmptySetVersion(), 0}}; }

absl::StatusOr<std::string> FetchExtensionProof(const Connection& connection,
                                                const std::string& origin,
                                                uint64_t begin, uint64_t end,
                                                uint64_t values, uint64_t members) {
  v1::GetExtensionProofRequest request;
  request.set_origin(origin);
  request.set_begin(begin);
  request.set_end(end);
  Retry retry(connection.retry_for());
  while (true) {
    const std::unique_ptr<grpc::ClientContext> context =
        connection.NewContext(kProofDeadline);
    const std::unique_ptr<grpc::ClientReader<v1::ExtensionProofChunk>> stream =
        connection.reader().GetExtensionProof(context.get(), request);
    std::string proof;
    v1::ExtensionProofChunk chunk;
    bool too_long = false;
    while (!too_long && stream->Read(&chunk)) {
      proof += chunk.proof();
      too_long = proof.size() > MaxProofBytes(values, members);
    }
    if (too_long) context->TryCancel();
    const absl::Status status = FromGrpc(stream->Finish(), *context);
    if (too_long) return Refused(origin, "an extension proof that has no end");
    if (status.ok()) return proof;
    if (!retry.WaitAfter(status)) return status;
  }
}

StatelessAudit::StatelessAudit(const Connection* connection, const VerifiedHead* head,
                               FindVersion find_version, StatelessState state,
                               uint64_t window_changes)
    : connection_(connection),
      head_(head),
      find_version_(std::move(find_version)),
      window_changes_(window_changes),
      tree_(connection, head->version.checkpoint),
      checked_(state.size),
      base_(state.last),
      tags_(std::move(state.tags)),
      known_m_{state.last.entry.m} {
  absl::StatusOr<Peaks> peaks = Peaks::Restore(base_.entry.m, std::move(state.peaks));
  restored_ = peaks.status();
  if (peaks.ok()) peaks_ = *std::move(peaks);
}

absl::Status StatelessAudit::CheckPrefix() const {
  const Checkpoint& head = tree_.head();
  if (peaks_.size() == 0) return absl::OkStatus();
  Hash expected = head.root;
  if (peaks_.size() != head.size) {
    const absl::StatusOr<ConsistencyResult> result =
        tree_.Consistency(peaks_.size(), head.size);
    if (!result.ok()) return result.status();
    expected = result->root1;
  }
  if (peaks_.Root() == expected) return absl::OkStatus();
  return Refused(head.origin,
                 absl::StrFormat("the first %d entries that were sent are not those of "
                                 "the signed head of size %d",
                                 peaks_.size(), head.size));
}

absl::Status StatelessAudit::CheckStart() const {
  if (!restored_.ok()) return absl::DataLossError(restored_.message());
  if (base_.entry.m > checked_ || (base_.entry.m > 0 && base_.position >= checked_) ||
      checked_ > tree_.head().size) {
    return absl::DataLossError("its sizes do not fit together");
  }
  return CheckPrefix();
}

absl::StatusOr<bool> StatelessAudit::Run(
    const std::function<absl::Status()>& after_piece) {
  if (absl::Status s = CheckStart(); !s.ok()) return s;
  const Checkpoint& head = tree_.head();
  EntryStream stream(connection_, head.origin, peaks_.size(), head.size);
  while (!stream.done()) {
    const absl::StatusOr<EntryPiece> piece = stream.Next(kTick);
    if (!piece.ok()) return piece.status();
    std::span<const Bytes> entries = piece->entries;
    absl::StatusOr<Fault> bad = Scan(entries, peaks_.size());
    if (!bad.ok()) return bad.status();
    if (*bad) {
      entries = entries.first((*bad)->position + 1 - peaks_.size());
      fault_entry_ = AsText(entries.back());
    }
    peaks_.Append(LeafHashes(entries));
    if (*bad || stream.done() || changes_.size() >= window_changes_) {
      // What is judged must be the log's own.
      if (absl::Status s = CheckPrefix(); !s.ok()) return s;
      absl::StatusOr<Fault> wrong = CheckWindow();
      if (!wrong.ok()) return wrong.status();
      if (*wrong) {
        fault_ = *std::move(wrong);
      } else if (*bad) {
        fault_ = *std::move(bad);
      }
      if (fault_) return false;
    }
    if (absl::Status s = after_piece(); !s.ok()) return s;
  }
  return true;
}

absl::StatusOr<StatelessAudit::Fault> StatelessAudit::Scan(
    std::span<const Bytes> entries, uint64_t position) {
  for (size_t i = 0; i < entries.size(); ++i, ++position) {
    const Bytes bytes = entries[i];
    // Nearly every entry is one of these, and they have no other rules.
    if (bytes.size() == kValueEntryBytes && position > 0) {
      const auto type = static_cast<EntryType>(bytes[0]);
      if (type == EntryType::kAdd || type == EntryType::kRemove) {
        changes_.push_back(
            {HashFromBytes(bytes.subspan(1)), position, type == EntryType::kAdd});
        continue;
      }
    }
    absl::StatusOr<Fault> fault = ScanOther(bytes, position);
    if (!fault.ok()) return fault;
    if (*fault) {
      (*fault)->position = position;
      return fault;
    }
  }
  return std::nullopt;
}

absl::StatusOr<StatelessAudit::Fault> StatelessAudit::ScanOther(Bytes bytes,
                                                                uint64_t position) {
  const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
  absl::Status status = entry.status();
  if (status.ok()) status = CheckPosition(*entry, position);
  if (!status.ok()) return ReplayFault{0, Rule::kForm, std::string(status.message())};
  if (std::holds_alternative<ManifestEntry>(*entry)) {
    return ScanManifest(bytes.subspan(1));
  }
  // Those between the last m and the end of the audit before were checked there.
  if (position < checked_) return std::nullopt;
  if (const auto* index = std::get_if<IndexEntry>(&*entry)) {
    return ScanIndex(*index, position);
  }
  return ScanTag(std::get<TagEntry>(*entry), position);
}

StatelessAudit::Fault StatelessAudit::ScanManifest(Bytes json) const {
  const absl::StatusOr<Manifest> manifest = ParseManifest(json);
  if (!manifest.ok()) {
    return ReplayFault{
        0, absl::IsUnimplemented(manifest.status()) ? Rule::kUnsupported : Rule::kForm,
        std::string(manifest.status().message())};
  }
  if (manifest->origin == tree_.head().origin) return std::nullopt;
  return ReplayFault{0, Rule::kForm,
                     absl::StrFormat("the manifest is of %s, not of %s",
                                     manifest->origin, tree_.head().origin)};
}

StatelessAudit::Fault StatelessAudit::ScanIndex(const IndexEntry& entry,
                                                uint64_t position) {
  const uint64_t last = indexes_.empty() ? base_.entry.m : indexes_.back().entry.m;
  if (entry.m <= last) {
    return ReplayFault{
        0, Rule::kIndexOrder,
        absl::StrFormat("index entry for m = %d after one for m = %d", entry.m, last)};
  }
  indexes_.push_back({entry, position});
  known_m_.insert(entry.m);
  return std::nullopt;
}

absl::StatusOr<StatelessAudit::Fault> StatelessAudit::ScanTag(const TagEntry& tag,
                                                              uint64_t position) {
  if (!known_m_.contains(tag.m) || tag.m == 0) {
    const absl::StatusOr<VerifiedHead> version = find_version_({.tag = tag.name});
    const bool found = version.ok() && version->version.index.m == tag.m &&
                       version->proof.tag && version->proof.tag->position == position;
    // That the server is lost is no answer.
    if (absl::IsUnavailable(version.status()) ||
        absl::IsDeadlineExceeded(version.status())) {
      return version.status();
    }
    if (!found && !tags_.contains(tag.name)) {
      return ReplayFault{
          0, Rule::kTagIndex,
          absl::StrFormat("tag %s names m = %d, for which no index entry stands",
                          tag.name, tag.m)};
    }
  }
  if (!tags_.emplace(tag.name, PlacedTag{tag.m, position}).second) {
    return ReplayFault{
        0, Rule::kTagName,
        absl::StrFormat("the tag name %s is used a second time", tag.name)};
  }
  return std::nullopt;
}

absl::StatusOr<StatelessAudit::Fault> StatelessAudit::CheckWindow() {
  if (indexes_.empty()) return std::nullopt;
  const uint64_t end = indexes_.back().entry.m;
  const size_t count = static_cast<size_t>(
      std::partition_point(changes_.begin(), changes_.end(),
                           [&](const Change& c) { return c.position < end; }) -
      changes_.begin());
  const TouchedKeys touched = KeysOf(changes_, count);
  std::string proof;
  if (base_.entry.n > 0) {
    absl::StatusOr<std::string> fetched =
        FetchExtensionProof(*connection_, tree_.head().origin, base_.entry.m, end,
                            touched.keys.size(), base_.entry.n);
    if (!fetched.ok()) return fetched.status();
    proof = *std::move(fetched);
  }
  absl::StatusOr<FollowedSet> set = FollowedSet::Open(
      base_.entry.set_root, base_.entry.n, touched.keys, AsBytes(proof));
  if (!set.ok()) return Refused(tree_.head().origin, set.status());
  PlacedIndex previous = base_;
  size_t next = 0;
  for (const PlacedIndex& index : indexes_) {
    const size_t first = next;
    for (; next < count && changes_[next].position < index.entry.m; ++next) {
      set->Set(touched.places[next], changes_[next].add);
    }
    const Hash root = set->Root();
    if (set->count() != index.entry.n || root != index.entry.set_root) {
      const TouchedKeys some = KeysOf(changes_, next);
      absl::StatusOr<std::string> narrow = NarrowBatchProof(AsBytes(proof), some.keys);
      if (!narrow.ok()) return narrow.status();
      wrong_set_ = {base_, *std::move(narrow), previous, next - first};
      fault_entry_ = Encode(index.entry);
      return ReplayFault{
          index.position, Rule::kIndexSet,
          absl::StrFormat("index entry for m = %d says n = %d, root %s; the entries "
                          "before m give n = %d, root %s",
                          index.entry.m, index.entry.n, ToHex(index.entry.set_root),
                          set->count(), ToHex(root))};
    }
    previous = index;
  }
  base_ = previous;
  indexes_.clear();
  changes_.erase(changes_.begin(), changes_.begin() + static_cast<ptrdiff_t>(count));
  return std::nullopt;
}

absl::StatusOr<StatelessState> StatelessAudit::State() const {
  if (fault_) return absl::FailedPreconditionError("nothing goes on from a fault");
  if (absl::Status s = CheckPrefix(); !s.ok()) return s;
  absl::StatusOr<std::vector<Hash>> peaks = HashesBefore(tree_, base_.entry.m);
  if (!peaks.ok()) return peaks.status();
  StatelessState state{
      .note = head_->proof.checkpoint,
      .size = indexes_.empty() ? peaks_.size() : indexes_.front().position,
      .last = base_,
      .peaks = *std::move(peaks)};
  state.size = std::max(state.size, checked_);
  for (const auto& [name, tag] : tags_) {
    if (tag.position < state.size) state.tags.emplace(name, tag);
  }
  return state;
}

absl::StatusOr<Evidence> StatelessAudit::MakeEvidence() const {
  if (fault_->rule == Rule::kIndexSet) return WrongIndexEvidence();
  std::optional<PlacedIndex> last;
  if (base_.entry.m > 0) last = base_;
  return MakeEntryEvidence(*connection_, *head_, last, tags_, *fault_, fault_entry_);
}

absl::StatusOr<Evidence> StatelessAudit::WrongIndexEvidence() const {
  absl::StatusOr<ProvenEntry> to = ProveEntry(tree_, fault_->position, fault_entry_);
  if (!to.ok()) return to.status();
  const uint64_t end = std::get<IndexEntry>(*DecodeEntry(AsBytes(fault_entry_))).m;
  const auto make = [&](const PlacedIndex& from,
                        std::string proof) -> absl::StatusOr<Evidence> {
    std::optional<ProvenEntry> proven;
    if (from.entry.m > 0) {
      absl::StatusOr<ProvenEntry> entry =
          ProveEntry(tree_, from.position, Encode(from.entry));
      if (!entry.ok()) return entry.status();
      proven = *std::move(entry);
    }
    absl::StatusOr<EntryRange> range = FetchRange(tree_, from.entry.m, end);
    if (!range.ok()) return range.status();
    Evidence evidence = WrongExtension{head_->proof.checkpoint, head_->proof.manifest,
                                       std::move(proven),       *to,
                                       *std::move(range),       std::move(proof)};
    const auto shown =
        VerifyEvidence(evidence, {.log_key = head_->version.log_key}).status();
    if (!shown.ok()) return shown;
    if (absl::Status s = CheckEvidenceFits(evidence); !s.ok()) return s;
    return evidence;
  };
  // The smallest piece first; a server that lies may not give its proof.
  if (wrong_set_->previous != wrong_set_->from) {
    absl::StatusOr<std::string> proof = FetchExtensionProof(
        *connection_, tree_.head().origin, wrong_set_->previous.entry.m, end,
        wrong_set_->touched, wrong_set_->previous.entry.n);
    if (proof.ok()) {
      absl::StatusOr<Evidence> small = make(wrong_set_->previous, *std::move(proof));
      if (small.ok()) return small;
    }
  }
  return make(wrong_set_->from, wrong_set_->proof);
}

}  // namespace setlog
