// What HTTP's paths show, without a socket.
#include "server/log_pages.h"

#include <array>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <thread>

#include "client/proof_file.h"
#include "log/checkpoint.h"
#include "log/manifest.h"
#include "log/vrf.h"
#include "rfc6962_model.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr char kOrigin[] = "example.org/a";
constexpr char kPrivate[] = "example.org/private";
constexpr char kAdminToken[] =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
constexpr char kTileCache[] = "public, max-age=31536000, immutable";
constexpr char kHeadCache[] = "public, max-age=2";

Hash Record(uint64_t i) { return Sha256(AsBytes("record-" + std::to_string(i))); }

class LogPagesTest : public ::testing::Test {
 protected:
  LogPagesTest()
      : store_(NewMemoryStore()),
        reader_(store_.get(), 1 << 20),
        logs_(directory_.path(), store_.get(), &reader_, 1 << 10),
        tokens_(*Tokens::Open(directory_.path(), [] { return int64_t{1}; })),
        access_(kAdminToken, tokens_.get()),
        answers_(store_.get(), &reader_, &logs_),
        pages_(&access_, &logs_, &answers_, &reader_) {
    EXPECT_OK(logs_.Open());
    sequencer_ =
        std::make_unique<Sequencer>(store_.get(), &reader_, Sequencer::Options());
    indexer_ =
        std::make_unique<Indexer>(sequencer_.get(), &reader_, Indexer::Options());
    logs_.Start(sequencer_.get(), indexer_.get());
    log_ = Create(kOrigin);
  }
  ~LogPagesTest() override {
    indexer_.reset();
    sequencer_.reset();
  }

