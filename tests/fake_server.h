// tests/fake_server.h -- a server with a log in memory, which can be made to lie.
//
//   FakeServer server;
//   server.Create("example.org/a").Add(HashN(1));
//   server.log().Index();
//   server.on_head = [](v1::Head& head) { head.mutable_index()->set_position(9); };
//   Connection connection(server.Channel(), "", 100ms);
//
// No disk, no indexer: an index entry is there when a test calls Index().
#ifndef SETLOG_TESTS_FAKE_SERVER_H_
#define SETLOG_TESTS_FAKE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fake_log.h"
#include "log/cosignature.h"
#include "log/entry.h"
#include "log/tile.h"
#include "log/tree.h"
#include "proto/forms.h"
#include "setlog/v1/reader.grpc.pb.h"
#include "setlog/v1/writer.grpc.pb.h"

namespace setlog {

class FakeServer final : public v1::Reader::Service, public v1::Writer::Service {
 public:
  using AppendServerStream =
      grpc::ServerReaderWriter<v1::AppendResponse, v1::AppendRequest>;

  // `listen` is for programs; this process has Channel(). `also` is served too.
  explicit FakeServer(const std::string& listen = "", grpc::Service* also = nullptr) {
    grpc::ServerBuilder builder;
    if (!listen.empty()) {
      builder.AddListeningPort(listen, grpc::InsecureServerCredentials());
    }
    builder.RegisterService(static_cast<v1::Reader::Service*>(this));
    builder.RegisterService(static_cast<v1::Writer::Service*>(this));
    if (also != nullptr) builder.RegisterService(also);
    server_ = builder.BuildAndStart();
  }
  ~FakeServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel({}); }

  FakeLog& Create(const std::string& origin, std::string_view key_seed = "key") {
    return CreateFrom(ManifestFor(origin), key_seed);
  }
  FakeLog& CreateFrom(const std::string& manifest, std::string_view key_seed = "key") {
    return CreateFrom(manifest, Sha256(AsBytes(key_seed)));
  }
  FakeLog& CreateFrom(const std::string& manifest, const Hash& secret) {
    log_ = std::make_unique<FakeLog>(manifest, secret);
    return *log_;
  }
  FakeLog& log() { return *log_; }

  // An older head than the log's.
  std::optional<uint64_t> shown_size;
  // The newest head that `witness` cosigned.
  std::optional<uint64_t> cosigned_size;
  std::optional<SigningKey> witness;
  // Lies, told as soon as they are set. Between calls only.
  std::function<void(v1::ListLogsResponse&)> on_list;
  std::function<void(v1::GetLogResponse&)> on_log;
  std::function<void(v1::Head&)> on_head;
  std::function<void(v1::LookupResponse&)> on_lookup;
  std::function<void(v1::BatchLookupResponse&)> on_batch;
  std::function<void(v1::EntriesChunk&)> on_chunk;
  std::function<void(const v1::GetExtensionProofRequest&, std::string&)> on_extension;
  std::function<void(v1::InclusionProof&)> on_inclusion;
  std::function<void(v1::ConsistencyProof&)> on_consistency;
  std::function<void(v1::ListTagsResponse&)> on_tags;
  std::function<void(v1::TagResponse&)> on_tagged;
  std::function<void(v1::AppendResponse&)> on_append;
  // What is stored of an appended record in its place.
  std::function<Hash(const Hash&)> on_record;
  // Lookups are answered from the set of another log, at this m.
  std::optional<std::pair<const FakeLog*, uint64_t>> other_set;
  // Each of the next calls fails with this, once; OK lets one pass.
  std::vector<grpc::Status> failures;
  // Each call for entries fails with this, until it is OK again.
  grpc::Status entries_refused;
  // A stream of appends or of entries ends as UNAVAILABLE after so many messages, its
  // last one stored but not acknowledged.
  std::optional<int> messages_before_loss;
  // Entries come over a slow line, in messages as large as they are asked for.
  size_t line_bytes_per_s = 0;
  int entry_streams = 0;
  // The next tag is made, and its answer lost.
  bool lose_tag_answer = false;
  // What the appended streams have cost.
  int streams_opened = 0;
  int heads_asked = 0;
  int extensions_asked = 0;

  grpc::Status ListLogs(grpc::ServerContext*, const v1::ListLogsRequest*,
                        v1::ListLogsResponse* response) override {
    std::lock_guard lock(mutex_);
    if (grpc::Status s = Fails(); !s.ok()) return s;
    v1::LogSummary* log = response->add_logs();
    log->set_origin(log_->origin());
    log->set_vkey(FormatVkey(log_->key()));
    log->set_size(Shown());
    if (on_list) on_list(*response);
    return grpc::Status::OK;
  }

  grpc::Status GetLog(grpc::ServerContext*, const v1::GetLogRequest*,
                      v1::GetLogResponse* response) override {
    std::lock_guard lock(mutex_);
    if (grpc::Status s = Fails(); !s.ok()) return s;
    response->set_vkey(FormatVkey(log_->key()));
    response->set_manifest(log_->entry(0).substr(1));
    if (on_log) on_log(*response);
    return grpc::Status::OK;
  }

  grpc::Status GetHead(grpc::ServerContext*, const v1::GetHeadRequest* request,
                       v1::Head* response) override {
    std::lock_guard lock(mutex_);
    ++heads_asked;
    if (grpc::Status s = Fails(); !s.ok()) return s;
    return FillHead(*request, response);
  }

