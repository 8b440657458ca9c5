#include "server/answers.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_format.h"
#include "log/tile.h"
#include "log/vkey.h"
#include "proto/forms.h"

namespace setlog {
namespace {

constexpr size_t kMaxBatchQueries = 4096;

absl::Status BeyondHead(const char* what, uint64_t value, uint64_t size) {
  return absl::OutOfRangeError(
      absl::StrFormat("%s %d is beyond the head, whose size is %d", what, value, size));
}

// The size asked for, 0 being the head's. OutOfRange if it is beyond the head.
absl::StatusOr<uint64_t> SizeOrHead(uint64_t asked, const LogState& log) {
  const uint64_t head_size = log.figures().size;
  if (asked > head_size) return BeyondHead("size", asked, head_size);
  return asked == 0 ? head_size : asked;
}

absl::StatusOr<Hash> RecordOf(std::string_view bytes) {
  if (bytes.size() != Hash::kSize) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a record hash has 32 bytes, not %d", bytes.size()));
  }
  return HashFromBytes(AsBytes(bytes));
}

// Fills it up with zeros, so that its serialised form has a multiple of kPadTo bytes.
void Pad(v1::LookupResponse* response) {
  constexpr size_t kPadTo = 4096;
  constexpr size_t kLeast = 128;   // from here on the length has two bytes,
  constexpr size_t kOverhead = 3;  // with the field's number before it
  const size_t bytes = response->ByteSizeLong() + kOverhead;
  const size_t target = (bytes + kLeast + kPadTo - 1) / kPadTo * kPadTo;
  response->set_padding(std::string(target - bytes, '\0'));
}

}  // namespace

absl::Status Answers::ListLogs(const v1::ListLogsRequest& request,
                               const std::function<bool(const HostedLog&)>& shown,
                               v1::ListLogsResponse* response) const {
  std::vector<const HostedLog*> logs;
  for (const HostedLog* log : logs_->All()) {
    if (log->state.origin() > request.after() && shown(*log)) logs.push_back(log);
  }
  const size_t count = std::min<size_t>(logs.size(), max_listed_);
  std::partial_sort(logs.begin(), logs.begin() + static_cast<ptrdiff_t>(count),
                    logs.end(), [](const HostedLog* a, const HostedLog* b) {
                      return a->state.origin() < b->state.origin();
                    });
  response->set_more(logs.size() > count);
  logs.resize(count);
  for (const HostedLog* log : logs) {
    v1::LogSummary* summary = response->add_logs();
    summary->set_origin(log->state.origin());
    summary->set_vkey(FormatVkey(log->state.key().Verifier(SignatureType::kEd25519)));
    summary->set_size(log->state.figures().size);
  }
  return absl::OkStatus();
}

absl::Status Answers::GetLog(const v1::GetLogRequest& request,
                             v1::GetLogResponse* response) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  response->set_vkey(FormatVkey((*log)->state.key().Verifier(SignatureType::kEd25519)));
  response->set_manifest((*log)->state.manifest());
  return absl::OkStatus();
}

absl::Status Answers::GetHead(const v1::GetHeadRequest& request,
                              v1::Head* response) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  const LogState& state = (*log)->state;
  PublishedHead head = state.head();
  const uint64_t size = head.head.size;
  if (request.known_size() > size) {
    return BeyondHead("known_size", request.known_size(), size);
  }
  PlacedIndex index = head.index;
  std::optional<uint64_t> tag_position;
  if (request.has_tag()) {
    // Also because the name comes back in the message.
    if (absl::Status s = CheckTagName(request.tag()); !s.ok()) return s;
    absl::StatusOr<std::string> row =
        store_->Read(state.number(), Table::kTag, request.tag());
    absl::StatusOr<PlacedTag> tag =
        row.ok() ? DecodeTagRow(*row) : absl::StatusOr<PlacedTag>(row.status());
    if (absl::IsNotFound(tag.status()) || (tag.ok() && tag->position >= size)) {
      return absl::NotFoundError(
          absl::StrFormat("%s has no version %s: `setlog tags %s` lists them",
                          request.origin(), request.tag(), request.origin()));
    }
    if (!tag.ok()) return tag.status();
    absl::StatusOr<PlacedIndex> at = IndexAt(state, size, head.index, tag->m);
    if (!at.ok()) return at.status();
    index = *at;
    tag_position = tag->position;
  } else if (request.has_size()) {
    if (request.size() > size) return BeyondHead("size", request.size(), size);
    absl::StatusOr<PlacedIndex> at = state.IndexBefore(*store_, request.size());
    if (!at.ok()) return at.status();
    index = *at;
  }
  // The checkpoint to prove it under. Every version in the one that witnesses cosigned
  // is the same under the newest head.
  CosignedHead under{head.head, std::move(head.note)};
  if (const auto quorum = request.cosigned() ? state.quorum() : nullptr) {
    const uint64_t cosigned_size = quorum->cosigned.head.size;
    if (!request.has_tag() && !request.has_size()) index = quorum->index;
    if (std::max(index.position, tag_position.value_or(0)) < cosigned_size) {
      under = quorum->cosigned;
    }
  }
  const uint64_t under_size = under.head.size;
  absl::StatusOr<ProvenEntry> manifest = reader_->Prove(state.number(), 0, under_size);
  if (!manifest.ok()) return manifest.status();
  absl::StatusOr<ProvenEntry> proven =
      reader_->Prove(state.number(), index.position, under_size);
  if (!proven.ok()) return proven.status();
  if (tag_position) {
    absl::StatusOr<ProvenEntry> tag =
        reader_->Prove(state.number(), *tag_position, under_size);
    if (!tag.ok()) return tag.status();
    *response->mutable_tag() = EntryToProto(*tag);
  }
  response->set_checkpoint(std::move(under.note));
  *response->mutable_manifest() = EntryToProto(*manifest);
  *response->mutable_index() = EntryToProto(*proven);
  if (const uint64_t known = request.known_size(); known > 0) {
    absl::StatusOr<std::vector<Hash>> path = reader_->ConsistencyPath(
        state.number(), std::min(known, under_size), std::max(known, under_size));
    if (!path.ok()) return path.status();
    response->set_consistency(ConcatHashes(*path));
  }
  return absl::OkStatus();
}

