// A server and its witnesses, over real sockets: honest ones, and the other kinds.
#include "server/witness_client.h"

#include <curl/curl.h>

#include <chrono>
#include <fstream>
#include <memory>

#include "golden_notes.h"
#include "sanitized.h"
#include "scripted_witness.h"
#include "server_fixture.h"
#include "storage/rocks_store.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr uint64_t kGenesis = 2;  // manifest and first index entry

size_t Collect(char* data, size_t, size_t size, void* text) {
  static_cast<std::string*>(text)->append(data, size);
  return size;
}

class WitnessTest : public ServerTest {
 protected:
  void SetUp() override {
    char name[] = "/tmp/setlog-server-test-XXXXXX";
    dir_ = mkdtemp(name);
  }
  void Configure(ServerOptions* options) override {
    policy_ = ParsePolicy(policy_text_).value();
    options->policy = &policy_;
    options->recosign = recosign_;
    options->witness_timeout = timeout_;
  }
  ScriptedWitness& AddWitness() {
    const size_t i = witnesses_.size();
    const std::string name = absl::StrFormat("w%d", i);
    witnesses_.push_back(std::make_unique<ScriptedWitness>(
        KeyOfByte("witness.test/" + name, static_cast<uint8_t>(0x30 + i))));
    policy_text_ += witnesses_.back()->PolicyLine(name);
    return *witnesses_.back();
  }
  void StartWith(const std::string& rest) {
    policy_text_ += rest;
    StartServer();
    ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  }
  absl::StatusOr<v1::Head> Ask(bool cosigned, uint64_t size = 0,
                               uint64_t known_size = 0) {
    v1::GetHeadRequest request;
    request.set_cosigned(cosigned);
    request.set_known_size(known_size);
    if (size > 0) request.set_size(size);
    return GetHead(std::move(request));
  }
  // The server's policy, for a verifier: with the log's key.
  Policy PolicyWithLog() {
    Policy policy = policy_;
    policy.logs.push_back({Key(), ""});
    return policy;
  }
  PolicyResult Judged(const v1::Head& head) {
    const absl::StatusOr<PolicyResult> result =
        EvaluatePolicy(policy_, head.checkpoint());
    EXPECT_OK(result);
    return *result;
  }
  template <typename Condition>
  static bool Eventually(Condition condition,
                         milliseconds longest = milliseconds(20000)) {
    for (const auto end = steady_clock::now() + longest; steady_clock::now() < end;) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
  // The newest head, once its note meets the quorum.
  v1::Head NewestCosigned() {
    v1::Head head;
    EXPECT_TRUE(Eventually([&] {
      head = *Ask(false);
      return Judged(head).quorum_met;
    }));
    return head;
  }
  std::string Get(const std::string& path) {
    std::string text;
    CURL* const easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL,
                     ("http://" + server_->http_address() + path).c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, Collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &text);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    EXPECT_EQ(curl_easy_perform(easy), CURLE_OK);
    curl_easy_cleanup(easy);
    return text;
  }
  // What HTTP shows of the log.
  PolicyResult Shown(const std::string& page = "checkpoint") {
    return EvaluatePolicy(policy_, Get("/" + std::string(kOrigin) + "/" + page))
        .value();
  }
  // The value of the one series whose name and labels are `series`; -1 = none.
  double Metric(const std::string& series) {
    const std::string text = "\n" + Get("/metrics");
    const size_t at = text.find("\n" + series + " ");
    return at == text.npos ? -1 : std::stod(text.substr(at + series.size() + 2));
  }

  std::string policy_text_;
  Policy policy_;
  milliseconds recosign_ = std::chrono::hours(1);
  milliseconds timeout_{10000};
  std::vector<std::unique_ptr<ScriptedWitness>> witnesses_;
};

