// `setlog coverage` and `setlog disjoint` as processes: sets of several logs, on
// servers of their own, each of which may lie or be down.

#include <map>
#include <memory>

#include "cli_server_fixture.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Records = std::vector<std::string>;

// example.org/a@v2 is the set of "a" to "e". "two" was removed from it.
class CliCompareTest : public CliServerTest {
 protected:
  CliCompareTest() {
    log().Remove(RecordHash("one"));
    AddTo(log(), {"a", "b", "c", "d", "e"});
    log().Tag("v2");
  }

  static void AddTo(FakeLog& log, const Records& records) {
    for (const std::string& record : records) log.Add(RecordHash(record));
    log.Index();
  }
  static std::string OriginOf(const std::string& name) { return "example.net/" + name; }

  // A log example.net/NAME with v1 of these records, on a server of its own.
  FakeServer& Serve(const std::string& name, const Records& records) {
    return ServeAs({.origin = OriginOf(name), .scheme = "bytes/1"}, name, records);
  }
  FakeServer& ServeAs(const Manifest& manifest, const std::string& name,
                      const Records& records) {
    auto& server = servers_[name];
    server = std::make_unique<FakeServer>("unix:" + Path(name));
    AddTo(server->CreateFrom(FormatManifest(manifest).value(), name), records);
    server->log().Tag("v1");
    return *server;
  }

  // With v1 of the logs, which are on their servers.
  std::vector<std::string> Command(const std::string& command, const Records& names,
                                   const std::string& train = "example.org/a@v2") {
    std::vector<std::string> line = {command, train};
    for (const std::string& name : names) line.push_back(OriginOf(name) + "@v1");
    for (const std::string& name : names) {
      line.push_back("--server-of");
      line.push_back(OriginOf(name) + "=unix:" + Path(name));
    }
    return line;
  }
  ProcessResult Run(const std::string& command, const Records& names) {
    return Ask(Command(command, names));
  }
  std::vector<json> RunJson(const std::string& command, const Records& names) {
    return AskJson(Command(command, names));
  }
  static std::vector<std::string> Hex(const Records& records) {
    std::vector<std::string> hex;
    for (const std::string& record : records) hex.push_back(ToHex(RecordHash(record)));
    std::sort(hex.begin(), hex.end());
    return hex;
  }

  std::map<std::string, std::unique_ptr<FakeServer>> servers_;
};

TEST_F(CliCompareTest, CoverageHoldsIfEachRecordIsInOneOfTheUpstreams) {
  Serve("web", {"a", "b", "c", "x"});
  Serve("books", {"c", "d", "e"});
  const ProcessResult result = Run("coverage", {"web", "books"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("VERIFIED each of the 5 records of the set that example.org/a "
                         "committed to at size 13 (version v2, bytes/1) is in one of 2 "
                         "upstreams; set roots of 3 of 3 not audited\n"));
  EXPECT_THAT(result.out, HasSubstr("  covered  2 of 3 in the set that "
                                    "example.net/books committed to at size "));
  json wanted = {{"verdict", "VERIFIED"},  {"train", "example.org/a@v2"},
                 {"train_index_size", 13}, {"set_count", 5},
                 {"pinned", false},        {"replayed_by", json::array()},
                 {"uncovered", 0}};
  wanted["upstreams"] = {{{"origin", "example.net/web"},
                          {"at", "v1"},
                          {"index_size", 6},
                          {"set_count", 4},
                          {"pinned", false},
                          {"replayed_by", json::array()},
                          {"covered", 3}},
                         {{"origin", "example.net/books"},
                          {"at", "v1"},
                          {"index_size", 5},
                          {"set_count", 3},
                          {"pinned", false},
                          {"replayed_by", json::array()},
                          {"covered", 2}}};
  EXPECT_EQ(RunJson("coverage", {"web", "books"}), std::vector<json>{wanted});
}

TEST_F(CliCompareTest, CoverageNamesWhatIsInNone) {
  Serve("web", {"a", "b"});
  Serve("books", {"b", "e", "f"});
  const ProcessResult result = Run("coverage", {"web", "books"});
  EXPECT_EQ(result.exit_code, 1);
  const std::vector<std::string> hashes = Hex({"c", "d"});
  EXPECT_THAT(result.out, StartsWith("REFUSED 2 of the 5 records of the set that "));
  EXPECT_THAT(result.out, HasSubstr("\n  uncovered  " + hashes[0] + "\n  uncovered  " +
                                    hashes[1] + "\n"));
  const std::vector<json> lines = RunJson("coverage", {"web", "books"});
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], (json{{"hash", hashes[0]}, {"covered", false}}));
  EXPECT_EQ(lines[1]["hash"], hashes[1]);
  EXPECT_EQ(lines[2]["verdict"], "REFUSED");
  EXPECT_EQ(lines[2]["uncovered"], 2);
}

