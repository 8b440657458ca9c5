// tests/fakes/fake_server.h -- a server with a log in memory, which can be made to lie.
//
//   FakeServer server;
//   server.Create("example.org/a").Add(HashN(1));
//   server.log().Index();
//   server.on_head = [](v1::Head& head) { head.mutable_index()->set_position(9); };
//   Connection connection(server.Channel(), "", 100ms);
//
// No disk, no indexer: an index entry is there when a test calls Index().
#ifndef SETLOG_TESTS_FAKES_FAKE_SERVER_H_
#define SETLOG_TESTS_FAKES_FAKE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fakes/fake_log.h"
#include "log/skey.h"
#include "setlog/v1/reader.grpc.pb.h"
#include "setlog/v1/writer.grpc.pb.h"

namespace setlog {

class FakeServer final : public v1::Reader::Service, public v1::Writer::Service {
 public:
  using AppendServerStream =
      grpc::ServerReaderWriter<v1::AppendResponse, v1::AppendRequest>;

  // `listen` is for programs; this process has Channel(). `also` is served too.
  explicit FakeServer(const std::string& listen = "", grpc::Service* also = nullptr);
  ~FakeServer() override;

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

  // Changes the log while calls are under way.
  void Change(const std::function<void(FakeLog&)>& change);

  grpc::Status ListLogs(grpc::ServerContext*, const v1::ListLogsRequest*,
                        v1::ListLogsResponse* response) override;
  grpc::Status GetLog(grpc::ServerContext*, const v1::GetLogRequest*,
                      v1::GetLogResponse* response) override;
  grpc::Status GetHead(grpc::ServerContext*, const v1::GetHeadRequest* request,
                       v1::Head* response) override;
  grpc::Status WatchHeads(grpc::ServerContext* context,
                          const v1::GetHeadRequest* request,
                          grpc::ServerWriter<v1::Head>* writer) override;
  grpc::Status GetEntries(grpc::ServerContext* context,
                          const v1::GetEntriesRequest* request,
                          grpc::ServerWriter<v1::EntriesChunk>* writer) override;
  grpc::Status GetInclusionProof(grpc::ServerContext*,
                                 const v1::GetInclusionProofRequest* request,
                                 v1::InclusionProof* response) override;
  grpc::Status GetConsistencyProof(grpc::ServerContext*,
                                   const v1::GetConsistencyProofRequest* request,
                                   v1::ConsistencyProof* response) override;
  grpc::Status Lookup(grpc::ServerContext*, const v1::LookupRequest* request,
                      v1::LookupResponse* response) override;
  grpc::Status BatchLookup(grpc::ServerContext*, const v1::BatchLookupRequest* request,
                           v1::BatchLookupResponse* response) override;
  grpc::Status GetExtensionProof(
      grpc::ServerContext*, const v1::GetExtensionProofRequest* request,
      grpc::ServerWriter<v1::ExtensionProofChunk>* writer) override;
  grpc::Status ListTags(grpc::ServerContext*, const v1::ListTagsRequest* request,
                        v1::ListTagsResponse* response) override;
  grpc::Status CreateLog(grpc::ServerContext*, const v1::CreateLogRequest* request,
                         v1::Head* response) override;
  grpc::Status Append(grpc::ServerContext* context,
                      AppendServerStream* stream) override;
  grpc::Status Remove(grpc::ServerContext* context,
                      AppendServerStream* stream) override;
  grpc::Status Tag(grpc::ServerContext*, const v1::TagRequest* request,
                   v1::TagResponse* response) override;

 private:
  // As the true server does: who met a limit is told when to come back.
  static grpc::Status Hinted(grpc::ServerContext* context, const grpc::Status& status);

  struct Session {
    uint64_t count = 0;
    uint64_t first = 0;
    uint64_t end = 0;
  };

  // Waits as long as so many bytes are on the line; false if nobody wants them any
  // more.
  bool Carried(const grpc::ServerContext& context, size_t bytes) const;

  uint64_t Shown() const { return shown_size.value_or(log_->size()); }
  grpc::Status Fails();
  // The note of this size, as the witness has it if it has.
  std::string NoteAt(uint64_t size);
  grpc::Status FillHead(const v1::GetHeadRequest& request, v1::Head* head);
  grpc::Status Appended(AppendServerStream* stream, bool add);

  std::mutex mutex_;
  std::unique_ptr<FakeLog> log_;
  std::map<std::pair<std::string, bool>, Session> sessions_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_FAKES_FAKE_SERVER_H_