TEST_F(WitnessTest, HeadsAreCosignedAndVersionsAreProvenUnderThem) {
  ScriptedWitness& witness = AddWitness();
  StartWith("quorum w0\n");
  EXPECT_EQ(Judged(NewestCosigned()).checkpoint.size, kGenesis);
  ASSERT_OK(Append(std::string(16, 's'), Records(0, 100)));
  const Version indexed = Indexed(101);
  const v1::Head newest = NewestCosigned();
  EXPECT_GE(Judged(newest).checkpoint.size, indexed.checkpoint.size);

  const v1::Head head = *Ask(true);
  const absl::StatusOr<VersionProof> proof = VersionFromProto(head);
  ASSERT_OK(proof);
  const absl::StatusOr<Version> version =
      VerifyVersion(*proof, {.log_key = Key(), .policy = PolicyWithLog()}, {});
  ASSERT_OK(version);
  EXPECT_TRUE(version->cosigned_at_s.has_value());
  EXPECT_EQ(version->index.m, indexed.index.m);
  EXPECT_EQ(Lookup(*version, Record(7))->verdict, SetVerdict::kPresent);
  // Each request went on from the one before.
  uint64_t size = 0;
  for (const AddCheckpoint& request : witness.requests()) {
    EXPECT_EQ(request.old_size, size);
    size = ParseCheckpoint(ParseNote(request.note)->text)->size;
  }
  EXPECT_EQ(witness.size(), Judged(newest).checkpoint.size);
  EXPECT_TRUE(Eventually([&] { return Metric("setlog_quorum_lag_entries_max") == 0; }));
  EXPECT_GT(Metric("setlog_witness_success_timestamp_seconds{witness=\"w0\"}"), 1.6e9);
}

TEST_F(WitnessTest, ACosignedHeadBehindTheNewestIsProvenToBeItsPast) {
  ScriptedWitness& witness = AddWitness();
  StartWith("quorum w0\n");
  NewestCosigned();
  witness.Do([](const AddCheckpoint&) { return Reply{.status = 500}; });
  ASSERT_OK(Append(std::string(16, 's'), Records(0, 1000)));
  const Version newest = Indexed(1001);
  const Checkpoint old = Judged(*Ask(true)).checkpoint;
  EXPECT_EQ(old.size, kGenesis);
  const v1::Head head = *Ask(true, 0, newest.checkpoint.size);
  EXPECT_OK(VerifyConsistency(old.size, newest.checkpoint.size, old.root,
                              newest.checkpoint.root,
                              *SplitHashes(head.consistency(), "consistency")));
  EXPECT_EQ(Verified(head).index.m, 1u);
  // Of what it does not hold, the newest head tells; and nobody else is told of it.
  EXPECT_EQ(Judged(*Ask(true, newest.index_position + 1)).checkpoint.size,
            newest.checkpoint.size);
  EXPECT_EQ(Judged(*Ask(true, kGenesis)).checkpoint.size, kGenesis);
  EXPECT_EQ(Judged(*Ask(false, kGenesis)).checkpoint.size, newest.checkpoint.size);
  EXPECT_EQ(Metric("setlog_log_quorum_lag_entries{origin=\"example.org/records\"}"),
            static_cast<double>(newest.checkpoint.size - kGenesis));
  EXPECT_EQ(Metric("setlog_healthy"),
            1);  // a dead witness is no illness of this server
}

