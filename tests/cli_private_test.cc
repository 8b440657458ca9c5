// `init`, `add` and `remove` of a private log by who holds its key.

#include <filesystem>

#include "cli_fixture.h"
#include "fakes/fake_server.h"
#include "log/scheme.h"
#include "log/vrf_skey.h"
#include "private_log.h"
#include "testing.h"

namespace setlog {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kOrigin[] = "example.org/a";

class CliPrivateTest : public CliTest {
 protected:
  CliPrivateTest() : server_("unix:" + Path("socket")) { WriteKey("key", key_); }

  void WriteKey(const std::string& name, const VrfSecretKey& key) {
    Write(name, FormatVrfSkey(key) + "\n");
    std::filesystem::permissions(Path(name), std::filesystem::perms(0600));
  }
  ProcessResult Ask(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.end(),
                     {"--server", "unix:" + Path("socket"), "--retry-for", "200ms"});
    return Setlog(std::move(arguments), input);
  }
  ProcessResult Init(const std::string& key = "key") {
    return Ask(
        {"init", kOrigin, "--scheme", "bytes/1", "--vrf-key", Path(key), "--json"});
  }
  // Record hashes HashN(i), packed.
  std::string WriteRecords(const std::string& name, uint64_t begin, uint64_t end) {
    std::string packed;
    for (uint64_t i = begin; i < end; ++i) packed += AsText(HashN(i));
    return Write(name, packed);
  }
  static std::vector<Hash> Records(uint64_t begin, uint64_t end) {
    std::vector<Hash> records;
    for (uint64_t i = begin; i < end; ++i) records.push_back(HashN(i));
    return records;
  }
  ProcessResult Add(const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> add = {"add",       kOrigin,     "--packed",  file,
                                    "--no-wait", "--vrf-key", Path("key"), "--json"};
    add.insert(add.end(), more.begin(), more.end());
    return Ask(std::move(add));
  }
  // The values of the entries from `begin` on, which must all be adds.
  std::vector<Hash> Added(uint64_t begin) {
    std::vector<Hash> values;
    for (uint64_t i = begin; i < log().size(); ++i) {
      const Entry entry = DecodeEntry(AsBytes(log().entry(i))).value();
      const auto* add = std::get_if<AddEntry>(&entry);
      EXPECT_NE(add, nullptr) << i;
      if (add != nullptr) values.push_back(add->value);
    }
    return values;
  }
  FakeLog& log() { return server_.log(); }

  const VrfSecretKey key_ = VrfKeyOf("1");
  FakeServer server_;
};

TEST_F(CliPrivateTest, InitMakesAPrivateLogAndItsKeyIsForNoOther) {
  const ProcessResult made = Init();
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string public_key = ToHex(key_.PublicKey().bytes());
  EXPECT_EQ(Lines(made.out).at(0), (json{{"origin", kOrigin},
                                         {"vkey", FormatVkey(log().key())},
                                         {"size", 2},
                                         {"vrf_public", public_key}}));
  EXPECT_EQ(log().entry(0).substr(1), PrivateManifest(kOrigin, key_));

  FakeServer other("unix:" + Path("other"));
  for (const char* origin : {"example.org/b", kOrigin}) {
    const ProcessResult again =
        Setlog({"init", origin, "--scheme", "bytes/1", "--vrf-public", public_key,
                "--server", "unix:" + Path("other")});
    EXPECT_EQ(again.exit_code, 2) << again.out;
    EXPECT_THAT(again.err, HasSubstr("this VRF key is that of example.org/a already"));
    EXPECT_THAT(again.err, HasSubstr("setlog key vrf"));
  }
  WriteKey("second", VrfKeyOf("2"));
  EXPECT_EQ(Setlog({"init", "example.org/b", "--scheme", "bytes/1", "--vrf-key",
                    Path("second"), "--server", "unix:" + Path("other")})
                .exit_code,
            0);
  const ProcessResult nonsense = Ask({"init", "example.org/c", "--scheme", "bytes/1",
                                      "--vrf-public", std::string(64, '0')});
  EXPECT_EQ(nonsense.exit_code, 2);
  EXPECT_THAT(nonsense.err, HasSubstr("--vrf-public"));
}