absl::Status Answers::GetInclusionProof(const v1::GetInclusionProofRequest& request,
                                        v1::InclusionProof* response) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  const LogNumber number = (*log)->state.number();
  absl::StatusOr<uint64_t> size = SizeOrHead(request.size(), (*log)->state);
  if (!size.ok()) return size.status();
  if (request.index() >= *size) {
    return absl::OutOfRangeError(absl::StrFormat(
        "index %d is not in the tree of size %d", request.index(), *size));
  }
  const absl::StatusOr<Inclusion> proof =
      reader_->Include(number, request.index(), *size);
  if (!proof.ok()) return proof.status();
  response->set_size(*size);
  response->set_leaf_hash(proof->leaf.data(), Hash::kSize);
  response->set_root(proof->root.data(), Hash::kSize);
  response->set_path(ConcatHashes(proof->path));
  return absl::OkStatus();
}

absl::Status Answers::GetConsistencyProof(const v1::GetConsistencyProofRequest& request,
                                          v1::ConsistencyProof* response) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  const LogNumber number = (*log)->state.number();
  absl::StatusOr<uint64_t> newer = SizeOrHead(request.size2(), (*log)->state);
  if (!newer.ok()) return newer.status();
  const uint64_t size1 = request.size1();
  const uint64_t size2 = *newer;
  if (size1 == 0 || size1 > size2) {
    return absl::OutOfRangeError(absl::StrFormat(
        "a consistency proof needs 1 <= size1 <= size2, not %d and %d", size1, size2));
  }
  absl::StatusOr<std::vector<Hash>> path =
      reader_->ConsistencyPath(number, size1, size2);
  if (!path.ok()) return path.status();
  absl::StatusOr<Hash> root1 = reader_->RootAt(number, size1);
  if (!root1.ok()) return root1.status();
  absl::StatusOr<Hash> root2 = reader_->RootAt(number, size2);
  if (!root2.ok()) return root2.status();
  response->set_size2(size2);
  response->set_root1(std::string(AsText(*root1)));
  response->set_root2(std::string(AsText(*root2)));
  response->set_path(ConcatHashes(*path));
  return absl::OkStatus();
}

absl::StatusOr<PlacedIndex> Answers::IndexAt(const LogState& log, uint64_t head_size,
                                             const PlacedIndex& newest,
                                             uint64_t m) const {
  if (m == 0 || m == newest.entry.m) return newest;
  absl::StatusOr<PlacedIndex> index = log.IndexFor(*store_, m);
  if (index.ok() && index->position >= head_size) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s has no index entry for m = %d yet", log.origin(), m));
  }
  return index;
}

absl::Status Answers::Lookup(const v1::LookupRequest& request,
                             v1::LookupResponse* response) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  const absl::Status answered = LookupIn(**log, request, response);
  if (answered.ok() && (*log)->vrf_key && request.size() > 0) Pad(response);
  return answered;
}

absl::Status Answers::LookupIn(HostedLog& log, const v1::LookupRequest& request,
                               v1::LookupResponse* response) const {
  absl::StatusOr<Hash> record = RecordOf(request.record());
  if (!record.ok()) return record.status();
  const LogState::Tip tip = log.state.tip();
  absl::StatusOr<PlacedIndex> index =
      IndexAt(log.state, tip.head.size, tip.index, request.index_size());
  if (!index.ok()) return index.status();
  if (request.size() > tip.head.size) {
    return BeyondHead("size", request.size(), tip.head.size);
  }
  absl::StatusOr<IndexAnswer> answer = log.index.Lookup(*record, *index);
  if (!answer.ok()) return answer.status();
  response->set_index_size(index->entry.m);
  *response->mutable_lookup() = LookupToProto(answer->proof);
  if (request.size() == 0 || answer->events.empty()) return absl::OkStatus();

  const std::vector<SetEvent>& events = answer->events;
  const auto prove = [&](const SetEvent& event) {
    return reader_->Prove(log.state.number(), event.position, request.size());
  };
  if (!answer->present) {
    absl::StatusOr<ProvenEntry> removed = prove(events.back());
    if (!removed.ok()) return removed.status();
    *response->mutable_removed() = EntryToProto(*removed);
  }
  const SetEvent& add = answer->present ? events.back() : events[events.size() - 2];
  absl::StatusOr<ProvenEntry> added = prove(add);
  if (!added.ok()) return added.status();
  *response->mutable_added() = EntryToProto(*added);
  return absl::OkStatus();
}