TEST_F(WitnessTest, NoMisbehaviourOfOneWitnessKeepsTheOthersFromCosigning) {
  AddWitness();  // honest
  const SigningKey other = KeyOfByte("witness.test/other", 0x99);
  struct Case {
    ScriptedWitness::Script script;
    std::string kind;
  };
  const auto text = [](const AddCheckpoint& request) {
    return ParseNote(request.note)->text;
  };
  const std::vector<Case> cases = {
      {[](auto&) { return Reply{.status = 500}; }, "server_error"},
      {[](auto&) { return Reply{.status = 429, .headers = "Retry-After: 100000\r\n"}; },
       "busy"},
      {[](auto&) { return Reply{.way = Reply::Way::kHang}; }, "timeout"},
      {[](auto&) { return Reply{.body = std::string(1000, '\xff')}; }, "malformed"},
      {[&](const AddCheckpoint& request) {
         return Reply{.body = ScriptedWitness::LineBy(
                          KeyOfByte("witness.test/w5", 0x35), text(request) + "x\n")};
       },
       "wrong_signature"},
      {[&](const AddCheckpoint& request) {
         return Reply{.body = ScriptedWitness::LineBy(other, text(request))};
       },
       "no_cosignature"},
      {[](auto&) { return Reply{.way = Reply::Way::kEndless}; }, "malformed"},
      {[](auto&) {
         return Reply{.status = 409,
                      .body = "1000000\n",
                      .headers = "Content-Type: text/x.tlog.size\r\n"};
       },
       "ahead"},
      {[](auto&) { return Reply{.status = 409}; }, "conflict"},
      {[](auto&) {
         return Reply{.body = std::string(1000, 'x'), .way = Reply::Way::kDrip};
       },
       "timeout"},
      {[](auto&) { return Reply{.way = Reply::Way::kReset}; }, "unreachable"},
      {[](auto&) {
         return Reply{.status = 302, .headers = "Location: http://127.0.0.1:1/\r\n"};
       },
       "refused"},
  };
  for (const Case& c : cases) AddWitness().Do(c.script);
  timeout_ = milliseconds(1000);
  StartWith("quorum w0\n");
  for (uint64_t i = 0; i < 3; ++i) {
    ASSERT_OK(Append(std::string(16, static_cast<char>('a' + i)),
                     Records(100 * i, 100 * (i + 1))));
    EXPECT_GE(Judged(NewestCosigned()).checkpoint.size, kGenesis + 100 * (i + 1));
  }
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string series =
        absl::StrFormat("setlog_witness_failures_total{witness=\"w%d\",kind=\"%s\"}",
                        i + 1, cases[i].kind);
    EXPECT_TRUE(Eventually([&] { return Metric(series) >= 1; })) << series;
  }
  const std::string note = Ask(true)->checkpoint();
  EXPECT_EQ(ParseNote(note)->signatures.size(), 2u);  // the log and the honest one
  // They come to their senses.
  for (size_t i = 1; i < witnesses_.size(); ++i) witnesses_[i]->Do(nullptr);
  EXPECT_TRUE(Eventually([&] {
    return ParseNote(Ask(false)->checkpoint())->signatures.size() >=
           cases.size() / 2;  // the others are still being left alone
  }));
}

