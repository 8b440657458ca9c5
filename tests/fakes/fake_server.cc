#include "fakes/fake_server.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "log/cosignature.h"
#include "log/entry.h"
#include "log/note.h"
#include "log/tile.h"
#include "log/tree.h"
#include "proto/forms.h"

namespace setlog {

FakeServer::FakeServer(const std::string& listen, grpc::Service* also) {
  grpc::ServerBuilder builder;
  if (!listen.empty()) {
    builder.AddListeningPort(listen, grpc::InsecureServerCredentials());
  }
  builder.RegisterService(static_cast<v1::Reader::Service*>(this));
  builder.RegisterService(static_cast<v1::Writer::Service*>(this));
  if (also != nullptr) builder.RegisterService(also);
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() { server_->Shutdown(std::chrono::system_clock::now()); }

grpc::Status FakeServer::ListLogs(grpc::ServerContext*, const v1::ListLogsRequest*,
                                  v1::ListLogsResponse* response) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  v1::LogSummary* log = response->add_logs();
  log->set_origin(log_->origin());
  log->set_vkey(FormatVkey(log_->key()));
  log->set_size(Shown());
  if (on_list) on_list(*response);
  return grpc::Status::OK;
}

grpc::Status FakeServer::GetLog(grpc::ServerContext*, const v1::GetLogRequest*,
                                v1::GetLogResponse* response) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  response->set_vkey(FormatVkey(log_->key()));
  response->set_manifest(log_->entry(0).substr(1));
  if (on_log) on_log(*response);
  return grpc::Status::OK;
}

grpc::Status FakeServer::GetHead(grpc::ServerContext*,
                                 const v1::GetHeadRequest* request,
                                 v1::Head* response) {
  std::lock_guard lock(mutex_);
  ++heads_asked;
  if (grpc::Status s = Fails(); !s.ok()) return s;
  return FillHead(*request, response);
}

grpc::Status FakeServer::WatchHeads(grpc::ServerContext* context,
                                    const v1::GetHeadRequest* request,
                                    grpc::ServerWriter<v1::Head>* writer) {
  uint64_t sent = 0;
  while (!context->IsCancelled()) {
    v1::Head head;
    {
      std::lock_guard lock(mutex_);
      if (grpc::Status s = Fails(); !s.ok()) return s;
      if (Shown() != sent) {
        sent = Shown();
        if (grpc::Status s = FillHead(*request, &head); !s.ok()) return s;
      }
    }
    if (!head.checkpoint().empty()) writer->Write(head);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return grpc::Status::OK;
}

void FakeServer::Change(const std::function<void(FakeLog&)>& change) {
  std::lock_guard lock(mutex_);
  change(*log_);
}

grpc::Status FakeServer::GetEntries(grpc::ServerContext* context,
                                    const v1::GetEntriesRequest* request,
                                    grpc::ServerWriter<v1::EntriesChunk>* writer) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  if (!entries_refused.ok()) return entries_refused;
  ++entry_streams;
  int left = messages_before_loss.value_or(-1);
  for (uint64_t begin = request->begin(); begin < request->end();) {
    v1::EntriesChunk chunk;
    chunk.set_begin(begin);
    do {
      const uint64_t end =
          std::min(request->end(), (begin / kTileWidth + 1) * kTileWidth);
      for (; begin < end; ++begin) {
        (void)AppendToBundle(AsBytes(log_->entry(begin)), chunk.mutable_bundle());
      }
    } while (line_bytes_per_s > 0 && begin < request->end() &&
             chunk.bundle().size() < request->chunk_bytes());
    if (!Carried(*context, chunk.bundle().size())) return grpc::Status::CANCELLED;
    if (on_chunk) on_chunk(chunk);
    if (left-- == 0) return {grpc::StatusCode::UNAVAILABLE, "lost"};
    if (!writer->Write(chunk)) break;
  }
  return grpc::Status::OK;
}

grpc::Status FakeServer::GetInclusionProof(grpc::ServerContext*,
                                           const v1::GetInclusionProofRequest* request,
                                           v1::InclusionProof* response) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  if (request->index() >= request->size() || request->size() > Shown()) {
    return {grpc::StatusCode::OUT_OF_RANGE, "beyond the head"};
  }
  const ProvenEntry proof = log_->Prove(request->index(), request->size());
  response->set_size(request->size());
  response->set_leaf_hash(std::string(AsText(LeafHash(AsBytes(proof.entry)))));
  response->set_root(std::string(AsText(log_->RootAt(request->size()))));
  response->set_path(ConcatHashes(proof.path));
  if (on_inclusion) on_inclusion(*response);
  return grpc::Status::OK;
}

