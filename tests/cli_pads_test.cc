// What a private log's owner shows of its pads, and who has no key but a prover.

#include <filesystem>

#include "cli_fixture.h"
#include "client/pads_file.h"
#include "fakes/fake_prover.h"
#include "fakes/fake_server.h"
#include "log/vrf_skey.h"
#include "private_log.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kOrigin[] = "example.org/a";

class CliPadsTest : public CliTest {
 protected:
  CliPadsTest() : server_("unix:" + Path("socket"), &prover_) {
    server_.CreateFrom(PrivateManifest(kOrigin, key_));
    vkey_ = FormatVkey(log().key());
    Write("key", FormatVrfSkey(key_) + "\n");
    std::filesystem::permissions(Path("key"), std::filesystem::perms(0600));
  }

  FakeLog& log() { return server_.log(); }
  ProcessResult Ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--server", "unix:" + Path("socket"), "--retry-for", "200ms"});
    return Setlog(std::move(arguments));
  }
  json AskJson(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const ProcessResult result = Ask(std::move(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Lines(result.out).at(0);
  }
  std::string Records(const std::string& name, uint64_t begin, uint64_t end) {
    std::string packed;
    for (uint64_t i = begin; i < end; ++i) packed += AsText(HashN(i));
    return Write(name, packed);
  }
  std::vector<std::string> WithKey(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--vrf-key", Path("key")});
    return arguments;
  }
  // Adds records [begin, end), with the key or without.
  json Add(uint64_t begin, uint64_t end, bool own = true) {
    const std::vector<std::string> add = {"add", kOrigin, "--packed",
                                          Records("batch", begin, end), "--no-wait"};
    const json added = AskJson(own ? WithKey(add) : add);
    log().Index();
    return added;
  }
  std::vector<Hash> Added(uint64_t begin, uint64_t end) {
    std::vector<Hash> values;
    for (uint64_t i = begin; i < end; ++i) {
      const Entry entry = DecodeEntry(AsBytes(log().entry(i))).value();
      values.push_back(std::get<AddEntry>(entry).value);
    }
    return values;
  }
  static std::vector<Hash> RecordsOf(uint64_t begin, uint64_t end) {
    std::vector<Hash> records;
    for (uint64_t i = begin; i < end; ++i) records.push_back(HashN(i));
    return records;
  }

  FakeProver prover_{"1"};
  const VrfSecretKey key_ = VrfKeyOf("1");
  FakeServer server_;
  std::string vkey_;
};

TEST_F(CliPadsTest, BatchesOfOwnerAndProverAreSortedAndHaveFourSignificantBits) {
  uint64_t next = 0;
  uint64_t record = 0;
  // With the key, by the server as prover, from another machine.
  for (const auto& [home, own, count] :
       std::vector<std::tuple<std::string, bool, uint64_t>>{{"home", true, 33},
                                                            {"home", false, 70},
                                                            {"third", false, 17},
                                                            {"home", true, 100}}) {
    home_ = home;
    const json added = Add(record, record + count, own);
    const PadRange pads{next, PadCount(count)};
    EXPECT_EQ(added["added"], count);
    EXPECT_EQ(added["pads"], pads.count);
    EXPECT_EQ(added["appended"], count + pads.count);
    const uint64_t first = added["first"];
    EXPECT_EQ(Added(first, first + count + pads.count),
              SlowBatch(key_, RecordsOf(record, record + count), pads))
        << home << " " << count;
    next += pads.count;
    record += count;
  }
}

TEST_F(CliPadsTest, AProverOfAnotherKeyOrWithOtherLabelsAddsNothing) {
  const uint64_t size = log().size();
  const auto refused = [&] {
    return Ask({"add", kOrigin, "--packed", Records("batch", 0, 3), "--no-wait"});
  };
  FakeProver other("2");
  FakeServer another("unix:" + Path("another"), &other);
  ProcessResult added = Ask({"add", kOrigin, "--packed", Records("batch", 0, 3),
                             "--prover", "unix:" + Path("another")});
  EXPECT_EQ(added.exit_code, 3);
  EXPECT_THAT(added.err, HasSubstr("does not have the VRF key"));
  prover_.on_label = [](v1::LabelResponse& answer) {
    answer.mutable_labels()->back() ^= 1;
  };
  added = refused();
  EXPECT_EQ(added.exit_code, 3);
  EXPECT_THAT(added.err, HasSubstr("proves another label"));
  prover_.on_label = nullptr;
  prover_.refused = {grpc::StatusCode::UNAUTHENTICATED, "no token"};
  EXPECT_EQ(refused().exit_code, 2);
  EXPECT_EQ(log().size(), size);
}

TEST_F(CliPadsTest, PadsAreOpenedToWhoeverHasTheLogsKey) {
  const auto open = [&](const std::string& file) {
    return Ask(WithKey(
        {"pads", "open", kOrigin, "--at", "v1", "--out", Path(file), "--json"}));
  };
  Add(0, 3);
  AskJson({"tag", kOrigin, "v0"});
  const ProcessResult none =
      Ask(WithKey({"pads", "open", kOrigin, "--at", "v0", "--out", Path("none.pads")}));
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("no pad is in the set"));
  EXPECT_FALSE(std::filesystem::exists(Path("none.pads")));

  Add(3, 103);  // 4 pads
  AskJson({"tag", kOrigin, "v1"});
  Add(103, 203);
  const ProcessResult opened = open("v1.pads");
  ASSERT_EQ(opened.exit_code, 0) << opened.err;
  const json result = Lines(opened.out).at(0);
  EXPECT_EQ(result["set_count"], 107);
  EXPECT_EQ(result["pads"], 4);
  EXPECT_EQ(result["records_at_most"], 103);
  EXPECT_EQ(result["all"], true);

  // From now on offline, and by somebody else.
  home_ = "auditor";
  const ProcessResult stranger = Setlog({"verify", Path("v1.pads"), "--json"});
  EXPECT_EQ(stranger.exit_code, 3) << "no key is known";
  const ProcessResult verified =
      Setlog({"verify", Path("v1.pads"), "--key", vkey_, "--at", "v1", "--json"});
  ASSERT_EQ(verified.exit_code, 0) << verified.err;
  const json shown = Lines(verified.out).at(0);
  EXPECT_EQ(shown["verdict"], "OPENED");
  EXPECT_EQ(shown["origin"], kOrigin);
  EXPECT_EQ(shown["tag"], "v1");
  EXPECT_EQ(shown["set_count"], 107);
  EXPECT_EQ(shown["pads"], 4);
  EXPECT_EQ(shown["records_at_most"], 103);
  EXPECT_EQ(shown["index_size"], result["index_size"]);
  EXPECT_EQ(shown["pinned"], true);
  const ProcessResult words = Setlog({"verify", Path("v1.pads")});
  EXPECT_EQ(words.exit_code, 0) << "now the key is known";
  EXPECT_THAT(words.out,
              HasSubstr("OPENED 4 pads among the 107 members of the set that "
                        "example.org/a committed to at size"));
  EXPECT_THAT(words.out, HasSubstr("at most 103 are records; set root not audited"));

  EXPECT_EQ(Setlog({"verify", Path("v1.pads"), "--at", "v0"}).exit_code, 3);
  EXPECT_EQ(Setlog({"verify", Path("v1.pads"), "--hash", ToHex(HashN(1))}).exit_code,
            2);
  EXPECT_EQ(Setlog({"verify", Path("v1.pads"), "--expect", "absent"}).exit_code, 2);

  // Under another name it is known by its content; binary it says the same; damaged, by
  // its name, nothing.
  std::string bytes;
  std::getline(std::ifstream(Path("v1.pads"), std::ios::binary), bytes, '\0');
  EXPECT_EQ(Setlog({"verify", Write("other", bytes)}).exit_code, 0);
  PadOpening opening = ParsePadsFile(bytes).value();
  EXPECT_EQ(opening.proofs.pads, (std::vector<uint64_t>{0, 1, 2, 3}));
  Write("binary.pads", FormatBinaryPadsFile(opening));
  EXPECT_EQ(Setlog({"verify", Path("binary.pads")}).exit_code, 0);
  opening.proofs.pads.back() = 4;
  Write("false.pads", FormatPadsFile(opening));
  const ProcessResult lie = Setlog({"verify", Path("false.pads"), "--json"});
  EXPECT_EQ(lie.exit_code, 3);
  EXPECT_EQ(Lines(lie.out).at(0)["verdict"], "UNVERIFIED");
  EXPECT_EQ(Lines(lie.out).at(0)["records_at_most"], nullptr);
  Write("rubbish.pads", "rubbish");
  EXPECT_EQ(Setlog({"verify", Path("rubbish.pads")}).exit_code, 3);
}

TEST_F(CliPadsTest, AProverOpensPadsToo) {
  Add(0, 33, /*own=*/false);
  const ProcessResult opened =
      Ask({"pads", "open", kOrigin, "--out", Path("p.pads"), "--json"});
  ASSERT_EQ(opened.exit_code, 0) << opened.err;
  EXPECT_EQ(Lines(opened.out).at(0)["pads"], 3);
  EXPECT_EQ(Setlog({"verify", Path("p.pads")}).exit_code, 0);
}

TEST_F(CliPadsTest, APlainLogHasNoPadsToOpen) {
  FakeServer plain("unix:" + Path("plain"));
  plain.Create("example.org/plain");
  const ProcessResult refused =
      Setlog({"pads", "open", "example.org/plain", "--out", Path("p.pads"), "--server",
              "unix:" + Path("plain")});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("plain log"));
}

}  // namespace
}  // namespace setlog
