#include "client/pad_numbers.h"

#include <map>

#include "absl/strings/str_format.h"
#include "log_client_fixture.h"
#include "private_log.h"

namespace setlog {
namespace {

using absl::StatusCode;

// Keeps labels and proofs, which these tests ask for again and again.
class Remembering final : public VrfSource {
 public:
  explicit Remembering(const VrfSecretKey* key) : key_(key), vrf_(key) {}

  absl::StatusOr<std::vector<VrfProof>> Prove(
      std::span<const Hash> records) const override {
    return vrf_.Prove(records);
  }
  absl::StatusOr<std::vector<Hash>> Label(std::span<const Hash> records,
                                          PadRange pads) const override {
    ++labels;
    EXPECT_TRUE(records.empty());
    std::vector<Hash> made;
    for (uint64_t i = 0; i < pads.count; ++i) {
      made.push_back(LabelOf(pads.first + i));
    }
    return made;
  }
  absl::StatusOr<std::vector<VrfProof>> ProvePads(
      std::span<const uint64_t> pads) const override {
    EXPECT_LE(pads.size(), 4096u);
    return vrf_.ProvePads(pads);
  }
  Hash LabelOf(uint64_t pad) const {
    const auto [known, is_new] = known_.try_emplace(pad);
    if (is_new) known->second = PadLabel(*key_, pad);
    return known->second;
  }

  mutable int labels = 0;

 private:
  const VrfSecretKey* key_;
  const KeyVrf vrf_;
  mutable std::map<uint64_t, Hash> known_;
};

class PadNumbersTest : public testing::Test {
 protected:
  PadNumbersTest() : state_(StateDirectory::Open(dir_.path()).value()) {
    v1::CreateLogRequest request;
    request.set_manifest(PrivateManifest(kOrigin, key_));
    EXPECT_OK(
        connection_.Call(connection_.writer(), &v1::Writer::Stub::CreateLog, request));
  }

  FakeLog& log() { return server_.log(); }
  LogClient Client() {
    return LogClient(&connection_, &state_, {.origin = kOrigin, .key = log().key()});
  }
  void AddPads(uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) log().Add(source_.LabelOf(first + i));
  }
  Version Newest() {
    log().Index();
    return Client().Head().value().version;
  }
  uint64_t Next(uint64_t first) {
    const auto next = NextFreePad(connection_, Newest(), source_, first);
    EXPECT_OK(next);
    return next.value_or(UINT64_MAX);
  }

  const VrfSecretKey key_ = VrfKeyOf("1");
  const Remembering source_{&key_};
  TempDir dir_;
  StateDirectory state_;
  FakeServer server_;
  Connection connection_{server_.Channel(), "", std::chrono::milliseconds(0)};
};

TEST_F(PadNumbersTest, TheNextFreeNumberIsAboveAllPadsWhateverTheGaps) {
  EXPECT_EQ(Next(0), 0u);
  EXPECT_EQ(Next(17), 17u) << "what this machine knows of counts, seen or not";
  AddPads(0, 3);
  EXPECT_EQ(Next(0), 3u);
  AddPads(40, 2);  // an interrupted session left [3, 40) out
  EXPECT_EQ(Next(0), 42u);
  AddPads(42, 500);
  EXPECT_EQ(Next(0), 542u);
  // Far away, but long enough for it: a 16th.
  AddPads(10'542, 700);
  EXPECT_EQ(Next(0), 11'242u);
}

TEST_F(PadNumbersTest, ASessionThatWasSentInPartIsPassedToo) {
  // Sorted by label, a part of a session holds some of its pads, anywhere.
  for (uint64_t i = 0; i < 800; ++i) {
    if (source_.LabelOf(i).bytes[0] < 128) log().Add(source_.LabelOf(i));
  }
  const uint64_t next = Next(0);
  for (uint64_t i = next; i < 800; ++i) {
    EXPECT_GE(source_.LabelOf(i).bytes[0], 128) << i;
  }
  EXPECT_LE(next, 800u);
}

TEST_F(PadNumbersTest, ALieAboutTheSetIsNoAnswer) {
  AddPads(0, 3);
  const Version version = Newest();
  server_.on_batch = [](v1::BatchLookupResponse& response) {
    response.mutable_proof()->back() ^= 1;
  };
  EXPECT_STATUS(NextFreePad(connection_, version, source_, 0), StatusCode::kDataLoss,
                kOrigin);
  EXPECT_STATUS(FindPads(connection_, version, source_, 9, 9, nullptr),
                StatusCode::kDataLoss, kOrigin);
}

TEST_F(PadNumbersTest, AnotherKeysProofsAreRefusedAndAPlainLogHasNoPads) {
  Version version = Newest();
  const VrfSecretKey other = VrfKeyOf("2");
  EXPECT_STATUS(NextFreePad(connection_, version, KeyVrf(&other), 0),
                StatusCode::kDataLoss, "");
  version.manifest.labels.reset();
  EXPECT_STATUS(NextFreePad(connection_, version, source_, 0),
                StatusCode::kInvalidArgument, "plain");
}

TEST_F(PadNumbersTest, AllPadsBelowAnEndAreFoundRisingAndNoMoreThanAsked) {
  AddPads(2, 3);
  AddPads(4'090, 12);
  log().Add(HashN(1));
  const Version version = Newest();
  std::vector<uint64_t> expected = {2, 3, 4};
  for (uint64_t i = 0; i < 12; ++i) expected.push_back(4'090 + i);
  EXPECT_EQ(FindPads(connection_, version, source_, 5'000, 99, nullptr).value(),
            expected);
  expected.resize(5);
  EXPECT_EQ(FindPads(connection_, version, source_, 5'000, 5, nullptr).value(),
            expected);
  EXPECT_EQ(FindPads(connection_, version, source_, 4, 99, nullptr).value(),
            (std::vector<uint64_t>{2, 3}));
}

// Index entries and tags at the end need no index: there is nothing to wait for.
TEST_F(PadNumbersTest, AHeadCoversEveryChangeAndOnlyChangesAreWaitedFor) {
  AddPads(0, 3);
  log().Index();
  for (int i = 0; i < 300; ++i) log().Tag(absl::StrFormat("v%d", i));
  LogClient client = Client();
  absl::StatusOr<VerifiedHead> head = CoveredHead(client, connection_, nullptr);
  ASSERT_OK(head);
  EXPECT_EQ(head->version.index.n, 3u);
  EXPECT_EQ(head->version.checkpoint.size, log().size());

  log().Remove(source_.LabelOf(1));
  log().Tag("after");
  std::thread indexer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    server_.Change([](FakeLog& log) { log.Index(); });
  });
  head = CoveredHead(client, connection_, nullptr);
  indexer.join();
  ASSERT_OK(head);
  EXPECT_EQ(head->version.index.n, 2u);
}

}  // namespace
}  // namespace setlog
