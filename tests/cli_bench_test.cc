// `setlog bench`: what it measures, where it refuses to write, and that it looks at the
// proofs that it gets.

#include "cli_server_fixture.h"
#include "server/server.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Against a real server.
class CliBenchTest : public CliTest {
 protected:
  CliBenchTest()
      : server_(Server::Start({.data_dir = Path("data"),
                               .listen = "unix:" + Path("socket"),
                               .http = "127.0.0.1:0",
                               .memory_bytes = kMinMemoryBytes})
                    .value()) {}
  ProcessResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--server", "unix:" + Path("socket"), "--retry-for", "5s",
                      "--token-file", Path("data/admin.token")});
    return Setlog(std::move(arguments));
  }
  std::vector<json> Measure(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bench");
    arguments.push_back("--json");
    const ProcessResult result = Run(std::move(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Lines(result.out);
  }
  static void ExpectRising(const json& latency) {
    EXPECT_GT(latency["p50"], 0);
    EXPECT_LE(latency["p50"], latency["p99"]);
    EXPECT_LE(latency["p99"], latency["p999"]);
    EXPECT_LE(latency["p999"], latency["max"]);
  }

  std::unique_ptr<Server> server_;
};

TEST_F(CliBenchTest, IngestAppendsItsRecordsToALogOfItsOwnUntilTheyAreIndexed) {
  const json line = Measure({"ingest", "--records", "20000", "--clients", "3"}).at(0);
  EXPECT_EQ(line["bench"], "ingest");
  EXPECT_THAT(line["origin"].get<std::string>(), StartsWith("bench/"));
  EXPECT_EQ(line["records"], 20'000);
  EXPECT_GE(line["index_size"], 20'000);
  EXPECT_GE(line["indexed_seconds"], line["seconds"]);
  ExpectRising(line["latency_us"]);
  const std::vector<json> logs = Lines(Run({"logs", "--json"}).out);
  ASSERT_EQ(logs.size(), 1u);
  EXPECT_EQ(logs[0]["origin"], line["origin"]);
  // Manifest, records, and index entries.
  EXPECT_GT(logs[0]["size"], 20'000);
  // Nothing is remembered of a log that nobody named.
  EXPECT_FALSE(std::filesystem::exists(Path("home/logs")) &&
               !std::filesystem::is_empty(Path("home/logs")));
}

TEST_F(CliBenchTest, ANamedLogIsMadeAndUsedAgainButNobodyElsesIsTouched) {
  const std::vector<std::string> ingest = {"ingest", "example.org/mine", "--records",
                                           "500"};
  EXPECT_EQ(Measure(ingest).at(0)["origin"], "example.org/mine");
  EXPECT_GT(Measure(ingest).at(0)["size"], 1000);

  ASSERT_EQ(Run({"init", "example.org/theirs", "--scheme", "bytes/1"}).exit_code, 0);
  for (const char* kind : {"ingest", "mixed"}) {
    const ProcessResult refused =
        Run({"bench", kind, "example.org/theirs", "--records", "500"});
    EXPECT_EQ(refused.exit_code, 2) << kind;
    EXPECT_THAT(refused.err, HasSubstr("--any-log"));
  }
  const auto size = [&] {
    return Lines(Run({"head", "example.org/theirs", "--json"}).out).at(0)["size"];
  };
  EXPECT_EQ(size(), 2);
  Measure({"ingest", "example.org/theirs", "--records", "500", "--any-log"});
  EXPECT_GT(size(), 500);
}

TEST_F(CliBenchTest, EachRecordOfOneAtATimeIsAcknowledgedByItself) {
  const json line = Measure({"ingest", "--records", "200", "--clients", "8",
                             "--at-a-time", "1", "--logs", "2"})
                        .at(0);
  EXPECT_EQ(line["records"], 200);
  EXPECT_EQ(line["logs"], 2);
  EXPECT_EQ(Lines(Run({"logs", "--json"}).out).size(), 2u);
}

TEST_F(CliBenchTest, APackedFileIsWhatIsAppended) {
  std::string packed;
  for (int i = 0; i < 300; ++i) packed += AsText(HashN(i));
  const std::string file = Write("packed", packed);
  Measure({"ingest", "example.org/mine", "--packed", file});
  const ProcessResult in =
      Run({"in", "example.org/mine", "--hash", ToHex(HashN(299)), "--json"});
  EXPECT_EQ(in.exit_code, 0) << in.err;
  const std::string torn = Write("torn", "no hashes");
  EXPECT_EQ(Run({"bench", "ingest", "--packed", torn}).exit_code, 2);
}

TEST_F(CliBenchTest, ProofsAreMeasuredAndASampleIsVerified) {
  const std::vector<json> lines =
      Measure({"proofs", "--records", "3000", "--duration", "200ms", "--concurrency",
               "4", "--batch", "100"});
  ASSERT_EQ(lines.size(), 3u);
  const char* const names[] = {"inclusion", "lookup", "batch"};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(lines[i]["bench"], names[i]);
    EXPECT_GT(lines[i]["calls"], 0);
    EXPECT_EQ(lines[i]["failed"], 0);
    EXPECT_GT(lines[i]["verified"], 0);
    EXPECT_EQ(lines[i]["refused"], 0);
    ExpectRising(lines[i]["latency_us"]);
  }
  EXPECT_NEAR(lines[2]["values_per_second"].get<double>(),
              100 * lines[2]["calls_per_second"].get<double>(), 1e-3);
}

TEST_F(CliBenchTest, MixedLookupsAreVerifiedUnderTheVersionsThatTheyWereFor) {
  const std::vector<json> lines =
      Measure({"mixed", "--records", "3000", "--duration", "500ms"});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["bench"], "mixed-ingest");
  EXPECT_GT(lines[0]["records"], 0);
  EXPECT_EQ(lines[1]["bench"], "mixed-lookup");
  EXPECT_GT(lines[1]["verified"], 0);
  EXPECT_EQ(lines[1]["refused"], 0);
}

TEST_F(CliBenchTest, WithoutATokenItSaysWhatIsMissing) {
  const ProcessResult result =
      Setlog({"bench", "ingest", "--server", "unix:" + Path("socket")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("SETLOG_TOKEN_FILE"));
}

// Against one that lies.
using CliBenchLiarTest = CliServerTest;

TEST_F(CliBenchLiarTest, ProofsOfSomebodysLogOnlyRead) {
  const uint64_t before = log().size();
  const ProcessResult result =
      Ask({"bench", "proofs", kOrigin, "--duration", "50ms", "--batch", "10"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("verified here"));
  EXPECT_EQ(log().size(), before);
}

TEST_F(CliBenchLiarTest, AProofThatDoesNotVerifyIsExitCodeThree) {
  const std::vector<std::string> bench = {"bench", "proofs",  kOrigin, "--duration",
                                          "50ms",  "--batch", "10"};
  server_.on_lookup = [](v1::LookupResponse& answer) {
    answer.mutable_lookup()->set_count(answer.lookup().count() + 1);
  };
  ProcessResult result = Ask(bench);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("UNVERIFIED"));
  server_.on_lookup = nullptr;
  server_.on_inclusion = [](v1::InclusionProof& answer) {
    answer.mutable_leaf_hash()->back() ^= 1;
  };
  EXPECT_EQ(Ask(bench).exit_code, 3);
  server_.on_inclusion = nullptr;
  server_.on_batch = [](v1::BatchLookupResponse& answer) {
    answer.mutable_proof()->back() ^= 1;
  };
  EXPECT_EQ(Ask(bench).exit_code, 3);
}

TEST_F(CliBenchLiarTest, AnotherVersionsAnswerIsRefused) {
  server_.on_lookup = [](v1::LookupResponse& answer) { answer.set_index_size(1); };
  EXPECT_EQ(Ask({"bench", "proofs", kOrigin, "--duration", "50ms"}).exit_code, 3);
}

TEST_F(CliBenchLiarTest, NoServerAndAMisspeltNumberHaveTheirExitCodes) {
  EXPECT_EQ(Setlog({"bench", "ingest", "--server", "unix:" + Path("nobody"),
                    "--retry-for", "100ms"})
                .exit_code,
            3);
  EXPECT_EQ(Ask({"bench", "ingest", "--records", "0"}).exit_code, 2);
  EXPECT_EQ(Ask({"bench", "ingest", "--clients", "many"}).exit_code, 2);
  EXPECT_EQ(Ask({"bench"}).exit_code, 2);
  EXPECT_EQ(Ask({"bench", "ingest", kOrigin, "--logs", "2"}).exit_code, 2);
}

}  // namespace
}  // namespace setlog
