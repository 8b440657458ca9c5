// The questions of a client that hold a verified head: what fails is reported as it
// failed, and what is malformed or goes round in circles is refused.

#include "absl/strings/str_format.h"
#include "log_client_fixture.h"

namespace setlog {
namespace {

using absl::StatusCode;

const grpc::Status kDenied(grpc::StatusCode::PERMISSION_DENIED, "not you");

class LogClientRefusalsTest : public LogClientTest {
 protected:
  LogClientRefusalsTest() : client_(Pinned()), head_(client_.Head().value()) {}

  LogClient client_;
  VerifiedHead head_;
};

TEST_F(LogClientRefusalsTest, EveryFailedCallIsReportedAsItFailed) {
  const auto fail = [&](std::vector<grpc::Status> failures) {
    server_.failures = std::move(failures);
  };
  fail({kDenied});
  EXPECT_STATUS(ListLogs(*connection_), StatusCode::kPermissionDenied, "not you");
  for (Positions positions : {Positions::kNone, Positions::kProven}) {
    fail({kDenied});
    EXPECT_STATUS(client_.Lookup(head_, HashN(9), positions),
                  StatusCode::kPermissionDenied, "not you");
  }
  const std::vector<Hash> records = {HashN(7), HashN(9)};
  fail({kDenied});
  EXPECT_STATUS(client_.BatchLookup(head_, records), StatusCode::kPermissionDenied,
                "not you");
  // The batch is answered, the question for the removed record is not.
  fail({grpc::Status::OK, kDenied});
  EXPECT_STATUS(client_.BatchLookup(head_, records), StatusCode::kPermissionDenied,
                "not you");
  fail({kDenied});
  EXPECT_STATUS(client_.Tags(head_), StatusCode::kPermissionDenied, "not you");
  fail({grpc::Status::OK, kDenied});
  EXPECT_STATUS(client_.TagSet("v2"), StatusCode::kPermissionDenied, "not you");
  EXPECT_EQ(log().tags().size(), 1u);
}

TEST_F(LogClientRefusalsTest, AListOfLogsHasAnEndWhoeverSendsIt) {
  EXPECT_EQ(ListLogs(*connection_)->size(), 1u);
  int calls = 0;
  server_.on_list = [&](v1::ListLogsResponse& r) {
    r.clear_logs();
    r.set_more(calls++ < 3);
  };
  EXPECT_STATUS(ListLogs(*connection_), StatusCode::kDataLoss, "in circles");
  EXPECT_EQ(calls, 1);
  calls = 0;
  server_.on_list = [&](v1::ListLogsResponse& r) { r.set_more(calls++ < 3); };
  EXPECT_STATUS(ListLogs(*connection_), StatusCode::kDataLoss, "in circles");
  EXPECT_EQ(calls, 2);
}

TEST_F(LogClientRefusalsTest, AListOfTagsHasAnEndWhoeverSendsIt) {
  int calls = 0;
  server_.on_tags = [&](v1::ListTagsResponse& r) {
    r.clear_tags();
    r.set_more(calls++ < 3);
  };
  EXPECT_STATUS(client_.Tags(head_), StatusCode::kDataLoss, "in circles");
  EXPECT_EQ(calls, 1);
  // The same tag again, and positions that rise without end.
  calls = 0;
  server_.on_tags = [&](v1::ListTagsResponse& r) { r.set_more(calls++ < 3); };
  EXPECT_STATUS(client_.Tags(head_), StatusCode::kDataLoss, "order of their entries");
  EXPECT_EQ(calls, 2);
  server_.on_tags = [&](v1::ListTagsResponse& r) {
    r.mutable_tags(0)->set_position(log().size());
  };
  EXPECT_STATUS(client_.Tags(head_), StatusCode::kDataLoss, "order of their entries");
}

// Positions may rise for as many calls as the log has entries: nothing is kept of what
// does not verify, and nothing more is asked for.
TEST_F(LogClientRefusalsTest, ATagIsVerifiedBeforeTheNextPageIsAskedFor) {
  int calls = 0;
  server_.on_tags = [&](v1::ListTagsResponse& r) {
    r.mutable_tags(0)->set_position(static_cast<uint64_t>(calls++));
    r.mutable_tags(0)->set_path(std::string(1 << 20, 'x'));
    r.set_more(true);
  };
  EXPECT_STATUS(client_.Tags(head_), StatusCode::kDataLoss, "hashes instead of");
  EXPECT_EQ(calls, 1);
}

TEST_F(LogClientRefusalsTest, AListOfLogsIsCheckedAndBounded) {
  const auto list = [&](const std::string& origin, const std::string& vkey) {
    server_.on_list = [=](v1::ListLogsResponse& r) {
      r.mutable_logs(0)->set_origin(origin);
      r.mutable_logs(0)->set_vkey(vkey);
      r.set_more(true);
    };
    return ListLogs(*connection_).status();
  };
  const std::string vkey = FormatVkey(log().key());
  EXPECT_STATUS(list(std::string(1 << 20, 'x'), vkey), StatusCode::kDataLoss,
                "none can be");
  EXPECT_STATUS(list("example.org/b", vkey + "x"), StatusCode::kDataLoss,
                "none can be");
  // Within a page they rise too.
  server_.on_list = [](v1::ListLogsResponse& r) { *r.add_logs() = r.logs(0); };
  EXPECT_STATUS(ListLogs(*connection_), StatusCode::kDataLoss, "in circles");
  int listed = 0;
  server_.on_list = [&](v1::ListLogsResponse& r) {
    r.clear_logs();
    r.set_more(true);
    for (int i = 0; i < 10'000; ++i) {
      r.add_logs()->set_origin(absl::StrFormat("example.org/%09d", listed++));
      r.mutable_logs(i)->set_vkey(vkey);
    }
  };
  EXPECT_STATUS(ListLogs(*connection_), StatusCode::kResourceExhausted,
                "more than 65536 logs");
  EXPECT_EQ(listed, 70'000);
}

TEST_F(LogClientRefusalsTest, AnEntryThatIsMalformedOrMissingIsRefused) {
  server_.on_tags = [](v1::ListTagsResponse& r) {
    r.mutable_tags(0)->mutable_path()->pop_back();
  };
  EXPECT_STATUS(client_.Tags(head_), StatusCode::kDataLoss, "whole number of hashes");
  server_.on_lookup = [](v1::LookupResponse& r) {
    r.mutable_added()->mutable_path()->pop_back();
  };
  EXPECT_STATUS(client_.Lookup(head_, HashN(9), Positions::kProven),
                StatusCode::kDataLoss, "whole number of hashes");
  server_.on_lookup = [](v1::LookupResponse& r) {
    r.mutable_removed()->mutable_path()->pop_back();
  };
  EXPECT_STATUS(client_.Lookup(head_, HashN(7), Positions::kProven),
                StatusCode::kDataLoss, "whole number of hashes");
}

// Its records are not what stands in the set, so a lookup would call every one ABSENT.
TEST_F(LogClientRefusalsTest, APrivateLogNeedsAKeyThatLabelsCanHave) {
  head_.version.manifest.labels = VrfLabels{"ECVRF-RISTRETTO255-SHA512", HashN(1)};
  for (Positions positions : {Positions::kNone, Positions::kProven}) {
    EXPECT_STATUS(client_.Lookup(head_, HashN(9), positions), StatusCode::kDataLoss,
                  "not a VRF public key");
  }
  EXPECT_STATUS(client_.BatchLookup(head_, std::vector<Hash>{HashN(9)}),
                StatusCode::kDataLoss, "not a VRF public key");
}

TEST_F(LogClientRefusalsTest, ATagOfAnotherVersionThanTheServerSaidIsRefused) {
  server_.on_tagged = [](v1::TagResponse& r) { r.set_index_size(43); };
  EXPECT_STATUS(client_.TagSet("v2"), StatusCode::kDataLoss,
                "version v2 is m = 57, the server said 43");
}

TEST(LogClientCreationTest, ACreatedLogIsNotTakenWithoutAHeadThatVerifies) {
  TempDir dir;
  FakeServer server;
  server.on_head = [](v1::Head& head) { head.mutable_index()->set_position(0); };
  const Connection connection(server.Channel(), "", std::chrono::milliseconds(0));
  const StateDirectory state = StateDirectory::Open(dir.path()).value();
  LogClient client(&connection, &state,
                   {.origin = kOrigin, .trust_on_first_use = true});
  EXPECT_STATUS(client.CreateLog(ManifestFor(kOrigin)), StatusCode::kDataLoss, "");
  EXPECT_EQ(state.Load(kOrigin).value(), std::nullopt);
}

}  // namespace
}  // namespace setlog