grpc::Status FakeServer::GetConsistencyProof(
    grpc::ServerContext*, const v1::GetConsistencyProofRequest* request,
    v1::ConsistencyProof* response) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  response->set_size2(request->size2());
  response->set_root1(std::string(AsText(log_->RootAt(request->size1()))));
  response->set_root2(std::string(AsText(log_->RootAt(request->size2()))));
  response->set_path(
      ConcatHashes(log_->tree().Proof(request->size1(), request->size2())));
  if (on_consistency) on_consistency(*response);
  return grpc::Status::OK;
}

grpc::Status FakeServer::Lookup(grpc::ServerContext*, const v1::LookupRequest* request,
                                v1::LookupResponse* response) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  const Hash record = HashFromBytes(AsBytes(request->record()));
  const uint64_t m = request->index_size();
  response->set_index_size(m);
  *response->mutable_lookup() =
      LookupToProto(other_set ? other_set->first->Lookup(record, other_set->second)
                              : log_->Lookup(record, m));
  const std::vector<SetEvent> events = log_->Events(record, m);
  if (request->size() > 0 && !events.empty()) {
    const bool removed = !events.back().add;
    const SetEvent& added = removed ? events[events.size() - 2] : events.back();
    *response->mutable_added() =
        EntryToProto(log_->Prove(added.position, request->size()));
    if (removed) {
      *response->mutable_removed() =
          EntryToProto(log_->Prove(events.back().position, request->size()));
    }
  }
  if (on_lookup) on_lookup(*response);
  return grpc::Status::OK;
}

grpc::Status FakeServer::BatchLookup(grpc::ServerContext*,
                                     const v1::BatchLookupRequest* request,
                                     v1::BatchLookupResponse* response) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  const std::vector<Hash> records = SplitHashes(request->records(), "records").value();
  if (records.size() > 4096) return {grpc::StatusCode::INVALID_ARGUMENT, "too many"};
  response->set_index_size(request->index_size());
  response->set_proof(other_set ? other_set->first->Batch(records, other_set->second)
                                : log_->Batch(records, request->index_size()));
  for (uint32_t i = 0; i < records.size(); ++i) {
    const std::vector<SetEvent> events =
        log_->Events(records[i], request->index_size());
    if (!events.empty() && !events.back().add) response->add_removed(i);
  }
  if (on_batch) on_batch(*response);
  return grpc::Status::OK;
}

grpc::Status FakeServer::GetExtensionProof(
    grpc::ServerContext*, const v1::GetExtensionProofRequest* request,
    grpc::ServerWriter<v1::ExtensionProofChunk>* writer) {
  std::lock_guard lock(mutex_);
  ++extensions_asked;
  if (grpc::Status s = Fails(); !s.ok()) return s;
  std::vector<Hash> values;
  for (uint64_t i = request->begin(); i < request->end(); ++i) {
    const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(log_->entry(i)));
    if (!entry.ok()) continue;
    if (const auto* add = std::get_if<AddEntry>(&*entry)) values.push_back(add->value);
    if (const auto* remove = std::get_if<RemoveEntry>(&*entry)) {
      values.push_back(remove->value);
    }
  }
  std::string proof = log_->Batch(values, request->begin());
  if (on_extension) on_extension(*request, proof);
  for (size_t sent = 0; sent < proof.size(); sent += 1000) {
    v1::ExtensionProofChunk chunk;
    chunk.set_proof(proof.substr(sent, 1000));
    if (!writer->Write(chunk)) return grpc::Status::CANCELLED;
  }
  return grpc::Status::OK;
}

grpc::Status FakeServer::ListTags(grpc::ServerContext*,
                                  const v1::ListTagsRequest* request,
                                  v1::ListTagsResponse* response) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  response->set_size(request->size());
  for (uint64_t position : log_->tags()) {
    *response->add_tags() = EntryToProto(log_->Prove(position, request->size()));
  }
  if (on_tags) on_tags(*response);
  return grpc::Status::OK;
}

grpc::Status FakeServer::CreateLog(grpc::ServerContext*,
                                   const v1::CreateLogRequest* request,
                                   v1::Head* response) {
  std::lock_guard lock(mutex_);
  if (log_ != nullptr) return {grpc::StatusCode::ALREADY_EXISTS, "taken"};
  log_ = std::make_unique<FakeLog>(request->manifest());
  if (grpc::Status s = Fails(); !s.ok()) return s;  // it is done all the same
  return FillHead({}, response);
}

grpc::Status FakeServer::Append(grpc::ServerContext* context,
                                AppendServerStream* stream) {
  return Hinted(context, Appended(stream, true));
}

grpc::Status FakeServer::Remove(grpc::ServerContext* context,
                                AppendServerStream* stream) {
  return Hinted(context, Appended(stream, false));
}