  grpc::Status WatchHeads(grpc::ServerContext* context,
                          const v1::GetHeadRequest* request,
                          grpc::ServerWriter<v1::Head>* writer) override {
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

  // Changes the log while calls are under way.
  void Change(const std::function<void(FakeLog&)>& change) {
    std::lock_guard lock(mutex_);
    change(*log_);
  }

  grpc::Status GetEntries(grpc::ServerContext* context,
                          const v1::GetEntriesRequest* request,
                          grpc::ServerWriter<v1::EntriesChunk>* writer) override {
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

  grpc::Status GetInclusionProof(grpc::ServerContext*,
                                 const v1::GetInclusionProofRequest* request,
                                 v1::InclusionProof* response) override {
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

  grpc::Status GetConsistencyProof(grpc::ServerContext*,
                                   const v1::GetConsistencyProofRequest* request,
                                   v1::ConsistencyProof* response) override {
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

  grpc::Status Lookup(grpc::ServerContext*, const v1::LookupRequest* request,
                      v1::LookupResponse* response) override {
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

  grpc::Status BatchLookup(grpc::ServerContext*, const v1::BatchLookupRequest* request,
                           v1::BatchLookupResponse* response) override {
    std::lock_guard lock(mutex_);
    if (grpc::Status s = Fails(); !s.ok()) return s;
    const std::vector<Hash> records =
        SplitHashes(request->records(), "records").value();
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

  grpc::Status GetExtensionProof(
      grpc::ServerContext*, const v1::GetExtensionProofRequest* request,
      grpc::ServerWriter<v1::ExtensionProofChunk>* writer) override {
    std::lock_guard lock(mutex_);
    ++extensions_asked;
    if (grpc::Status s = Fails(); !s.ok()) return s;
    std::vector<Hash> values;
    for (uint64_t i = request->begin(); i < request->end(); ++i) {
      const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(log_->entry(i)));
      if (!entry.ok()) continue;
      if (const auto* add = std::get_if<AddEntry>(&*entry))
        values.push_back(add->value);
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

  grpc::Status ListTags(grpc::ServerContext*, const v1::ListTagsRequest* request,
                        v1::ListTagsResponse* response) override {
    std::lock_guard lock(mutex_);
    if (grpc::Status s = Fails(); !s.ok()) return s;
    response->set_size(request->size());
    for (uint64_t position : log_->tags()) {
      *response->add_tags() = EntryToProto(log_->Prove(position, request->size()));
    }
    if (on_tags) on_tags(*response);
    return grpc::Status::OK;
  }

  grpc::Status CreateLog(grpc::ServerContext*, const v1::CreateLogRequest* request,
                         v1::Head* response) override {
    std::lock_guard lock(mutex_);
    if (log_ != nullptr) return {grpc::StatusCode::ALREADY_EXISTS, "taken"};
    log_ = std::make_unique<FakeLog>(request->manifest());
    if (grpc::Status s = Fails(); !s.ok()) return s;  // it is done all the same
    return FillHead({}, response);
  }

  grpc::Status Append(grpc::ServerContext* context,
                      AppendServerStream* stream) override {
    return Hinted(context, Appended(stream, true));
  }
  grpc::Status Remove(grpc::ServerContext* context,
                      AppendServerStream* stream) override {
    return Hinted(context, Appended(stream, false));
  }

  grpc::Status Tag(grpc::ServerContext*, const v1::TagRequest* request,
                   v1::TagResponse* response) override {
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

 private:
  // As the true server does: who met a limit is told when to come back.
  static grpc::Status Hinted(grpc::ServerContext* context, const grpc::Status& status) {
    if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      context->AddTrailingMetadata("grpc-retry-pushback-ms", "10");
    }
    return status;
  }

  struct Session {
    uint64_t count = 0;
    uint64_t first = 0;
    uint64_t end = 0;
  };

  // Waits as long as so many bytes are on the line; false if nobody wants them any
  // more.
  bool Carried(const grpc::ServerContext& context, size_t bytes) const {
    if (line_bytes_per_s == 0) return true;
    const auto there = std::chrono::steady_clock::now() +
                       std::chrono::milliseconds(1000 * bytes / line_bytes_per_s);
    while (std::chrono::steady_clock::now() < there && !context.IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return !context.IsCancelled();
  }

  uint64_t Shown() const { return shown_size.value_or(log_->size()); }

  grpc::Status Fails() {
    if (failures.empty()) return grpc::Status::OK;
    const grpc::Status status = failures.front();
    failures.erase(failures.begin());
    return status;
  }

  // The note of this size, as the witness has it if it has.
  std::string NoteAt(uint64_t size) {
    const std::string note = log_->NoteAt(size);
    if (size != cosigned_size) return note;
    const Note parsed = ParseNote(note).value();
    return FormatNote(
        WithSignature(parsed, SignCosignature(parsed.text, *witness, 1).value()));
  }

  grpc::Status FillHead(const v1::GetHeadRequest& request, v1::Head* head) {
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
      head->set_consistency(ConcatHashes(
          log_->tree().Proof(std::min(known, size), std::max(known, size))));
    }
    if (request.has_tag()) {
      *head->mutable_tag() = EntryToProto(log_->Prove(last, size));
    }
    *head->mutable_manifest() = EntryToProto(log_->Prove(0, size));
    *head->mutable_index() = EntryToProto(log_->Prove(index, size));
    if (on_head) on_head(*head);
    return grpc::Status::OK;
  }

  grpc::Status Appended(AppendServerStream* stream, bool add) {
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

  std::mutex mutex_;
  std::unique_ptr<FakeLog> log_;
  std::map<std::pair<std::string, bool>, Session> sessions_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_FAKE_SERVER_H_
