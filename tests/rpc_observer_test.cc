#include "server/rpc_observer.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "server/metrics.h"
#include "server/server.h"
#include "setlog/v1/reader.grpc.pb.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

TEST(RequestIdTest, IsAShortWord) {
  for (const char* id : {"a", "0af7651916cd43dd8448eb211c80319c", "A-b_c.9",
                         "550e8400-e29b-41d4-a716-446655440000"}) {
    EXPECT_TRUE(IsRequestId(id)) << id;
  }
  EXPECT_TRUE(IsRequestId(std::string(64, 'x')));
  EXPECT_FALSE(IsRequestId(std::string(65, 'x')));
  for (const char* id : {"", "a b", "a\"", "a=b", "a\n", "\x1b[2J", "\xc3\xa9"}) {
    EXPECT_FALSE(IsRequestId(id)) << id;
  }
  EXPECT_FALSE(IsRequestId(std::string_view("a\0b", 3)));
}

// What a client may call is not what it may make us count: names stay few.
TEST(RpcMetricsTest, OnlyOurMethodsHaveNames) {
  Metrics metrics;
  RpcMetrics& rpcs = metrics.rpcs();
  EXPECT_EQ(rpcs.NameOf(rpcs.MethodOf("/setlog.v1.Reader/Lookup")), "Lookup");
  EXPECT_EQ(rpcs.NameOf(rpcs.MethodOf("/setlog.v1.Writer/Append")), "Append");
  for (const char* path :
       {"", "/", "Lookup", "/setlog.v1.Reader/lookup", "/setlog.v1.Writer/Lookup",
        "/grpc.health.v1.Health/Check", "/setlog.v1.Reader/Lookup/x"}) {
    EXPECT_EQ(rpcs.NameOf(rpcs.MethodOf(path)), "other") << path;
  }
}

TEST(RpcMetricsTest, EveryStatusHasItsOwnHistogram) {
  Metrics metrics;
  RpcMetrics& rpcs = metrics.rpcs();
  const size_t lookup = rpcs.MethodOf("/setlog.v1.Reader/Lookup");
  for (int code = 0; code <= 16; ++code) {
    for (int i = 0; i <= code; ++i) {
      rpcs.Begin(lookup);
      rpcs.End(lookup, static_cast<grpc::StatusCode>(code), 0.25);
    }
  }
  rpcs.Begin(lookup);  // one is under way
  const std::string text = metrics.Text({});
  for (int code = 0; code <= 16; ++code) {
    const std::string name = CodeName(static_cast<grpc::StatusCode>(code));
    const std::string labels = "{code=\"" + name + "\",method=\"Lookup\"";
    const std::string count = " " + std::to_string(code + 1) + "\n";
    const std::string rpc = "setlog_rpc_duration_seconds";
    EXPECT_NE(text.find(rpc + "_count" + labels + "}" + count), text.npos) << name;
    EXPECT_NE(text.find(rpc + "_bucket" + labels + ",le=\"0.1\"} 0\n"), text.npos);
    EXPECT_NE(text.find(rpc + "_bucket" + labels + ",le=\"0.25\"}" + count), text.npos);
  }
  EXPECT_NE(text.find("setlog_rpcs_in_flight{method=\"Lookup\"} 1\n"), text.npos);
}