absl::Status Answers::BatchLookup(const v1::BatchLookupRequest& request,
                                  v1::BatchLookupResponse* response) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  absl::StatusOr<std::vector<Hash>> records = SplitHashes(request.records(), "records");
  if (!records.ok()) return records.status();
  if (records->size() > kMaxBatchQueries) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d records in one batch: at most %d are answered, send several",
        records->size(), kMaxBatchQueries));
  }
  const LogState::Tip tip = (*log)->state.tip();
  absl::StatusOr<PlacedIndex> index =
      IndexAt((*log)->state, tip.head.size, tip.index, request.index_size());
  if (!index.ok()) return index.status();
  absl::StatusOr<IndexBatchAnswer> answer = (*log)->index.BatchLookup(*records, *index);
  if (!answer.ok()) return answer.status();
  response->set_index_size(index->entry.m);
  response->set_proof(std::move(answer->proof));
  response->mutable_removed()->Add(answer->removed.begin(), answer->removed.end());
  return absl::OkStatus();
}

absl::Status Answers::ListTags(const v1::ListTagsRequest& request,
                               v1::ListTagsResponse* response) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  const LogNumber number = (*log)->state.number();
  absl::StatusOr<uint64_t> asked = SizeOrHead(request.size(), (*log)->state);
  if (!asked.ok()) return asked.status();
  const uint64_t size = *asked;
  std::vector<uint64_t> positions;
  absl::Status damaged;
  absl::Status scanned = store_->Scan(
      number, Table::kTag, "", "", [&](std::string_view, std::string_view value) {
        absl::StatusOr<PlacedTag> tag = DecodeTagRow(value);
        if (!tag.ok()) {
          damaged = tag.status();
          return false;
        }
        if (tag->position >= request.begin() && tag->position < size) {
          positions.push_back(tag->position);
        }
        return true;
      });
  if (!scanned.ok()) return scanned;
  if (!damaged.ok()) return damaged;
  const size_t count = std::min<size_t>(positions.size(), max_listed_);
  std::partial_sort(positions.begin(),
                    positions.begin() + static_cast<ptrdiff_t>(count), positions.end());
  response->set_more(positions.size() > count);
  positions.resize(count);
  response->set_size(size);
  for (uint64_t position : positions) {
    absl::StatusOr<ProvenEntry> proven = reader_->Prove(number, position, size);
    if (!proven.ok()) return proven.status();
    *response->add_tags() = EntryToProto(*proven);
  }
  return absl::OkStatus();
}

absl::Status Answers::NextEntries(const v1::GetEntriesRequest& request, uint64_t* begin,
                                  uint64_t* end, v1::EntriesChunk* chunk) const {
  absl::StatusOr<HostedLog*> log = logs_->Find(request.origin());
  if (!log.ok()) return log.status();
  const uint64_t head_size = (*log)->state.figures().size;
  if (*end == 0) *end = head_size;
  if (*end > head_size) return BeyondHead("end", *end, head_size);
  if (*begin > *end) {
    return absl::OutOfRangeError(
        absl::StrFormat("entries from %d to %d: begin is after end", *begin, *end));
  }
  chunk->set_begin(*begin);
  // A message costs both sides as much as some hundred entries.
  const size_t enough = std::min<size_t>(request.chunk_bytes(), max_chunk_bytes_);
  std::string& entries = *chunk->mutable_bundle();
  while (*begin < *end && (entries.empty() || entries.size() < enough)) {
    const uint64_t first = *begin / kTileWidth * kTileWidth;
    const uint32_t width =
        static_cast<uint32_t>(std::min<uint64_t>(*end - first, kTileWidth));
    absl::StatusOr<std::string> bundle =
        reader_->Bundle((*log)->state.number(), first / kTileWidth, width);
    if (!bundle.ok()) return bundle.status();
    if (*begin > first) {
      // Only the first of a call can begin within a bundle.
      const std::vector<Bytes> parsed = *ParseBundle(AsBytes(*bundle));
      absl::StatusOr<std::string> rest =
          EncodeBundle(std::span(parsed).subspan(*begin - first));
      if (!rest.ok()) return rest.status();
      bundle = *std::move(rest);
    }
    if (entries.empty()) {
      entries = *std::move(bundle);
      if (*end - first > kTileWidth) entries.reserve(enough + entries.size());
    } else {
      entries.append(*bundle);
    }
    *begin = first + width;
  }
  return absl::OkStatus();
}

}  // namespace setlog