grpc::Status FakeServer::Tag(grpc::ServerContext*, const v1::TagRequest* request,
                             v1::TagResponse* response) {
  std::lock_guard lock(mutex_);
  if (grpc::Status s = Fails(); !s.ok()) return s;
  for (uint64_t position : log_->tags()) {
    const Entry entry = DecodeEntry(AsBytes(log_->entry(position))).value();
    if (std::get<TagEntry>(entry).name != request->name()) continue;
    return {grpc::StatusCode::ALREADY_EXISTS, "the name is used"};
  }
  log_->Index();
  response->set_position(log_->Tag(request->name()));
  response->set_index_size(log_->IndexAt(response->position() - 1).m);
  if (on_tagged) on_tagged(*response);
  if (!std::exchange(lose_tag_answer, false)) return grpc::Status::OK;
  return {grpc::StatusCode::UNAVAILABLE, "lost"};
}

grpc::Status FakeServer::Hinted(grpc::ServerContext* context,
                                const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
    context->AddTrailingMetadata("grpc-retry-pushback-ms", "10");
  }
  return status;
}

bool FakeServer::Carried(const grpc::ServerContext& context, size_t bytes) const {
  if (line_bytes_per_s == 0) return true;
  const auto there = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(1000 * bytes / line_bytes_per_s);
  while (std::chrono::steady_clock::now() < there && !context.IsCancelled()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return !context.IsCancelled();
}

grpc::Status FakeServer::Fails() {
  if (failures.empty()) return grpc::Status::OK;
  const grpc::Status status = failures.front();
  failures.erase(failures.begin());
  return status;
}

std::string FakeServer::NoteAt(uint64_t size) {
  const std::string note = log_->NoteAt(size);
  if (size != cosigned_size) return note;
  const Note parsed = ParseNote(note).value();
  return FormatNote(
      WithSignature(parsed, SignCosignature(parsed.text, *witness, 1).value()));
}

grpc::Status FakeServer::FillHead(const v1::GetHeadRequest& request, v1::Head* head) {
  uint64_t size = Shown();
  if (request.known_size() > size || request.size() > size) {
    return {grpc::StatusCode::OUT_OF_RANGE, "beyond the head"};
  }
  const uint64_t newest = request.cosigned() && cosigned_size ? *cosigned_size : size;
  // Not one optional: gcc 12 takes its value for uninitialized further down.
  uint64_t index = 0;
  bool found = false;
  if (const auto below =
          log_->IndexBelow(request.size() == 0 ? newest : request.size())) {
    index = *below;
    found = true;
  }
  uint64_t last = index;
  if (request.has_tag()) {
    found = false;
    for (uint64_t position : log_->tags()) {
      const TagEntry tag =
          std::get<TagEntry>(DecodeEntry(AsBytes(log_->entry(position))).value());
      if (tag.name != request.tag() || position >= size) continue;
      last = position;
      for (uint64_t i : log_->indexes()) {
        if (log_->IndexAt(i).m != tag.m) continue;
        index = i;
        found = true;
      }
    }
  }
  if (!found) return {grpc::StatusCode::NOT_FOUND, "no such version"};
  if (request.cosigned() && cosigned_size && last < *cosigned_size) {
    size = *cosigned_size;
  }
  head->set_checkpoint(NoteAt(size));
  if (const uint64_t known = request.known_size(); known > 0) {
    head->set_consistency(
        ConcatHashes(log_->tree().Proof(std::min(known, size), std::max(known, size))));
  }
  if (request.has_tag()) {
    *head->mutable_tag() = EntryToProto(log_->Prove(last, size));
  }
  *head->mutable_manifest() = EntryToProto(log_->Prove(0, size));
  *head->mutable_index() = EntryToProto(log_->Prove(index, size));
  if (on_head) on_head(*head);
  return grpc::Status::OK;
}

grpc::Status FakeServer::Appended(AppendServerStream* stream, bool add) {
  std::lock_guard lock(mutex_);
  ++streams_opened;
  if (grpc::Status s = Fails(); !s.ok()) return s;
  v1::AppendRequest request;
  if (!stream->Read(&request) || !request.has_open()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "open first"};
  }
  Session& session = sessions_[{request.open().session(), add}];
  std::optional<int> left = std::exchange(messages_before_loss, std::nullopt);
  while (true) {
    v1::AppendResponse response;
    response.set_acknowledged(session.count);
    response.set_first(session.first);
    response.set_end(session.end);
    response.set_size(log_->size());
    if (on_append) on_append(response);
    stream->Write(response);
    if (!stream->Read(&request)) return grpc::Status::OK;
    const std::vector<Hash> hashes = SplitHashes(request.hashes(), "hashes").value();
    for (const Hash& sent : hashes) {
      const Hash hash = on_record ? on_record(sent) : sent;
      const uint64_t position = add ? log_->Add(hash) : log_->Remove(hash);
      if (session.count++ == 0) session.first = position;
      session.end = position + 1;
    }
    if (left && (*left)-- == 0) return {grpc::StatusCode::UNAVAILABLE, "lost"};
  }
}

}  // namespace setlog