TEST_F(CliCompareTest, WhatWasRemovedFromAnUpstreamIsNotCovered) {
  FakeServer& web = Serve("web", {"a", "b", "c", "d", "e"});
  web.log().Remove(RecordHash("c"));
  web.log().Index();
  web.log().Tag("v2");
  EXPECT_EQ(Run("coverage", {"web"}).exit_code, 0);
  std::vector<std::string> line = Command("coverage", {"web"});
  line[2] = "example.net/web@v2";
  EXPECT_EQ(Ask(line).exit_code, 1);
  line[2] = "example.net/web";
  EXPECT_EQ(Ask(line).exit_code, 1) << "the newest";
}

TEST_F(CliCompareTest, DisjointHoldsIfNothingIsInCommonWhicheverIsFetched) {
  Serve("few", {"x"});
  Records many;
  for (int i = 0; i < 50; ++i) many.push_back("m" + std::to_string(i));
  Serve("many", many);
  const ProcessResult result = Run("disjoint", {"few", "many"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              StartsWith("VERIFIED none of the 5 records of the set that example.org/a "
                         "committed to at size 13 (version v2, bytes/1) is in any of 2 "
                         "exclusions; set roots of 3 of 3 not audited\n"));
  // The one was fetched and looked up in TRAIN, the other asked about TRAIN's members.
  EXPECT_EQ(servers_["few"]->entry_streams, 1);
  EXPECT_EQ(servers_["many"]->entry_streams, 0);
  const std::vector<json> lines = RunJson("disjoint", {"few", "many"});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["common"], 0);
  EXPECT_EQ(lines[0]["exclusions"][1]["origin"], "example.net/many");
  EXPECT_EQ(lines[0]["exclusions"][1]["common"], 0);
}

TEST_F(CliCompareTest, DisjointNamesWhatIsInCommonAndWhere) {
  Serve("few", {"b", "x"});
  Records many = {"b", "d"};
  for (int i = 0; i < 50; ++i) many.push_back("m" + std::to_string(i));
  Serve("many", many);
  const ProcessResult result = Run("disjoint", {"few", "many"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, StartsWith("REFUSED 2 of the 5 records of the set that "));
  EXPECT_THAT(result.out,
              HasSubstr("\n  in example.net/few@v1  " + Hex({"b"})[0] + "\n"));
  const std::vector<json> lines = RunJson("disjoint", {"few", "many"});
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], (json{{"hash", Hex({"b"})[0]}, {"in", "example.net/few@v1"}}));
  EXPECT_EQ(lines[1]["in"], "example.net/many@v1");
  EXPECT_EQ(lines[3]["verdict"], "REFUSED");
  EXPECT_EQ(lines[3]["common"], 2) << "of TRAIN's records";
  EXPECT_EQ(lines[3]["exclusions"][0]["common"], 1);
  EXPECT_EQ(lines[3]["exclusions"][1]["common"], 2);
}

TEST_F(CliCompareTest, ASetIsCoveredByItselfAndNotDisjointFromItself) {
  EXPECT_EQ(Ask({"coverage", "example.org/a@v2", "example.org/a@v2"}).exit_code, 0);
  EXPECT_EQ(Ask({"disjoint", "example.org/a@v2", "example.org/a@v2"}).exit_code, 1);
  // And two versions of one log are two sets.
  EXPECT_EQ(Ask({"coverage", "example.org/a@v2", "example.org/a@v1"}).exit_code, 1);
  EXPECT_EQ(Ask({"disjoint", "example.org/a@v2", "example.org/a@v1"}).exit_code, 0);
}

