// A light witness over sockets: every status, and what it must never do.
#include "witness/witness.h"

#include <dirent.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "client/atomic_file.h"
#include "client/evidence_file.h"
#include "log/base64.h"
#include "log/tree.h"
#include "witness/cosigned_heads.h"
#include "witness_fixture.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

std::string Hex(const std::string& origin) { return ToHex(Sha256(AsBytes(origin))); }

TEST_F(WitnessTest, CosignsWhatContinuesAndShowsIt) {
  for (int i = 0; i < 20; ++i) log().Add(HashN(i));
  Start();
  EXPECT_EQ(Get("/" + Hex(kOrigin) + "/checkpoint").status, 404);
  uint64_t last = 0;
  for (const uint64_t size : {1u, 2u, 2u, 3u, 8u, 20u, 21u}) {
    ExpectCosigned(Post(Request(last, size)), log(), size);
    const HttpAnswered shown = Get("/" + Hex(kOrigin) + "/checkpoint");
    ASSERT_EQ(shown.status, 200);
    const Note note = ParseNote(shown.body).value();
    EXPECT_OK(VerifyNote(note, log().key()));
    const auto time_s = VerifyCosignature(note, Vkey());
    ASSERT_OK(time_s);
    EXPECT_NEAR(static_cast<double>(*time_s), static_cast<double>(std::time(nullptr)),
                60);
    EXPECT_EQ(ParseCheckpoint(note.text)->size, size);
    last = size;
  }
  EXPECT_EQ(OriginFigure("setlog_cosigner_cosigned_size"), "21");
  EXPECT_EQ(Figure("setlog_cosigner_requests_total{status=\"200\"}"), "7");
}

TEST_F(WitnessTest, EachFaultHasItsStatus) {
  for (int i = 0; i < 10; ++i) log().Add(HashN(i));
  Start();
  ExpectCosigned(Post(Request(0, 5)), log(), 5);
  const auto expect = [&](const std::string& body, int status) {
    const HttpAnswered answer = Post(body);
    EXPECT_EQ(answer.status, status) << body << answer.body;
    EXPECT_TRUE(answer.body.ends_with('\n'));
    return answer;
  };
  expect("", 400);
  expect("rubbish", 400);
  expect(std::string("\0\n\n\n", 4), 400);
  expect("old 05\n" + Request(5, 8).substr(6), 400);
  expect(Request(9, 8), 400);  // old beyond the head
  FakeLog stranger(ManifestFor("example.org/unknown"));
  expect(Request(stranger, 0, 2), 404);
  FakeLog other_key(ManifestFor(kOrigin), "another key");
  expect(Request(other_key, 0, 2), 403);
  std::string wrong_signature = Request(5, 8);
  wrong_signature.replace(wrong_signature.find("\n8\n"), 3, "\n9\n");
  expect(wrong_signature, 403);
  for (const uint64_t old_size : {0u, 3u, 7u}) {
    const HttpAnswered conflict = expect(Request(old_size, 8), 409);
    EXPECT_EQ(conflict.body, "5\n");
    EXPECT_NE(conflict.headers.find("Content-Type: text/x.tlog.size\r\n"),
              std::string::npos);
  }
  // Not what it cosigned, proven or not.
  expect(*FormatAddCheckpoint({5, {}, log().NoteAt(8)}), 422);
  expect(*FormatAddCheckpoint({5, {HashN(1)}, log().NoteAt(5)}), 422);
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 10; ++i) fork.Add(HashN(100 + i));
  expect(Request(fork, 5, 8), 422);
  // None of it has moved it.
  ExpectCosigned(Post(Request(5, 8)), log(), 8);
  EXPECT_EQ(Figure("setlog_cosigner_requests_total{status=\"409\"}"), "3");
  EXPECT_EQ(Figure("setlog_cosigner_requests_total{status=\"404\"}"), "1");
}