TEST_F(CliPrivateTest, AnInitThatMadeNoLogFreesTheKeyAndOneThatMayHaveDoesNot) {
  server_.failures = {{grpc::StatusCode::PERMISSION_DENIED, "not you"}};
  // The log is made all the same, as this server goes: but it says not.
  EXPECT_EQ(Init().exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(
      Path("home/vrf/" + ToHex(key_.PublicKey().bytes()) + ".json")));

  FakeServer lost("unix:" + Path("lost"));
  lost.failures.assign(1000, {grpc::StatusCode::UNAVAILABLE, "lost"});
  std::vector<std::string> init = {
      "init",        kOrigin,     "--scheme", "bytes/1",
      "--vrf-key",   Path("key"), "--server", "unix:" + Path("lost"),
      "--retry-for", "100ms"};
  EXPECT_EQ(Setlog(init).exit_code, 3);
  init[1] = "example.org/b";
  EXPECT_EQ(Setlog(init).exit_code, 2) << "the key may be that of a log already";
  init[1] = kOrigin;
  lost.failures.clear();
  const ProcessResult done = Setlog(init);
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

TEST_F(CliPrivateTest, APrivateParentNeedsAKeyOfItsOwnOrAWordThatThisLogIsPlain) {
  ASSERT_EQ(Init().exit_code, 0);
  log().Add(HashN(1));
  log().Index();
  FakeServer child("unix:" + Path("child"));
  const auto init = [&](std::vector<std::string> more) {
    std::vector<std::string> all = {
        "init",     "example.org/b",        "--parent",
        kOrigin,    "--parent-server",      "unix:" + Path("socket"),
        "--server", "unix:" + Path("child")};
    all.insert(all.end(), more.begin(), more.end());
    return Setlog(std::move(all));
  };
  const ProcessResult plain = init({});
  EXPECT_EQ(plain.exit_code, 2);
  EXPECT_THAT(plain.err, HasSubstr("--vrf-key"));
  const ProcessResult same = init({"--vrf-public", ToHex(key_.PublicKey().bytes())});
  EXPECT_EQ(same.exit_code, 2);
  EXPECT_THAT(same.err, HasSubstr("this VRF key is that of example.org/a"));
  WriteKey("second", VrfKeyOf("2"));
  const ProcessResult made = init({"--vrf-key", Path("second")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Manifest manifest =
      ParseManifest(AsBytes(child.log().entry(0)).subspan(1)).value();
  EXPECT_EQ(manifest.labels->public_key, VrfKeyOf("2").PublicKey().bytes());
  EXPECT_EQ(manifest.parent->origin, kOrigin);
}

TEST_F(CliPrivateTest, AddAppendsSortedLabelsAndPadsAndLeavesNoRecordHashBehind) {
  ASSERT_EQ(Init().exit_code, 0);
  const std::string twice = WriteRecords("once", 0, 100);
  std::string bytes;
  for (uint64_t i = 0; i < 100; ++i) bytes += AsText(HashN(99 - i));
  for (uint64_t i = 0; i < 7; ++i) bytes += AsText(HashN(i));
  const ProcessResult added = Add(Write("records", bytes));
  ASSERT_EQ(added.exit_code, 0) << added.err;
  EXPECT_EQ(Lines(added.out).at(0), (json{{"origin", kOrigin},
                                          {"added", 100},
                                          {"duplicates", 7},
                                          {"pads", 4},
                                          {"appended", 104},
                                          {"first", 2},
                                          {"size", 106},
                                          {"index_size", 1},
                                          {"set_count", 0}}));
  EXPECT_EQ(Added(2), SlowBatch(key_, Records(0, 100), {0, 4}));

  // The next pads go on where these ended, also from where nothing is remembered.
  log().Index();
  const uint64_t second = log().size();
  ASSERT_EQ(Add(WriteRecords("more", 100, 133)).exit_code, 0);
  EXPECT_EQ(Added(second), SlowBatch(key_, Records(100, 133), {4, 3}));
  log().Index();
  const uint64_t third = log().size();
  home_ = "other";
  ASSERT_EQ(Add(WriteRecords("most", 133, 150)).exit_code, 0);
  EXPECT_EQ(Added(third), SlowBatch(key_, Records(133, 150), {7, 1}));

  int files = 0;
  for (const char* home : {"home", "other"}) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(Path(home))) {
      if (!file.is_regular_file()) continue;
      ++files;
      std::string text;
      std::getline(std::ifstream(file.path(), std::ios::binary), text, '\0');
      for (const Hash& record : Records(0, 150)) {
        for (const Hash& trace : {record, key_.Label(record)}) {
          EXPECT_EQ(text.find(ToHex(trace)), text.npos) << file.path();
        }
      }
    }
  }
  EXPECT_GE(files, 4);
}

TEST_F(CliPrivateTest, AnInterruptedAddGoesOnWithTheVerySameEntries) {
  ASSERT_EQ(Init().exit_code, 0);
  const std::string file = WriteRecords("records", 0, 9'000);
  // After the looks into the log, which are streams too.
  server_.on_batch = [&](v1::BatchLookupResponse&) {
    server_.messages_before_loss = 0;
  };
  server_.on_append = [&](v1::AppendResponse&) {
    server_.failures.assign(1000, {grpc::StatusCode::UNAVAILABLE, "lost"});
  };
  const ProcessResult lost = Add(file);
  ASSERT_EQ(lost.exit_code, 3) << lost.err;
  server_.on_append = nullptr;
  server_.on_batch = nullptr;
  server_.failures.clear();
  EXPECT_EQ(log().size(), 2u + 8192u) << "a part was sent";
  int sessions = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Path("home/sessions"))) {
    if (entry.path().extension() != ".json") continue;
    ++sessions;
    json session;
    std::ifstream(entry.path()) >> session;
    EXPECT_EQ(session["first_pad"], 0);
    EXPECT_EQ(session["pads"], 216);
  }
  EXPECT_EQ(sessions, 1);

  // Without pads it would be another session's bytes.
  const ProcessResult other = Add(file, {"--no-pad"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("had 216 pads"));
  const ProcessResult done = Add(file);
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(Lines(done.out).at(0)["appended"], 9'216);
  EXPECT_TRUE(Added(2) == SlowBatch(key_, Records(0, 9'000), {0, 216}));
}

TEST_F(CliPrivateTest, AnAddThatSentNothingGivesItsPadsBack) {
  ASSERT_EQ(Init().exit_code, 0);
  const std::string file = WriteRecords("records", 0, 17);
  // The looks into the set go well, the first stream does not.
  server_.on_batch = [&](v1::BatchLookupResponse&) {
    server_.failures = {{grpc::StatusCode::PERMISSION_DENIED, "not you"}};
  };
  EXPECT_EQ(Add(file).exit_code, 2);
  server_.on_batch = nullptr;
  server_.failures.clear();
  EXPECT_EQ(log().size(), 2u);
  ASSERT_EQ(Add(file).exit_code, 0);
  EXPECT_EQ(Added(2), SlowBatch(key_, Records(0, 17), {0, 1}));
}

TEST_F(CliPrivateTest, WithoutPadsAndDryTheCountsAreSaid) {
  ASSERT_EQ(Init().exit_code, 0);
  const std::string file = WriteRecords("records", 0, 33);
  const ProcessResult dry =
      Ask({"add", kOrigin, "--packed", file, "--dry-run", "--json"});
  ASSERT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_EQ(Lines(dry.out).at(0), (json{{"origin", kOrigin},
                                        {"dry_run", true},
                                        {"count", 33},
                                        {"duplicates", 0},
                                        {"pads", 3},
                                        {"first_hash", ToHex(HashN(0))}}));
  EXPECT_EQ(log().size(), 2u);
  const ProcessResult bare = Add(file, {"--no-pad"});
  ASSERT_EQ(bare.exit_code, 0) << bare.err;
  EXPECT_EQ(Lines(bare.out).at(0)["pads"], 0);
  EXPECT_EQ(Added(2), SlowBatch(key_, Records(0, 33), {}));
}

TEST_F(CliPrivateTest, RemoveTakesLabelsWithoutPads) {
  ASSERT_EQ(Init().exit_code, 0);
  const std::string file = WriteRecords("records", 0, 33);
  ASSERT_EQ(Add(file).exit_code, 0);
  log().Index();
  const uint64_t begin = log().size();
  const ProcessResult removed = Ask({"remove", kOrigin, "--packed", file, "--vrf-key",
                                     Path("key"), "--no-wait", "--json"});
  ASSERT_EQ(removed.exit_code, 0) << removed.err;
  const json result = Lines(removed.out).at(0);
  EXPECT_EQ(result["removed"], 33);
  EXPECT_EQ(result["pads"], 0);
  EXPECT_EQ(result["appended"], 33);
  const std::vector<Hash> labels = SlowBatch(key_, Records(0, 33), {});
  for (uint64_t i = 0; i < labels.size(); ++i) {
    const Entry entry = DecodeEntry(AsBytes(log().entry(begin + i))).value();
    EXPECT_EQ(std::get<RemoveEntry>(entry).value, labels[i]);
  }
  EXPECT_EQ(Ask({"remove", kOrigin, "--packed", file, "--no-pad"}).exit_code, 2);
}

TEST_F(CliPrivateTest, AnotherKeyAndAKeyForAPlainLogAreRefused) {
  ASSERT_EQ(Init().exit_code, 0);
  WriteKey("second", VrfKeyOf("2"));
  const std::string file = WriteRecords("records", 0, 3);
  const ProcessResult other =
      Ask({"add", kOrigin, "--packed", file, "--vrf-key", Path("second")});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_EQ(log().size(), 2u);
  FakeServer plain("unix:" + Path("plain"));
  plain.Create("example.org/plain");
  const ProcessResult useless =
      Setlog({"add", "example.org/plain", "--packed", file, "--vrf-key", Path("key"),
              "--server", "unix:" + Path("plain")});
  EXPECT_EQ(useless.exit_code, 2);
  EXPECT_THAT(useless.err, HasSubstr("plain log"));
}

}  // namespace
}  // namespace setlog