TEST_F(CliCompareTest, OfNoRecordsNothingIsSaidToHold) {
  Serve("web", {"a"});
  Serve("none", {});
  for (const char* command : {"coverage", "disjoint"}) {
    std::vector<std::string> line = Command(command, {"web"}, "example.net/none@v1");
    line.insert(line.end(), {"--server-of", "example.net/none=unix:" + Path("none")});
    const ProcessResult result = Ask(line);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err,
                HasSubstr("example.net/none@v1 has no record (the set at "));
  }
  // An exclusion without members excludes nothing.
  EXPECT_EQ(Run("disjoint", {"none"}).exit_code, 0);
  EXPECT_EQ(Run("coverage", {"none"}).exit_code, 1);
}

// Which is the newest version is not the server's to say: it would be the one without.
TEST_F(CliCompareTest, AnOlderVersionIsNotTheNewest) {
  Serve("web", {"a"});
  const uint64_t older = log().indexes().front();
  server_.on_head = [&](v1::Head& head) {
    *head.mutable_index() = EntryToProto(log().Prove(older, log().size()));
  };
  for (const char* command : {"coverage", "disjoint"}) {
    const ProcessResult result = Ask(Command(command, {"web"}, "example.org/a"));
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.out, HasSubstr("a newer index entry stands at position "));
  }
  server_.on_head = nullptr;
  for (const char* command : {"coverage", "disjoint"}) {
    EXPECT_LE(Ask(Command(command, {"web"}, "example.org/a")).exit_code, 1);
  }
}

// n = 0 beside the root of a set that has members.
TEST_F(CliCompareTest, ACountOfNothingDoesNotMakeASetEmpty) {
  log().IndexAs(0, log().IndexAt(log().indexes().back()).set_root);
  log().Tag("v3");
  Serve("web", {"a"});
  for (const char* command : {"coverage", "disjoint"}) {
    EXPECT_EQ(Ask(Command(command, {"web"}, "example.org/a@v3")).exit_code, 3);
  }
}