TEST_F(WitnessTest, AnswersOnlyWhatIsAskedForInTheRightWay) {
  Start();
  EXPECT_EQ(Get("/healthz").body, "ok\n");
  EXPECT_NE(Get("/").body.find(FormatVkey(Vkey())), std::string::npos);
  EXPECT_EQ(Get("/add-checkpoint").status, 405);
  EXPECT_EQ(HttpPost(witness_->http_address(), "x", "/elsewhere").status, 405);
  EXPECT_EQ(Get("/" + Hex("example.org/b") + "/checkpoint").status, 404);
  for (const char* path : {"/checkpoint", "//checkpoint", "/../checkpoint", "/x"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
  // Too long, said or not.
  const std::string long_body(300'000, 'x');
  EXPECT_EQ(HttpPost(witness_->http_address(), long_body).status, 413);
  // Many lines of strangers fit, however long.
  std::string request = Request(0, 2);
  for (int i = 0; i < 16; ++i) {
    request += FormatSignatureLine(
        {"stranger.example/" + std::to_string(i), 7, std::string(2432, 'm')});
  }
  ExpectCosigned(Post(request), log(), 2);
  const std::string kept = Get("/" + Hex(kOrigin) + "/checkpoint").body;
  EXPECT_EQ(ParseNote(kept)->signatures.size(), 2u);
}

TEST_F(WitnessTest, ASlowBodyStopsNobodyElse) {
  Start();
  const std::string address = witness_->http_address();
  std::vector<int> slow;
  for (int i = 0; i < 40; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    const std::string half =
        "POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nold ";
    ASSERT_EQ(send(fd, half.data(), half.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(half.size()));
    slow.push_back(fd);
  }
  ExpectCosigned(Post(Request(0, 1)), log(), 1);
  for (const int fd : slow) close(fd);
  ExpectCosigned(Post(Request(1, 2)), log(), 2);
}

TEST_F(WitnessTest, OfManyAtOnceOneWins) {
  for (int i = 0; i < 30; ++i) log().Add(HashN(i));
  Start();
  uint64_t last = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::string> requests;
    for (uint64_t size = last + 1; size <= last + 6; ++size) {
      requests.push_back(Request(last, size));
    }
    std::vector<std::future<HttpAnswered>> answers;
    for (const std::string& request : requests) {
      answers.push_back(std::async(std::launch::async, [&] { return Post(request); }));
    }
    std::set<uint64_t> said;
    uint64_t won = 0;
    for (uint64_t i = 0; i < answers.size(); ++i) {
      const HttpAnswered answer = answers[i].get();
      if (answer.status == 200) {
        EXPECT_EQ(won, 0u);
        won = last + 1 + i;
        ExpectCosigned(answer, log(), won);
      } else {
        EXPECT_EQ(answer.status, 409);
        said.insert(std::stoull(answer.body));
      }
    }
    ASSERT_NE(won, 0u);
    EXPECT_EQ(said, std::set<uint64_t>{won});
    last = won;
  }
}

TEST_F(WitnessTest, RemembersAcrossRestartsAndNeverGoesBack) {
  for (int i = 0; i < 10; ++i) log().Add(HashN(i));
  Start();
  ExpectCosigned(Post(Request(0, 7)), log(), 7);
  Start();
  EXPECT_EQ(Post(Request(0, 9)).body, "7\n");
  EXPECT_EQ(Post(Request(5, 5)).body, "7\n");
  ExpectCosigned(Post(Request(7, 9)), log(), 9);
}

TEST_F(WitnessTest, TwoWitnessesCannotShareADirectory) {
  Start();
  EXPECT_STATUS(Witness::Start(Options(), Key()), absl::StatusCode::kFailedPrecondition,
                "another witness");
  witness_.reset();
  Start();
}

// Every byte of its memory stands under a signature: what was changed is never used,
// nor taken for a log that was never met.
TEST_F(WitnessTest, DamagedMemoryIsRefused) {
  Start();
  ExpectCosigned(Post(Request(0, 2)), log(), 2);
  witness_.reset();
  const std::string path = Options().directory + "/cosigned/" + Hex(kOrigin) + ".note";
  const std::string good = ReadSmallFile(path, 1 << 20).value();
  const auto expect_refused = [&](const std::string& bytes) {
    ASSERT_OK(ReplaceFile(path, bytes, 0600));
    EXPECT_STATUS(Witness::Start(Options(), Key()), absl::StatusCode::kDataLoss,
                  "restore the file");
  };
  for (size_t i = 0; i < good.size(); i += 7) {
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    expect_refused(bytes);
    expect_refused(good.substr(0, i));
  }
  expect_refused(log().NoteAt(2));  // without the cosignature
  expect_refused(good + FormatSignatureLine({"stranger", 1, "x"}));
  FakeLog other(ManifestFor("example.org/b"));
  expect_refused(other.NoteAt(2));
  ASSERT_OK(ReplaceFile(path, good, 0600));
  Start();
  ExpectCosigned(Post(Request(2, 2)), log(), 2);
  // A key that is gone from the list, or a new one of the witness, is no first contact.
  witness_.reset();
  WitnessOptions options = Options();
  options.logs = {{FakeLog(ManifestFor(kOrigin), "new").key(), ""}};
  EXPECT_STATUS(Witness::Start(options, Key()), absl::StatusCode::kDataLoss, "--logs");
  SigningKey other_key =
      MakeSigningKey("witness.example/w", Ed25519PrivateKey::FromSeed(HashN(1)).value())
          .value();
  EXPECT_STATUS(Witness::Start(Options(), std::move(other_key)),
                absl::StatusCode::kDataLoss, "");
}

TEST_F(WitnessTest, TwoRootsOfOneSizeConvictTheLogForEver) {
  for (int i = 0; i < 5; ++i) log().Add(HashN(i));
  Start();
  ExpectCosigned(Post(Request(0, 5)), log(), 5);
  FakeLog fork(ManifestFor(kOrigin));
  for (int i = 0; i < 9; ++i) fork.Add(HashN(100 + i));
  const HttpAnswered convicted = Post(Request(fork, 5, 5));
  EXPECT_EQ(convicted.status, 403);
  EXPECT_NE(convicted.body.find("prove misbehaviour"), std::string::npos);
  // Neither history, now and after a restart.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Post(Request(5, 7)).status, 403);
    EXPECT_EQ(Post(Request(fork, 5, 7)).status, 403);
    EXPECT_EQ(OriginFigure("setlog_cosigner_convicted"), "1");
    EXPECT_EQ(Get("/healthz").status, 200);
    Start();
  }
  std::vector<std::string> files;
  for (const auto& file :
       std::filesystem::directory_iterator(Options().directory + "/evidence")) {
    files.push_back(file.path().string());
  }
  ASSERT_EQ(files.size(), 1u);
  const auto evidence =
      ParseEvidenceFile(ReadSmallFile(files[0], kMaxEvidenceFileBytes).value());
  ASSERT_OK(evidence);
  const auto proven = VerifyEvidence(*evidence, {.log_key = log().key()});
  ASSERT_OK(proven);
  EXPECT_EQ(proven->kind, "two_roots");
}

// Other logs of the same witness go on.
TEST_F(WitnessTest, LogsDoNotKnowOfEachOther) {
  FakeLog second(ManifestFor("example.org/b"));
  WitnessOptions options = Options();
  options.logs.push_back({second.key(), ""});
  Start(options);
  ExpectCosigned(Post(Request(0, 2)), log(), 2);
  FakeLog fork(ManifestFor(kOrigin), "key");
  ExpectCosigned(Post(Request(second, 0, 1)), second, 1);
  EXPECT_EQ(Post(Request(second, 0, 2)).body, "1\n");
  // One log's note under the other's name is nobody's.
  std::string mixed = Request(0, 2);
  mixed.replace(mixed.find("example.org/a"), 13, "example.org/b");
  EXPECT_EQ(Post(mixed).status, 403);
}

TEST_F(WitnessTest, ADiskThatFailsEndsItAndNothingIsAnsweredThatIsNotStored) {
  Start();
  ExpectCosigned(Post(Request(0, 1)), log(), 1);
  const std::string directory = Options().directory + "/cosigned";
  std::filesystem::rename(directory, directory + ".away");
  EXPECT_EQ(Post(Request(1, 2)).status, 503);
  EXPECT_EQ(Get("/healthz").status, 503);
  std::filesystem::rename(directory + ".away", directory);
  EXPECT_EQ(Post(Request(1, 2)).status, 503);  // until somebody has looked
  Start();
  EXPECT_EQ(Get("/healthz").status, 200);
  ExpectCosigned(Post(Request(1, 2)), log(), 2);
}

}  // namespace
}  // namespace setlog
