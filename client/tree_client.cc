#include "client/tree_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/entry_chunk.h"
#include "client/refused.h"
#include "log/proof.h"
#include "log/tree.h"
#include "proto/forms.h"

namespace setlog {
namespace {

absl::Status BeyondHead(const Checkpoint& head, std::string_view what) {
  return absl::OutOfRangeError(absl::StrFormat("%s: %s; the verified head has size %d",
                                               head.origin, what, head.size));
}

}  // namespace

TreeClient::TreeClient(const Connection* connection, Checkpoint head)
    : connection_(connection), head_(std::move(head)) {}

absl::Status TreeClient::CheckRoot(uint64_t size, const Hash& root) const {
  std::vector<Hash> path;
  if (size != head_.size) {
    v1::GetConsistencyProofRequest request;
    request.set_origin(head_.origin);
    request.set_size1(size);
    request.set_size2(head_.size);
    const absl::StatusOr<v1::ConsistencyProof> response = connection_->Call(
        connection_->reader(), &v1::Reader::Stub::GetConsistencyProof, request);
    if (!response.ok()) return response.status();
    absl::StatusOr<std::vector<Hash>> hashes = SplitHashes(response->path(), "path");
    if (!hashes.ok()) return Refused(head_.origin, hashes.status());
    path = *std::move(hashes);
  }
  const absl::Status consistent =
      VerifyConsistency(size, head_.size, root, head_.root, path);
  if (!consistent.ok()) return Refused(head_.origin, consistent);
  return absl::OkStatus();
}

absl::StatusOr<InclusionResult> TreeClient::Inclusion(uint64_t index,
                                                      uint64_t size) const {
  if (index >= size || size > head_.size) {
    return BeyondHead(head_, absl::StrFormat("no entry %d in size %d", index, size));
  }
  v1::GetInclusionProofRequest request;
  request.set_origin(head_.origin);
  request.set_index(index);
  request.set_size(size);
  const absl::StatusOr<v1::InclusionProof> response = connection_->Call(
      connection_->reader(), &v1::Reader::Stub::GetInclusionProof, request);
  if (!response.ok()) return response.status();
  const absl::StatusOr<Hash> leaf = OneHash(response->leaf_hash(), "leaf_hash");
  if (!leaf.ok()) return Refused(head_.origin, leaf.status());
  const absl::StatusOr<Hash> root = OneHash(response->root(), "root");
  if (!root.ok()) return Refused(head_.origin, root.status());
  absl::StatusOr<std::vector<Hash>> path = SplitHashes(response->path(), "path");
  if (!path.ok()) return Refused(head_.origin, path.status());
  if (response->size() != size) {
    return Refused(head_.origin, "an inclusion proof for another size");
  }
  const absl::Status included = VerifyInclusion(index, size, *leaf, *path, *root);
  if (!included.ok()) return Refused(head_.origin, included);
  if (absl::Status s = CheckRoot(size, *root); !s.ok()) return s;
  return InclusionResult{index, size, *leaf, *root, *std::move(path)};
}

absl::StatusOr<ConsistencyResult> TreeClient::Consistency(uint64_t size1,
                                                          uint64_t size2) const {
  if (size1 == 0 || size1 > size2 || size2 > head_.size) {
    return BeyondHead(
        head_,
        absl::StrFormat("no consistency from %d to %d, for 1 <= SIZE1 <= SIZE2 <= head",
                        size1, size2));
  }
  v1::GetConsistencyProofRequest request;
  request.set_origin(head_.origin);
  request.set_size1(size1);
  request.set_size2(size2);
  const absl::StatusOr<v1::ConsistencyProof> response = connection_->Call(
      connection_->reader(), &v1::Reader::Stub::GetConsistencyProof, request);
  if (!response.ok()) return response.status();
  const absl::StatusOr<Hash> root1 = OneHash(response->root1(), "root1");
  if (!root1.ok()) return Refused(head_.origin, root1.status());
  const absl::StatusOr<Hash> root2 = OneHash(response->root2(), "root2");
  if (!root2.ok()) return Refused(head_.origin, root2.status());
  absl::StatusOr<std::vector<Hash>> path = SplitHashes(response->path(), "path");
  if (!path.ok()) return Refused(head_.origin, path.status());
  if (response->size2() != size2) {
    return Refused(head_.origin, "a consistency proof for another size");
  }
  const absl::Status consistent =
      VerifyConsistency(size1, size2, *root1, *root2, *path);
  if (!consistent.ok()) return Refused(head_.origin, consistent);
  if (absl::Status s = CheckRoot(size2, *root2); !s.ok()) return s;
  return ConsistencyResult{size1, size2, *root1, *root2, *std::move(path)};
}

absl::StatusOr<Peaks> TreeClient::PeaksAt(uint64_t size) const {
  if (size == 0) return Peaks();
  v1::GetInclusionProofRequest request;
  request.set_origin(head_.origin);
  request.set_index(size);
  request.set_size(size + 1);
  const absl::StatusOr<v1::InclusionProof> response = connection_->Call(
      connection_->reader(), &v1::Reader::Stub::GetInclusionProof, request);
  if (!response.ok()) return response.status();
  absl::StatusOr<std::vector<Hash>> path = SplitHashes(response->path(), "path");
  if (!path.ok()) return Refused(head_.origin, path.status());
  std::reverse(path->begin(), path->end());
  absl::StatusOr<Peaks> peaks = Peaks::Restore(size, *std::move(path));
  if (!peaks.ok()) return Refused(head_.origin, peaks.status());
  return peaks;
}

absl::StatusOr<std::vector<std::string>> TreeClient::FetchWindow(uint64_t begin,
                                                                 uint64_t end) const {
  v1::GetEntriesRequest request;
  request.set_origin(head_.origin);
  request.set_begin(begin);
  request.set_end(end);
  request.set_chunk_bytes(ChunkBytesFor(connection_->patience()));
  std::vector<std::string> bundles;
  uint64_t position = begin;
  size_t bytes = 0;
  Retry retry(connection_->retry_for());
  while (true) {
    request.set_begin(position);
    const uint64_t call_begin = position;
    const std::unique_ptr<grpc::ClientContext> context =
        connection_->NewContext(Connection::kCallDeadline);
    const std::unique_ptr<grpc::ClientReader<v1::EntriesChunk>> stream =
        connection_->reader().GetEntries(context.get(), request);
    absl::Status refused;
    v1::EntriesChunk chunk;
    while (position < end && bytes < kWindowBytes && refused.ok() &&
           stream->Read(&chunk)) {
      const absl::StatusOr<std::vector<Bytes>> entries =
          ParseChunk(AsBytes(chunk.bundle()), end - position);
      if (!entries.ok()) {
        refused = Refused(head_.origin, entries.status());
      } else if (chunk.begin() != position || entries->empty()) {
        refused = Refused(head_.origin, "entries that were not asked for");
      } else {
        position += entries->size();
        bytes += chunk.bundle().size();
        bundles.push_back(std::move(*chunk.mutable_bundle()));
        retry.Progress();
      }
    }
    const bool enough = position == end || bytes >= kWindowBytes;
    if (enough || !refused.ok()) context->TryCancel();
    const absl::Status status = FromGrpc(stream->Finish(), *context);
    if (!refused.ok()) return refused;
    if (enough) return bundles;
    if (status.ok()) return Refused(head_.origin, "the stream of entries ends early");
    if (absl::IsDeadlineExceeded(status)) {
      // That of the whole call. What did not come in it may come in smaller pieces.
      if (connection_->stops()) return absl::CancelledError("nobody waits for it");
      if (position > call_begin) continue;
      if (request.chunk_bytes() == kLeastChunkBytes) return status;
      request.set_chunk_bytes(kLeastChunkBytes);
      continue;
    }
    if (!retry.WaitAfter(status)) return status;
  }
}

absl::Status TreeClient::Entries(uint64_t begin, uint64_t end,
                                 const EntryCallback& callback) const {
  if (begin > end || end > head_.size) {
    return BeyondHead(
        head_, absl::StrFormat("no entries from %d to %d, for FROM <= TO <= head",
                               begin, end));
  }
  if (begin == end) return absl::OkStatus();
  absl::StatusOr<Peaks> peaks = PeaksAt(begin);
  if (!peaks.ok()) return peaks.status();
  while (peaks->size() < end) {
    const uint64_t window_begin = peaks->size();
    const absl::StatusOr<std::vector<std::string>> bundles = FetchWindow(
        window_begin, window_begin + std::min(kWindowEntries, end - window_begin));
    if (!bundles.ok()) return bundles.status();
    std::vector<Bytes> entries;
    for (const std::string& bundle : *bundles) {
      const std::vector<Bytes> parsed = *ParseChunk(AsBytes(bundle), kWindowEntries);
      entries.insert(entries.end(), parsed.begin(), parsed.end());
    }
    peaks->Append(LeafHashes(entries));
    if (absl::Status s = CheckRoot(peaks->size(), peaks->Root()); !s.ok()) return s;
    if (absl::Status s = callback(window_begin, entries); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace setlog