class RpcObserverTest : public ::testing::Test {
 protected:
  RpcObserverTest() {
    ServerOptions options;
    options.data_dir = directory_.path() + "/data";
    options.listen = options.http = "127.0.0.1:0";
    options.memory_bytes = kMinMemoryBytes;
    options.events = &events_;
    auto server = Server::Start(options);
    EXPECT_OK(server);
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->grpc_address(),
                                   grpc::InsecureChannelCredentials());
    reader_ = v1::Reader::NewStub(channel_);
  }

  // The ids in the trailing metadata of a call that fails.
  std::vector<std::string> Ask(const std::vector<std::string>& sent,
                               const std::string& origin = "example.org/none") {
    grpc::ClientContext context;
    for (const std::string& id : sent) context.AddMetadata(kRequestIdHeader, id);
    v1::GetHeadRequest request;
    request.set_origin(origin);
    v1::Head head;
    EXPECT_EQ(reader_->GetHead(&context, request, &head).error_code(),
              grpc::StatusCode::NOT_FOUND);
    std::vector<std::string> ids;
    const auto [first, last] =
        context.GetServerTrailingMetadata().equal_range(kRequestIdHeader);
    for (auto id = first; id != last; ++id) {
      ids.emplace_back(id->second.data(), id->second.size());
    }
    return ids;
  }
  std::vector<nlohmann::json> Rpcs() {
    MutexLock lock(mutex_);
    std::vector<nlohmann::json> found;
    for (const std::string& line : lines_) {
      nlohmann::json event = nlohmann::json::parse(line);
      if (event["event"] == "rpc") found.push_back(std::move(event));
    }
    return found;
  }

  TempDir directory_;
  Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  EventLog events_{LogLevel::kDebug, LogFormat::kJson, [this](const std::string& line) {
                     MutexLock lock(mutex_);
                     lines_.push_back(line);
                     return true;
                   }};
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Reader::Stub> reader_;
};

TEST_F(RpcObserverTest, AWellFormedRequestIdComesBackAndStandsInTheLog) {
  EXPECT_THAT(Ask({"trace-7"}), ::testing::ElementsAre("trace-7"));
  const auto rpcs = Rpcs();
  ASSERT_EQ(rpcs.size(), 1u);
  EXPECT_EQ(rpcs[0]["request"], "trace-7");
  EXPECT_EQ(rpcs[0]["method"], "GetHead");
  EXPECT_EQ(rpcs[0]["code"], "NOT_FOUND");
}

TEST_F(RpcObserverTest, AnyOtherOrNoneIsReplacedByANewOne) {
  std::set<std::string> seen;
  for (const std::vector<std::string>& sent : {std::vector<std::string>{},
                                               {""},
                                               {"two words"},
                                               {"level=\"error\""},
                                               {std::string(65, 'a')}}) {
    const std::vector<std::string> ids = Ask(sent);
    ASSERT_EQ(ids.size(), 1u);
    EXPECT_THAT(ids[0], ::testing::MatchesRegex("[0-9a-f]{16}"));
    EXPECT_TRUE(seen.insert(ids[0]).second) << ids[0];
    EXPECT_EQ(Rpcs().back()["request"], ids[0]);
  }
}

TEST_F(RpcObserverTest, AStreamThatTheClientCancelsIsSeenToEnd) {
  {
    grpc::ClientContext context;
    v1::GetHeadRequest request;
    request.set_origin("example.org/none");
    auto stream = reader_->WatchHeads(&context, request);
    context.TryCancel();
    EXPECT_FALSE(stream->Finish().ok());
  }
  server_.reset();  // waits for every call
  const auto rpcs = Rpcs();
  ASSERT_LE(rpcs.size(), 1u);  // none if the cancellation came before the call
  for (const auto& event : rpcs) EXPECT_EQ(event["method"], "WatchHeads");
}

TEST_F(RpcObserverTest, AMethodThatIsNotOursIsAnsweredAndNotNamed) {
  grpc::GenericStub stub(channel_);
  const grpc::Slice empty("");
  grpc::ByteBuffer request(&empty, 1), reply;
  std::promise<grpc::Status> ended;
  grpc::ClientContext context;
  stub.UnaryCall(&context, "/evil.Service/Name", grpc::StubOptions(), &request, &reply,
                 [&](grpc::Status status) { ended.set_value(status); });
  EXPECT_EQ(ended.get_future().get().error_code(), grpc::StatusCode::UNIMPLEMENTED);
  for (const auto& event : Rpcs()) EXPECT_EQ(event["method"], "other");
}

}  // namespace
}  // namespace setlog