  HostedLog* Create(const std::string& origin, bool private_reads = false) {
    Manifest manifest{.origin = origin, .scheme = "bytes/1"};
    manifest.private_reads = private_reads;
    return Create(manifest);
  }
  HostedLog* Create(const Manifest& manifest) {
    std::promise<absl::StatusOr<HostedLog*>> made;
    logs_.Create(*FormatManifest(manifest), [&](absl::StatusOr<HostedLog*> log) {
      made.set_value(std::move(log));
    });
    return made.get_future().get().value();
  }
  void Sequence(AppendStep step) {
    std::promise<absl::Status> done;
    sequencer_->Append(&log_->state, std::move(step),
                       [&](absl::StatusOr<Sequenced> sequenced) {
                         done.set_value(sequenced.status());
                       });
    ASSERT_OK(done.get_future().get());
  }
  // Appends, and waits until the set holds them all.
  void Change(EntryType type, uint64_t begin, uint64_t end) {
    std::string hashes;
    for (uint64_t i = begin; i < end; ++i) hashes.append(AsText(Record(i)));
    Sequence(AppendValues{.type = type, .hashes = hashes});
    while (log_->state.head().index.entry.m < log_->state.head().changes_end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  uint64_t size() const { return log_->state.figures().size; }

  HttpReply Get(const std::string& page, const std::string& query = "",
                const char* token = nullptr, const char* origin = kOrigin) {
    HttpRequest request{.path = "/" + std::string(origin) + "/" + page, .query = query};
    if (token != nullptr) request.authorization = token;
    HttpAnswer answer = pages_.Answer(request);
    if (auto* late = std::get_if<LateReply>(&answer)) return (*late)();
    return std::get<HttpReply>(std::move(answer));
  }
  std::string LookupPage(uint64_t record) { return "lookup/" + ToHex(Record(record)); }
  // The verdict of a lookup's proof file, which must be one as `setlog in` writes it.
  absl::StatusOr<SetVerdict> Verdict(const HttpReply& reply, uint64_t record,
                                     const Demands& demands = {}) {
    EXPECT_EQ(reply.status, 200u) << reply.body;
    EXPECT_EQ(reply.content_type, "application/json");
    EXPECT_EQ(reply.cache_control, kHeadCache);
    const absl::StatusOr<setlog::ProofFile> file = ParseProofFile(reply.body);
    if (!file.ok()) return file.status();
    EXPECT_EQ(FormatProofFile(*file), reply.body);
    EXPECT_EQ(file->answer.record, Record(record));
    const Trust trust{.log_key = log_->state.key().Verifier(SignatureType::kEd25519)};
    const absl::StatusOr<Version> version =
        VerifyVersion(file->version, trust, demands);
    if (!version.ok()) return version.status();
    const absl::StatusOr<Answer> answer = VerifyAnswer(*version, file->answer);
    if (!answer.ok()) return answer.status();
    return answer->verdict;
  }

  TempDir directory_;
  std::unique_ptr<Store> store_;
  TreeReader reader_;
  LogDirectory logs_;
  std::unique_ptr<Tokens> tokens_;
  Access access_;
  Answers answers_;
  LogPages pages_;
  std::unique_ptr<Sequencer> sequencer_;
  std::unique_ptr<Indexer> indexer_;
  HostedLog* log_ = nullptr;
};

// All entries, read by bundles and cut apart here.
std::vector<std::string> Cut(const std::string& bundle) {
  std::vector<std::string> entries;
  for (size_t at = 0; at + 2 <= bundle.size();) {
    const size_t length =
        static_cast<uint8_t>(bundle[at]) * 256 + static_cast<uint8_t>(bundle[at + 1]);
    entries.push_back(bundle.substr(at + 2, length));
    at += 2 + length;
  }
  return entries;
}

TEST_F(LogPagesTest, ShowsEveryWidthUpToTheHeadAndNothingBeyond) {
  Change(EntryType::kAdd, 0, 300);
  Change(EntryType::kAdd, 300, 700);
  std::vector<std::string> entries;
  for (uint64_t number = 0; number * 256 < size(); ++number) {
    const uint64_t width = std::min<uint64_t>(256, size() - number * 256);
    const HttpReply reply = Get(FormatTilePath(
        {.entries = true, .tile = {0, number}, .width = uint32_t(width)}));
    ASSERT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.content_type, "application/octet-stream");
    EXPECT_EQ(reply.cache_control, kTileCache);
    for (std::string& entry : Cut(reply.body)) entries.push_back(std::move(entry));
  }
  ASSERT_EQ(entries.size(), size());
  Rfc6962Model tree([&](uint64_t i) {
    const uint8_t prefix[] = {0};
    return Sha256({prefix, AsBytes(entries[i])});
  });
  // The root that is signed is theirs.
  const HttpReply note = Get("checkpoint");
  EXPECT_EQ(note.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(note.cache_control, kHeadCache);
  EXPECT_TRUE(note.shared);
  EXPECT_EQ(note.body, log_->state.head().note);
  const absl::StatusOr<Checkpoint> head =
      OpenCheckpoint(note.body, log_->state.key().Verifier(SignatureType::kEd25519));
  ASSERT_OK(head);
  ASSERT_EQ(head->size, entries.size());
  ASSERT_EQ(head->root, tree.Mth(0, entries.size()));

  uint64_t shown = 0;
  for (uint64_t level = 0; level < 3; ++level) {
    const uint64_t span = uint64_t{1} << (8 * level);  // leaves below one hash
    for (uint64_t number = 0; number < 4; ++number) {
      for (uint32_t width = 1; width <= 256; ++width) {
        const TilePath path{.tile = {uint8_t(level), number}, .width = width};
        const HttpReply reply = Get(FormatTilePath(path));
        const bool covered = (number * 256 + width) * span <= size();
        ASSERT_EQ(reply.status, covered ? 200u : 404u) << FormatTilePath(path);
        ASSERT_TRUE(reply.shared);
        if (!covered) {
          ASSERT_EQ(reply.cache_control, "no-store");
          continue;
        }
        ++shown;
        std::string hashes;
        for (uint64_t i = 0; i < width; ++i) {
          hashes.append(AsText(tree.Mth((number * 256 + i) * span, span)));
        }
        ASSERT_EQ(reply.body, hashes) << FormatTilePath(path);
        ASSERT_EQ(reply.cache_control, kTileCache);
        ASSERT_FALSE(reply.compressible);
      }
    }
  }
  EXPECT_EQ(shown, size() + size() / 256);
  for (const char* page : {"tile/8/000", "tile/63/000.p/1", "tile/7/000.p/1",
                           "tile/0/x018/x446/x744/x073/x709/x551/615"}) {
    EXPECT_EQ(Get(page).status, 404u) << page;
  }
}

TEST_F(LogPagesTest, APartialBundleIsThePrefixOfTheFullOne) {
  Change(EntryType::kAdd, 0, 300);
  const std::string full = Get("tile/entries/000").body;
  std::string prefix;
  for (uint32_t width = 1; width < 256; ++width) {
    const HttpReply reply = Get("tile/entries/000.p/" + std::to_string(width));
    ASSERT_EQ(reply.status, 200u);
    ASSERT_EQ(Cut(reply.body).size(), width);
    ASSERT_TRUE(full.starts_with(reply.body));
    ASSERT_GT(reply.body.size(), prefix.size());
    prefix = reply.body;
  }
}

TEST_F(LogPagesTest, OnlyBundlesOfOtherThanRecordsAreWorthGzip) {
  EXPECT_TRUE(Get("tile/entries/000.p/2").compressible);  // manifest, index
  Change(EntryType::kAdd, 0, 600);
  EXPECT_FALSE(Get("tile/entries/001").compressible);
  EXPECT_TRUE(Get(LookupPage(0)).compressible);
}

TEST_F(LogPagesTest, LookupsAreTheProofFilesOfTheirVersion) {
  Change(EntryType::kAdd, 0, 10);
  const IndexEntry first = log_->state.head().index.entry;
  Sequence(TagEntry{.m = first.m, .name = "v1/a+b"});
  const uint64_t first_size = size();
  Change(EntryType::kRemove, 3, 4);
  EXPECT_EQ(*Verdict(Get(LookupPage(3)), 3), SetVerdict::kRemoved);
  EXPECT_EQ(*Verdict(Get(LookupPage(4)), 4), SetVerdict::kPresent);
  EXPECT_EQ(*Verdict(Get(LookupPage(11)), 11), SetVerdict::kAbsent);
  const Demands tagged{.tag = "v1/a+b"};
  for (const char* query : {"at=v1/a+b", "at=v1%2fa%2Bb", "at=%761/a+b"}) {
    EXPECT_EQ(*Verdict(Get(LookupPage(3), query), 3, tagged), SetVerdict::kPresent);
  }
  const std::string at_size = "at=" + std::to_string(first_size);
  EXPECT_EQ(*Verdict(Get(LookupPage(3), at_size), 3, {.m = first.m}),
            SetVerdict::kPresent);
  EXPECT_EQ(Get(LookupPage(3)).route, std::string("lookup"));
}

TEST_F(LogPagesTest, AQuestionThatIsNoneHasNoAnswer) {
  Change(EntryType::kAdd, 0, 10);
  const std::map<std::string, unsigned> queries = {
      {"at=", 400},         {"at", 400},         {"at=%", 400},
      {"at=%4", 400},       {"at=%zz", 400},     {"at=v 1", 400},
      {"at=v1&at=v1", 400}, {"tag=v1", 400},     {"at=01", 400},
      {"at=v1&", 400},      {"&at=v1", 400},     {"at=99999999999999999999", 400},
      {"at=v%00", 400},     {"at=v1", 404},      {"at=1000", 404},
      {"at=0", 404},        {"at=v%C3%A9", 400}, {"AT=v1", 400},
      {"at=v1#x", 400},     {"at=-1.v", 404},
  };
  for (const auto& [query, status] : queries) {
    const HttpReply reply = Get(LookupPage(0), query);
    EXPECT_EQ(reply.status, status) << query << ": " << reply.body;
    EXPECT_TRUE(reply.body.ends_with('\n'));
    EXPECT_EQ(reply.cache_control, "no-store");
  }
  for (const char* page : {"lookup/", "lookup/00", "tile/0/0", "tile/0/000.p/0",
                           "tile/0/000.p/256", "tile/00/000", "tile/0/%30"}) {
    EXPECT_EQ(Get(page).status, 400u) << page;
  }
  EXPECT_EQ(Get("checkpoint", "", nullptr, "example.org/none").status, 404u);
  EXPECT_EQ(Get("checkpoint/").status, 404u);
}

TEST_F(LogPagesTest, PrivateLogsAreThereForTheirReadersOnly) {
  Create(kPrivate, true);
  const auto token = [&](const char* origins, Verb verb) {
    return "Bearer " + tokens_->Create(origins, {verb}, 1'000'000)->text;
  };
  const std::string reads = token(kPrivate, Verb::kRead);
  const std::string adds = token(kPrivate, Verb::kAdd);
  const std::string elsewhere = token("example.com/*", Verb::kRead);
  const std::string admin = std::string("Bearer ") + kAdminToken;
  for (const std::string& page :
       {std::string("checkpoint"), std::string("tile/0/000.p/1"),
        std::string("tile/entries/000.p/1"), LookupPage(0)}) {
    const auto get = [&](const char* authorization, const char* origin = kPrivate) {
      return Get(page, "", authorization, origin);
    };
    for (const std::string& good : {reads, admin}) {
      const HttpReply reply = get(good.c_str());
      EXPECT_EQ(reply.status, 200u) << page << reply.body;
      EXPECT_TRUE(reply.cache_control.starts_with("private, ")) << page;
      EXPECT_EQ(reply.vary, "Authorization");
    }
    // As of a log that does not exist.
    for (const char* none : {static_cast<const char*>(nullptr), elsewhere.c_str()}) {
      const HttpReply reply = get(none);
      EXPECT_EQ(reply.status, 404u) << page;
      HttpReply other = get(none, "example.org/privatf");
      EXPECT_EQ(other.status, 404u);
      other.body.replace(other.body.find("privatf"), 7, "private");
      EXPECT_EQ(reply.body, other.body);
    }
    EXPECT_EQ(get(adds.c_str()).status, 403u);
    EXPECT_EQ(get("Bearer nonsense").status, 401u);
    EXPECT_EQ(get("Basic dTpw").status, 401u);
    EXPECT_EQ(get("Bearer nonsense", "example.org/none").status, 401u);
    // A bad token is nobody's business where everybody may read.
    if (!page.starts_with("lookup")) {
      EXPECT_EQ(get("Bearer nonsense", kOrigin).status, 200u);
    }
  }
}

TEST_F(LogPagesTest, APrivateLogHasNoProofFilesToGiveWithoutItsKey) {
  Manifest manifest{.origin = "example.org/labels", .scheme = "bytes/1"};
  manifest.labels =
      VrfLabels{std::string(kVrfSuite), VrfSecretKey::Generate()->PublicKey().bytes()};
  Create(manifest);
  const HttpReply lookup = Get(LookupPage(0), "", nullptr, "example.org/labels");
  EXPECT_EQ(lookup.status, 404u);
  EXPECT_THAT(lookup.body, ::testing::HasSubstr("labels is a private log"));
  EXPECT_EQ(Get("checkpoint", "", nullptr, "example.org/labels").status, 200u);
}

}  // namespace
}  // namespace setlog
