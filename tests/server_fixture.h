// tests/server_fixture.h -- a server over a real socket and a real RocksDB, asked
// through plain gRPC.
#ifndef SETLOG_TESTS_SERVER_FIXTURE_H_
#define SETLOG_TESTS_SERVER_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "log/manifest.h"
#include "log/sha256.h"
#include "log/verify.h"
#include "proto/forms.h"
#include "server/server.h"
#include "setlog/v1/reader.grpc.pb.h"
#include "setlog/v1/writer.grpc.pb.h"
#include "testing.h"

namespace setlog {

inline constexpr char kOrigin[] = "example.org/records";

inline Hash Record(uint64_t i) {
  return Sha256(AsBytes("record-" + std::to_string(i)));
}

inline std::string ManifestOf(const std::string& origin) {
  Manifest manifest;
  manifest.origin = origin;
  manifest.scheme = "bytes/1";
  return *FormatManifest(manifest);
}

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/setlog-server-test-XXXXXX";
    dir_ = mkdtemp(name);
    StartServer();
  }
  void TearDown() override {
    StopServer();
    std::filesystem::remove_all(dir_);
  }
  void StartServer() {
    ServerOptions options;
    options.data_dir = dir_ + "/data";
    options.listen = options.http = "127.0.0.1:0";
    options.memory_bytes = kMinMemoryBytes;
    options.min_free_bytes = min_free_bytes_;
    Configure(&options);
    auto server = Server::Start(options);
    ASSERT_OK(server);
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->grpc_address(),
                                   grpc::InsecureChannelCredentials());
    reader_ = v1::Reader::NewStub(channel_);
    writer_ = v1::Writer::NewStub(channel_);
    std::ifstream(options.data_dir + "/admin.token") >> token_;
  }
  // What else a test wants of the server.
  virtual void Configure(ServerOptions*) {}
  void StopServer() {
    reader_.reset();
    writer_.reset();
    channel_.reset();
    server_.reset();
  }
  void Authorize(grpc::ClientContext* context) const {
    context->AddMetadata("authorization", "Bearer " + token_);
  }

  grpc::Status Create(const std::string& manifest) {
    grpc::ClientContext context;
    Authorize(&context);
    v1::CreateLogRequest request;
    request.set_manifest(manifest);
    v1::Head head;
    return writer_->CreateLog(&context, request, &head);
  }
  // Appends in one stream; the last acknowledgement, or the stream's error.
  absl::StatusOr<v1::AppendResponse> Append(const std::string& session,
                                            const std::vector<Hash>& records,
                                            bool remove = false,
                                            size_t per_message = 1000) {
    grpc::ClientContext context;
    Authorize(&context);
    auto stream = remove ? writer_->Remove(&context) : writer_->Append(&context);
    v1::AppendRequest open;
    open.mutable_open()->set_origin(kOrigin);
    open.mutable_open()->set_session(session);
    stream->Write(open);
    for (size_t i = 0; i < records.size(); i += per_message) {
      v1::AppendRequest request;
      request.set_hashes(ConcatHashes(
          std::span(records).subspan(i, std::min(per_message, records.size() - i))));
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    v1::AppendResponse response;
    while (stream->Read(&response)) {
    }
    const grpc::Status status = stream->Finish();
    if (status.ok()) return response;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                        status.error_message());
  }
  absl::StatusOr<v1::Head> GetHead(const std::string& tag = "", uint64_t size = 0) {
    v1::GetHeadRequest request;
    if (!tag.empty()) request.set_tag(tag);
    if (size > 0) request.set_size(size);
    return GetHead(std::move(request));
  }
  absl::StatusOr<v1::Head> GetHead(v1::GetHeadRequest request) {
    grpc::ClientContext context;
    request.set_origin(kOrigin);
    v1::Head head;
    const grpc::Status status = reader_->GetHead(&context, request, &head);
    if (status.ok()) return head;
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                        status.error_message());
  }
  VerifierKey Key() {
    grpc::ClientContext context;
    v1::GetLogRequest request;
    request.set_origin(kOrigin);
    v1::GetLogResponse response;
    EXPECT_TRUE(reader_->GetLog(&context, request, &response).ok());
    return *ParseVkey(response.vkey());
  }
  Version Verified(const v1::Head& head) {
    absl::StatusOr<VersionProof> proof = VersionFromProto(head);
    EXPECT_OK(proof);
    absl::StatusOr<Version> version = VerifyVersion(*proof, {.log_key = Key()}, {});
    EXPECT_OK(version);
    return *version;
  }
  // Waits until the set holds everything up to `position`.
  Version Indexed(uint64_t position) {
    for (int i = 0; i < 1000; ++i) {
      const Version version = Verified(*GetHead());
      if (version.index.m > position) return version;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "the index never reached position " << position;
    return Verified(*GetHead());
  }
  absl::StatusOr<Answer> Lookup(const Version& version, const Hash& record) {
    v1::LookupRequest request;
    request.set_origin(kOrigin);
    request.set_record(std::string(AsText(record)));
    request.set_index_size(version.index.m);
    request.set_size(version.checkpoint.size);
    v1::LookupResponse response;
    grpc::Status status;
    for (int i = 0; i < 200; ++i) {  // the index may still be loading
      grpc::ClientContext context;
      response.Clear();
      status = reader_->Lookup(&context, request, &response);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (!status.ok()) return absl::UnknownError(status.error_message());
    AnswerProof proof{.record = record};
    absl::StatusOr<LookupProof> lookup = LookupFromProto(response.lookup());
    if (!lookup.ok()) return lookup.status();
    proof.lookup = *lookup;
    if (response.has_added()) proof.added = *EntryFromProto(response.added(), "added");
    if (response.has_removed()) {
      proof.removed = *EntryFromProto(response.removed(), "removed");
    }
    return VerifyAnswer(version, proof);
  }
  grpc::Status Tag(const std::string& name, v1::TagResponse* response) {
    grpc::ClientContext context;
    Authorize(&context);
    v1::TagRequest request;
    request.set_origin(kOrigin);
    request.set_name(name);
    return writer_->Tag(&context, request, response);
  }

  std::string dir_;
  uint64_t min_free_bytes_ = 0;
  std::string token_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Reader::Stub> reader_;
  std::unique_ptr<v1::Writer::Stub> writer_;
};

inline std::vector<Hash> Records(uint64_t begin, uint64_t end) {
  std::vector<Hash> records;
  for (uint64_t i = begin; i < end; ++i) records.push_back(Record(i));
  return records;
}

}  // namespace setlog

#endif  // SETLOG_TESTS_SERVER_FIXTURE_H_