TEST_F(CliCompareTest, LogsThatHashRecordsInOtherWaysAreRefused) {
  ServeAs({.origin = OriginOf("rows"), .scheme = "row/1", .columns = {{{"id", "int"}}}},
          "rows", {"a"});
  ServeAs({.origin = OriginOf("more"),
           .scheme = "row/1",
           .columns = {{{"id", "int"}, {"name", "str"}}}},
          "more", {"a"});
  for (const char* command : {"coverage", "disjoint"}) {
    const ProcessResult result = Run(command, {"rows"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("example.org/a are hashed as bytes/1, those of "
                                      "example.net/rows as row/1 of id:int:"));
    std::vector<std::string> line = Command(command, {"rows", "more"});
    std::swap(line[1], line[2]);
    line.erase(line.begin() + 2);
    const ProcessResult rows = Ask(line);
    EXPECT_EQ(rows.exit_code, 2);
    EXPECT_THAT(rows.err, HasSubstr("as row/1 of id:int, name:str:"));
  }
}

TEST_F(CliCompareTest, PrivateLogsAreRefusedWithTheReason) {
  Manifest manifest = {.origin = OriginOf("patients"), .scheme = "bytes/1"};
  manifest.labels = VrfLabels{.suite = std::string(kVrfSuite), .public_key = HashN(1)};
  ServeAs(manifest, "patients", {"a"});
  for (const char* command : {"coverage", "disjoint"}) {
    const ProcessResult result = Run(command, {"patients"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("example.net/patients is a private log: it holds "
                                      "labels that only its own key makes"));
  }
}

TEST_F(CliCompareTest, AServerThatIsDownIsUnverifiedAndNamed) {
  Serve("web", {"a", "b", "c", "d", "e"});
  Serve("down", {"x"});
  servers_["down"].reset();
  for (const char* command : {"coverage", "disjoint"}) {
    const ProcessResult result = Run(command, {"web", "down"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.out,
                StartsWith("UNVERIFIED example.net/down@v1: no answer from unix:" +
                           Path("down")));
    EXPECT_EQ(RunJson(command, {"web", "down"}).back()["verdict"], "UNVERIFIED");
  }
}

TEST_F(CliCompareTest, AServerThatLiesIsUnverifiedWhoeverItIs) {
  Records many = {"a", "b", "c", "d", "e"};
  for (int i = 0; i < 50; ++i) many.push_back("m" + std::to_string(i));
  FakeServer& web = Serve("many", many);
  FakeServer& few = Serve("few", {"x"});
  const auto unverified = [this](const char* command, const std::string& name) {
    const ProcessResult result = Run(command, {name});
    EXPECT_EQ(result.exit_code, 3) << command << " " << name << result.out;
    EXPECT_THAT(result.out, StartsWith("UNVERIFIED example."));
    EXPECT_THAT(result.out, Not(HasSubstr("REFUSED")));
  };
  web.on_batch = [](v1::BatchLookupResponse& a) { a.mutable_proof()->back() ^= 1; };
  unverified("coverage", "many");
  unverified("disjoint", "many");
  web.on_batch = [](v1::BatchLookupResponse& a) { a.set_index_size(1); };
  unverified("coverage", "many");
  // The members of the smaller set, and the proofs of the larger one.
  few.on_chunk = [](v1::EntriesChunk& c) { c.mutable_bundle()->back() ^= 1; };
  unverified("disjoint", "few");
  few.on_chunk = nullptr;
  server_.on_batch = [](v1::BatchLookupResponse& a) { a.mutable_proof()->back() ^= 1; };
  unverified("disjoint", "few");
  server_.on_chunk = [](v1::EntriesChunk& c) { c.mutable_bundle()->back() ^= 1; };
  unverified("coverage", "many");
}

TEST_F(CliCompareTest, ALogThatForksIsMisbehaviour) {
  Serve("web", {"a", "b", "c", "d", "e"});
  EXPECT_EQ(Run("coverage", {"web"}).exit_code, 0);
  servers_.clear();
  Serve("web", {"a", "b", "c", "d", "z"});
  for (const char* command : {"coverage", "disjoint"}) {
    const ProcessResult result = Run(command, {"web"});
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_THAT(result.out, StartsWith("MISBEHAVIOUR of example.net/web: "));
  }
  // What was proven stays so, and every result says it.
  servers_.clear();
  Serve("web", {"a", "b", "c", "d", "e"});
  const ProcessResult later = Ask(Command("coverage", {"web"}));
  EXPECT_EQ(later.exit_code, 4);
  EXPECT_THAT(RunJson("coverage", {"web"}).back()["convicted"].get<std::string>(),
              HasSubstr("evidence"));
}

TEST_F(CliCompareTest, EachLogHasAKeyOfItsOwnAndAnotherIsRefused) {
  FakeServer& web = Serve("web", {"a", "b", "c", "d", "e"});
  const std::string web_key = FormatVkey(web.log().key());
  std::vector<std::string> line = Command("coverage", {"web"});
  line.insert(line.end(), {"--key", web_key, "--key", FormatVkey(log().key())});
  const json summary = AskJson(line).back();
  EXPECT_EQ(summary["pinned"], true);
  EXPECT_EQ(summary["upstreams"][0]["pinned"], true);
  home_ = "another home";
  line = Command("coverage", {"web"});
  const FakeLog stranger(ManifestFor(OriginOf("web")), "another key");
  line.insert(line.end(), {"--key", FormatVkey(stranger.key())});
  EXPECT_EQ(Ask(line).exit_code, 3);
}

TEST_F(CliCompareTest, WhatIsTypedWrongIsSaidBeforeAnythingIsAsked) {
  const FakeLog stranger(ManifestFor("example.org/other"));
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"--server-of", "example.org/other=h:1"}, "names no version of that log"},
      {{"--server-of", "example.org/a"}, "write ORIGIN, '=' and the value"},
      {{"--server-of", "example.org/a="}, "write ORIGIN, '=' and the value"},
      {{"--server-of", "example.org/a=h:1", "--server-of", "example.org/a=h:2"},
       "this is said twice of that log"},
      {{"--key", FormatVkey(stranger.key())}, "names no version of that log"},
      {{"--key", "rubbish"}, "--key: "},
      {{"example.org/a@0"}, "is not ORIGIN@TAG"},
  };
  for (const char* command : {"coverage", "disjoint"}) {
    for (const auto& [more, words] : wrong) {
      std::vector<std::string> line = {command, "example.org/a@v2", "example.org/a@v1"};
      line.insert(line.end(), more.begin(), more.end());
      const ProcessResult result = Ask(line);
      EXPECT_EQ(result.exit_code, 2) << more[0];
      EXPECT_THAT(result.err, HasSubstr(words));
    }
    EXPECT_EQ(Ask({command, "example.org/a@v2"}).exit_code, 2) << "against nothing";
  }
  EXPECT_EQ(server_.heads_asked, 0);
}

}  // namespace
}  // namespace setlog