TEST_F(WitnessTest, OverHttpAGrowingLogsCheckpointIsAlwaysACosignedOne) {
  AddWitness();
  AddWitness();
  StartWith("group both all w0 w1\nquorum both\n");
  ASSERT_TRUE(Eventually([&] { return Shown().quorum_met; }));
  uint64_t size = 0, newer = 0, grown = 0;
  for (uint64_t i = 0; i < 150 || grown < 2; ++i) {
    ASSERT_LT(i, 3000u);
    ASSERT_OK(Append(absl::StrFormat("%016d", i), Records(20 * i, 20 * (i + 1))));
    const PolicyResult shown = Shown();
    ASSERT_TRUE(shown.quorum_met) << i;
    ASSERT_EQ(shown.cosigners.size(), 2u);
    ASSERT_GE(shown.checkpoint.size, size);
    grown += shown.checkpoint.size > size;
    size = shown.checkpoint.size;
    newer += Shown("checkpoint/newest").checkpoint.size > size;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_GE(newer, 1u);
}

TEST_F(WitnessTest, WithDeadWitnessesHttpShowsTheLastCosignedHeadAndTheNewestBeside) {
  ScriptedWitness& witness = AddWitness();
  witness.Do([](auto&) { return Reply{.status = 503}; });
  StartWith("quorum w0\n");
  // Before the first quorum there is nothing better than the newest head.
  ASSERT_OK(Append(std::string(16, 'r'), Records(0, 10)));
  Indexed(11);
  EXPECT_GT(Shown().checkpoint.size, kGenesis);
  witness.Do(nullptr);
  ASSERT_TRUE(Eventually([&] { return Shown().quorum_met; }));
  const std::string note = Ask(true)->checkpoint();
  EXPECT_EQ(Get("/" + std::string(kOrigin) + "/checkpoint"), note);

  witness.Do([](auto&) { return Reply{.status = 503}; });
  ASSERT_OK(Append(std::string(16, 's'), Records(10, 1000)));
  const Version newest = Indexed(1001);
  EXPECT_EQ(Get("/" + std::string(kOrigin) + "/checkpoint"), note);
  EXPECT_EQ(Shown("checkpoint/newest").checkpoint.size, newest.checkpoint.size);
  StopServer();
  StartServer();
  EXPECT_EQ(Get("/" + std::string(kOrigin) + "/checkpoint"), note);
  EXPECT_EQ(Shown("checkpoint/newest").checkpoint.size, newest.checkpoint.size);
}

TEST_F(WitnessTest, AHungWitnessTouchesNoAppend) {
  ScriptedWitness& witness = AddWitness();
  witness.Do([](auto&) { return Reply{.way = Reply::Way::kHang}; });
  StartWith("quorum w0\n");
  ASSERT_TRUE(Eventually([&] { return witness.requests().size() == 1; }));
  const auto begin = steady_clock::now();
  for (uint64_t i = 0; i < 50; ++i) {
    ASSERT_OK(
        Append(std::string(15, 's') + static_cast<char>('0' + i), Records(i, i + 1)));
  }
  // All of them while the one request was open: none can have waited for it.
  EXPECT_LT(steady_clock::now() - begin, timeout_);
  EXPECT_EQ(witness.requests().size(), 1u);
}

TEST_F(WitnessTest, ARestartKeepsTheCosignedHead) {
  AddWitness();
  StartWith("quorum w0\n");
  ASSERT_OK(Append(std::string(16, 's'), Records(0, 10)));
  Indexed(11);
  NewestCosigned();
  const std::string note = Ask(true)->checkpoint();
  StopServer();
  witnesses_[0]->Do([](auto&) { return Reply{.status = 503}; });
  const size_t asked = witnesses_[0]->requests().size();
  StartServer();
  ASSERT_TRUE(Eventually([&] { return Ask(true)->checkpoint() == note; }));
  EXPECT_EQ(Ask(false)->checkpoint(), note);
  EXPECT_EQ(witnesses_[0]->requests().size(), asked);  // its hour is not over
}

TEST_F(WitnessTest, ACosignedHeadOfAnotherPolicyIsNotShownAsOneOfThis) {
  AddWitness();
  StartWith("quorum w0\n");
  NewestCosigned();
  StopServer();
  policy_text_.clear();
  AddWitness().Do([](auto&) { return Reply{.status = 503}; });
  policy_text_ += "quorum w1\n";
  StartServer();
  ASSERT_TRUE(Eventually([&] { return !witnesses_[1]->requests().empty(); }));
  EXPECT_EQ(ParseNote(Ask(true)->checkpoint())->signatures.size(), 1u);
}

TEST_F(WitnessTest, AWitnessThatForgotItsStateIsMetAtItsSize) {
  ScriptedWitness& witness = AddWitness();
  StartWith("quorum w0\n");
  NewestCosigned();
  witness.Forget();
  ASSERT_OK(Append(std::string(16, 's'), Records(0, 300)));
  Indexed(301);
  NewestCosigned();
  std::vector<uint64_t> old_sizes;
  for (const AddCheckpoint& request : witness.requests()) {
    old_sizes.push_back(request.old_size);
  }
  ASSERT_GE(old_sizes.size(), 3u);
  EXPECT_EQ(std::vector<uint64_t>(old_sizes.begin(), old_sizes.begin() + 3),
            (std::vector<uint64_t>{0, kGenesis, 0}));
  EXPECT_EQ(Metric("setlog_witness_failures_total{witness=\"w0\",kind=\"conflict\"}"),
            0);
}

TEST_F(WitnessTest, GroupsAndTheirThresholdsDecide) {
  for (int i = 0; i < 4; ++i) AddWitness();
  witnesses_[1]->Do([](auto&) { return Reply{.status = 500}; });
  StartWith(
      "group near any w0 w1\ngroup far 2 w2 w3\ngroup both all near far\n"
      "quorum both\n");
  NewestCosigned();
  witnesses_[3]->Do([](auto&) { return Reply{.status = 500}; });
  const uint64_t met = Judged(*Ask(true)).checkpoint.size;
  ASSERT_OK(Append(std::string(16, 's'), Records(0, 10)));
  Indexed(11);
  ASSERT_TRUE(Eventually([&] { return witnesses_[2]->size() > met; }));
  EXPECT_EQ(Judged(*Ask(true)).checkpoint.size, met);  // one of two is not enough
  EXPECT_FALSE(Judged(*Ask(false)).quorum_met);
}

TEST_F(WitnessTest, HeadsAreCosignedAnewWithoutGrowth) {
  AddWitness();
  recosign_ = milliseconds(1000);
  StartWith("quorum w0\n");
  const uint64_t first = *Judged(NewestCosigned()).quorum_time_s;
  EXPECT_TRUE(
      Eventually([&] { return *Judged(*Ask(true)).quorum_time_s >= first + 2; }));
  EXPECT_EQ(ParseNote(Ask(true)->checkpoint())->signatures.size(), 2u);
}

TEST_F(WitnessTest, APrivateLogIsNamedToNobodyUnlessThePolicyNamesIt) {
  ScriptedWitness& witness = AddWitness();
  StartWith("quorum w0\n");
  Manifest manifest;
  manifest.origin = "example.org/secret";
  manifest.scheme = "bytes/1";
  manifest.private_reads = true;
  ASSERT_TRUE(Create(*FormatManifest(manifest)).ok());
  ASSERT_OK(Append(std::string(16, 's'), Records(0, 10)));
  Indexed(11);
  NewestCosigned();
  std::this_thread::sleep_for(milliseconds(1500));
  for (const AddCheckpoint& request : witness.requests()) {
    EXPECT_EQ(request.note.find("secret"), std::string::npos);
  }
}

TEST_F(WitnessTest, AThousandHeadsLeaveOneRowAWitnessAndNoMemory) {
  for (int i = 0; i < 3; ++i) AddWitness();
  witnesses_[2]->Do([](auto&) { return Reply{.status = 503}; });
  StartWith("group two 2 w0 w1 w2\nquorum two\n");
  const auto anonymous_kib = [] {
    std::ifstream status("/proc/self/status");
    std::string word;
    uint64_t kib = 0;
    while (status >> word && word != "RssAnon:") continue;
    status >> kib;
    return kib;
  };
  uint64_t before_kib = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    ASSERT_OK(Append(absl::StrFormat("%016d", i), Records(i, i + 1)));
    if (i == 199) before_kib = anonymous_kib();
  }
  // The store's write buffer grows by 5.5 MiB, without witnesses too.
  if (!kSanitized) {
    EXPECT_LT(anonymous_kib(), before_kib + 16 * 1024);
  }
  EXPECT_GE(Indexed(1001).checkpoint.size, 1000 + kGenesis);
  NewestCosigned();
  StopServer();
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenRocksStore({.path = dir_ + "/data/store"});
  ASSERT_OK(store);
  std::vector<std::string> rows;
  EXPECT_OK((*store)->Scan((*store)->Logs()->at(0).log, Table::kWitness, "", "",
                           [&](std::string_view key, std::string_view) {
                             rows.emplace_back(key);
                             return true;
                           }));
  EXPECT_EQ(rows.size(),
            3u);  // the quorum's note, and the hints of those that cosigned
}

TEST_F(WitnessTest, AServerWhosePolicyCannotWorkDoesNotStart) {
  const auto start = [&](const std::string& policy) {
    const Policy parsed = ParsePolicy(policy).value();
    ServerOptions options;
    options.data_dir = dir_ + "/data";
    options.listen = options.http = "127.0.0.1:0";
    options.memory_bytes = kMinMemoryBytes;
    options.policy = &parsed;
    return Server::Start(options).status();
  };
  const std::string vkey = kWitnessVkey;
  EXPECT_STATUS(start("witness w " + vkey + " ftp://w.test\nquorum w\n"),
                absl::StatusCode::kInvalidArgument, "witness w: ftp://w.test");
  EXPECT_STATUS(start("witness w " + vkey + " https://w.test/?a=b\nquorum w\n"),
                absl::StatusCode::kInvalidArgument, "is no URL of a server");
  EXPECT_STATUS(start("witness w " + vkey + "\nquorum w\n"),
                absl::StatusCode::kInvalidArgument, "no URL to ask w");
}

}  // namespace
}  // namespace setlog
