#include "client/log_client.h"

#include <set>
#include <thread>

#include "client/atomic_file.h"
#include "client/proof_file.h"
#include "log/policy.h"
#include "log/proof.h"
#include "log_client_fixture.h"

namespace setlog {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

// --- Heads and keys

TEST_F(LogClientTest, HeadIsVerifiedAndRemembered) {
  const absl::StatusOr<VerifiedHead> head = Pinned().Head();
  ASSERT_OK(head);
  EXPECT_EQ(head->version.checkpoint.size, log().size());
  EXPECT_EQ(head->version.index.n, 48u);
  EXPECT_TRUE(head->pinned);
  EXPECT_FALSE(head->learnt);
  ASSERT_TRUE(Known().has_value());
  EXPECT_EQ(Known()->head->note, head->proof.checkpoint);
  EXPECT_EQ(Known()->highest_m, head->version.index.m);
  EXPECT_TRUE(Known()->pinned);
}

TEST_F(LogClientTest, AKeyOfFirstUseIsKnownLaterButNotPinnedUntilItIsNamed) {
  absl::StatusOr<VerifiedHead> head = Client({}).Head();
  EXPECT_STATUS(head, StatusCode::kDataLoss, "give --key or --policy");
  EXPECT_FALSE(Known().has_value());
  head = Client().Head();
  ASSERT_OK(head);
  EXPECT_TRUE(head->learnt);
  EXPECT_FALSE(head->pinned);
  head = Client({}).Head();
  ASSERT_OK(head);
  EXPECT_FALSE(head->learnt);
  EXPECT_FALSE(head->pinned);
  head = Pinned().Head();
  ASSERT_OK(head);
  EXPECT_TRUE(head->pinned);
  EXPECT_TRUE(Client({}).Head()->pinned);
}

TEST_F(LogClientTest, APolicyPinsTheKeysThatItNames) {
  const Policy policy =
      ParsePolicy("log " + FormatVkey(log().key()) + "\nquorum none\n").value();
  const absl::StatusOr<VerifiedHead> head = Client({.policy = policy}).Head();
  ASSERT_OK(head);
  EXPECT_TRUE(head->pinned);
  const FakeLog other(ManifestFor(kOrigin), "other key");
  const Policy others =
      ParsePolicy("log " + FormatVkey(other.key()) + "\nquorum none\n").value();
  EXPECT_STATUS(Client({.policy = others}).Head(), StatusCode::kDataLoss,
                "of the policy");
}

TEST_F(LogClientTest, AnotherKeyThanTheKnownOneIsRefusedAndBothAreNamed) {
  ASSERT_OK(Client().Head());
  const std::string known = FormatVkey(log().key());
  const FakeLog other(ManifestFor(kOrigin), "other key");
  EXPECT_STATUS(Client({.key = other.key()}).Head(), StatusCode::kDataLoss, known);

  server_.Create(kOrigin, "other key").Add(HashN(1));
  const absl::Status refused = Client({}).Head().status();
  EXPECT_STATUS(refused, StatusCode::kDataLoss, known);
  EXPECT_STATUS(refused, StatusCode::kDataLoss, FormatVkey(other.key()));
  EXPECT_EQ(Known()->key, ParseVkey(known).value());
}

TEST_F(LogClientTest, AKeyOfAnotherLogIsTheCallersMistake) {
  const FakeLog other(ManifestFor("example.org/b"));
  EXPECT_STATUS(Client({.key = other.key()}).Head(), StatusCode::kInvalidArgument,
                "is not a key of");
  server_.on_log = [&](v1::GetLogResponse& r) { r.set_vkey(FormatVkey(other.key())); };
  EXPECT_STATUS(Client().Head(), StatusCode::kDataLoss, "not this log's");
}

TEST_F(LogClientTest, EveryGrowthIsFollowedFromEverySize) {
  for (uint64_t size = 2; size <= log().size(); ++size) {
    server_.shown_size = size;
    const absl::StatusOr<VerifiedHead> head = Pinned().Head();
    ASSERT_OK(head) << size;
    EXPECT_EQ(Known()->head->checkpoint.size, size);
  }
}

TEST_F(LogClientTest, ASmallerHeadIsRefusedAndBothNotesAreSaved) {
  ASSERT_OK(Pinned().Head());
  const KnownLog before = *Known();
  server_.shown_size = 30;
  LogClient client = Pinned();
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "went back from size 57 to 30");
  ASSERT_TRUE(client.contradiction().has_value());
  const HeadContradiction& found = *client.contradiction();
  EXPECT_FALSE(client.conviction().has_value());
  EXPECT_EQ(ReadSmallFile(found.known_path, 1 << 20).value(), before.head->note);
  EXPECT_EQ(ReadSmallFile(found.offered_path, 1 << 20).value(), log().NoteAt(30));
  EXPECT_EQ(*Known(), before);
  // A server that answers it all the same gets no further.
  server_.on_head = [&](v1::Head& head) { head.clear_consistency(); };
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "went back");
  server_.shown_size.reset();
  server_.on_head = nullptr;
  ASSERT_OK(client.Head());
  EXPECT_FALSE(client.contradiction().has_value());
}

// Anybody can add lines to a note: no copy of it becomes one more file.
TEST_F(LogClientTest, LinesOfStrangersMakeNoMoreFiles) {
  ASSERT_OK(Pinned().Head());
  server_.shown_size = 30;
  std::set<std::string> paths;
  for (uint32_t i = 1; i <= 5; ++i) {
    server_.on_head = [&](v1::Head& head) {
      head.set_checkpoint(head.checkpoint() +
                          FormatSignatureLine({"stranger", i, std::string(90, 'x')}));
    };
    LogClient client = Pinned();
    EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "went back from size 57 to 30");
    ASSERT_TRUE(client.contradiction().has_value());
    paths.insert(client.contradiction()->offered_path);
  }
  ASSERT_EQ(paths.size(), 1u);
  EXPECT_EQ(ReadSmallFile(*paths.begin(), 1 << 20).value(), log().NoteAt(30));
}

TEST_F(LogClientTest, TwoRootsForOneSizeAreProvenMisbehaviour) {
  ASSERT_OK(Pinned().Head());
  // The same key, another history.
  FakeLog& fork = server_.Create(kOrigin);
  while (fork.size() < 57) fork.Add(HashN(1000 + fork.size()));
  LogClient client = Pinned();
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss,
                "two heads of size 57 have different roots");
  ASSERT_TRUE(client.contradiction().has_value());
  EXPECT_EQ(client.contradiction()->offered, fork.NoteAt(57));
  ExpectConviction(client, "two_roots");
}

TEST_F(LogClientTest, ARewrittenHistoryIsRefusedAndItsPathIsEvidence) {
  ASSERT_OK(Pinned().Head());
  const KnownLog before = *Known();
  FakeLog& fork = server_.Create(kOrigin);
  while (fork.size() < 80) fork.Add(HashN(1000 + fork.size()));
  LogClient client = Pinned();
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "is not shown to continue");
  ASSERT_TRUE(client.contradiction().has_value());
  ExpectConviction(client, "fork");
  // The path that comes along does not matter: the server is asked for what it takes.
  server_.on_head = [](v1::Head& head) { (*head.mutable_consistency())[0] ^= 1; };
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "is not shown to continue");
  ExpectConviction(client, "fork");
  // Nor does it if the server does not give that: the index entry at position 56 is
  // not the one that was seen there.
  server_.on_inclusion = [](v1::InclusionProof& proof) { proof.clear_path(); };
  server_.on_head = [&](v1::Head& head) {
    *head.mutable_index() = EntryToProto(fork.Prove(56, 80));
  };
  client.Head().IgnoreError();
  ExpectConviction(client, "two_leaves");
  server_.on_head = nullptr;
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "no evidence");
  EXPECT_FALSE(client.conviction().has_value());
  EXPECT_TRUE(client.contradiction().has_value());
  server_.on_head = [](v1::Head& head) { head.mutable_consistency()->pop_back(); };
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "whole number of hashes");
  // Nothing was taken from it; that it was convicted is kept.
  KnownLog convicted = before;
  convicted.convicted = Known()->convicted;
  EXPECT_TRUE(convicted.convicted.has_value());
  EXPECT_EQ(*Known(), convicted);
}

TEST_F(LogClientTest, AnOlderIndexEntryThanSeenIsRefusedUnlessAskedFor) {
  ASSERT_OK(Pinned().Head());
  const uint64_t older = log().indexes()[1];
  server_.on_head = [&](v1::Head& head) {
    *head.mutable_index() = EntryToProto(log().Prove(older, log().size()));
  };
  EXPECT_STATUS(Pinned().Head(), StatusCode::kDataLoss, "went back from m = 56 to 43");
  EXPECT_OK(Pinned().Head({.size = older + 1}));
  EXPECT_STATUS(Pinned().Head({.size = older}), StatusCode::kDataLoss, "is not below");
}

TEST_F(LogClientTest, VersionsAreFoundByTagAndBySize) {
  LogClient client = Pinned();
  ASSERT_OK(client.Head());
  const absl::StatusOr<VerifiedHead> tagged = client.Head({.tag = "v1"});
  ASSERT_OK(tagged);
  EXPECT_EQ(tagged->version.tag->name, "v1");
  EXPECT_EQ(tagged->version.index.n, 39u);
  EXPECT_EQ(tagged->version.checkpoint.size, log().size());
  const absl::StatusOr<VerifiedHead> sized =
      client.Head({.size = tagged->version.index_position + 1});
  ASSERT_OK(sized);
  EXPECT_EQ(sized->version.index, tagged->version.index);
  EXPECT_STATUS(client.Head({.tag = "v2"}), StatusCode::kNotFound, "");
  EXPECT_STATUS(client.Head({.size = 1000}), StatusCode::kOutOfRange, "");
  EXPECT_STATUS(client.Head({}, {.max_lag = 0}), StatusCode::kDataLoss, "behind");
  // Asking for old versions does not take the memory back.
  EXPECT_EQ(Known()->highest_m, 56u);
}

TEST_F(LogClientTest, LiesAboutAVersionAreRefused) {
  const FakeLog other(ManifestFor("example.org/b"));
  const auto lie = [&](const std::function<void(v1::Head&)>& change, const At& at) {
    server_.on_head = change;
    return Pinned().Head(at).status();
  };
  const uint64_t size = log().size();
  log().Append(TagEntry{43, "v0"});
  const uint64_t other_tag = log().size() - 1;
  server_.shown_size = log().size();
  EXPECT_STATUS(lie(
                    [&](v1::Head& head) {
                      *head.mutable_tag() =
                          EntryToProto(log().Prove(other_tag, other_tag + 1));
                    },
                    {.tag = "v1"}),
                StatusCode::kDataLoss, "the proof is for version v0");
  EXPECT_STATUS(lie([](v1::Head& head) { head.clear_tag(); }, {.tag = "v1"}),
                StatusCode::kDataLoss, "not for version v1");
  EXPECT_STATUS(lie(
                    [&](v1::Head& head) {
                      *head.mutable_tag() =
                          EntryToProto(log().Prove(other_tag, other_tag + 1));
                      *head.mutable_index() =
                          EntryToProto(log().Prove(log().indexes()[1], other_tag + 1));
                    },
                    {}),
                StatusCode::kDataLoss, "a tag that nobody asked for");
  EXPECT_STATUS(lie([](v1::Head& head) { head.clear_index(); }, {}),
                StatusCode::kDataLoss, "index: missing");
  EXPECT_STATUS(lie([](v1::Head& head) { head.mutable_index()->set_position(3); }, {}),
                StatusCode::kDataLoss, "");
  EXPECT_STATUS(
      lie([](v1::Head& head) { (*head.mutable_index()->mutable_entry())[48] ^= 1; },
          {}),
      StatusCode::kDataLoss, "");
  EXPECT_STATUS(lie([](v1::Head& head) { head.set_checkpoint("rubbish"); }, {}),
                StatusCode::kDataLoss, "");
  EXPECT_STATUS(
      lie([&](v1::Head& head) { head.set_checkpoint(log().NoteFor(size, HashN(0))); },
          {}),
      StatusCode::kDataLoss, "");
  EXPECT_FALSE(Known().has_value());
}

TEST_F(LogClientTest, AHeadOfAnotherLogOfThePolicyIsRefused) {
  FakeLog other(ManifestFor("example.org/b"), "other key");
  const Policy policy = ParsePolicy("log " + FormatVkey(log().key()) + "\nlog " +
                                    FormatVkey(other.key()) + "\nquorum none\n")
                            .value();
  server_.on_head = [&](v1::Head& head) {
    head = VersionToProto({other.NoteAt(2), other.Prove(0, 2), other.Prove(1, 2)});
  };
  EXPECT_STATUS(Client({.policy = policy}).Head(), StatusCode::kDataLoss,
                "a head of example.org/b");
}

TEST_F(LogClientTest, AStateMovedByAnotherProcessIsFollowedFromThere) {
  server_.shown_size = 20;
  ASSERT_OK(Pinned().Head());
  server_.shown_size = 40;
  bool moved = false;
  server_.on_head = [&](v1::Head&) {
    // Between question and answer another process has seen size 30.
    if (std::exchange(moved, true)) return;
    ASSERT_OK(state_.Update(kOrigin, [&](std::optional<KnownLog>& known) {
      known->head = KnownHead{log().NoteAt(30), {kOrigin, 30, log().RootAt(30), {}}};
      return absl::OkStatus();
    }));
  };
  ASSERT_OK(Pinned().Head());
  EXPECT_EQ(Known()->head->checkpoint.size, 40u);
}

// --- Lookups

TEST_F(LogClientTest, EveryVerdictIsProvenAndMakesAProofFile) {
  LogClient client = Pinned();
  const VerifiedHead now = client.Head().value();
  const VerifiedHead then = client.Head({.tag = "v1"}).value();
  const auto expect = [&](const VerifiedHead& head, uint64_t i, SetVerdict verdict) {
    const absl::StatusOr<LookupResult> found =
        client.Lookup(head, HashN(i), Positions::kProven);
    ASSERT_OK(found);
    EXPECT_EQ(found->answer.verdict, verdict) << i;
    EXPECT_EQ(found->answer.added_at.has_value(), verdict != SetVerdict::kAbsent);
    const absl::StatusOr<LookupResult> small =
        client.Lookup(head, HashN(i), Positions::kNone);
    ASSERT_OK(small);
    EXPECT_EQ(small->answer.verdict == SetVerdict::kPresent,
              verdict == SetVerdict::kPresent);
    const ProofFile file =
        ParseProofFile(FormatProofFile({head.proof, found->proof})).value();
    const absl::StatusOr<Version> version =
        VerifyVersion(file.version, {.log_key = log().key()}, {});
    ASSERT_OK(version);
    EXPECT_EQ(VerifyAnswer(*version, file.answer)->verdict, verdict);
  };
  for (uint64_t i = 1; i <= 60; ++i) {
    expect(now, i,
           i == 7 || i == 8 ? SetVerdict::kRemoved
           : i <= 50        ? SetVerdict::kPresent
                            : SetVerdict::kAbsent);
    expect(then, i,
           i == 7    ? SetVerdict::kRemoved
           : i <= 40 ? SetVerdict::kPresent
                     : SetVerdict::kAbsent);
  }
}

TEST_F(LogClientTest, TheEmptySetHasNoMembers) {
  server_.Create(kOrigin);
  LogClient client = Pinned();
  const VerifiedHead head = client.Head().value();
  EXPECT_EQ(client.Lookup(head, HashN(1), Positions::kProven)->answer.verdict,
            SetVerdict::kAbsent);
  EXPECT_EQ(client.BatchLookup(head, std::vector<Hash>{HashN(1)}).value(),
            std::vector{SetVerdict::kAbsent});
}

TEST_F(LogClientTest, LiesAboutARecordAreRefused) {
  LogClient client = Pinned();
  const VerifiedHead head = client.Head().value();
  const auto lie = [&](uint64_t i, const std::function<void(v1::LookupResponse&)>& on,
                       Positions positions = Positions::kProven) {
    server_.on_lookup = on;
    const absl::Status status = client.Lookup(head, HashN(i), positions).status();
    server_.on_lookup = nullptr;
    return status;
  };
  const uint64_t m = head.version.index.m;
  // Another record's proof; the set of another version; of another log.
  FakeLog other(ManifestFor("example.org/b"));
  for (uint64_t i = 100; i <= 147; ++i) other.Add(HashN(i));
  other.Index();
  for (Positions positions : {Positions::kNone, Positions::kProven}) {
    EXPECT_STATUS(lie(
                      51,
                      [&](v1::LookupResponse& r) {
                        *r.mutable_lookup() =
                            LookupToProto(other.Lookup(HashN(51), 50));
                      },
                      positions),
                  StatusCode::kDataLoss, "set root differs");
    EXPECT_STATUS(lie(
                      8,
                      [&](v1::LookupResponse& r) {
                        *r.mutable_lookup() = LookupToProto(log().Lookup(HashN(8), 43));
                      },
                      positions),
                  StatusCode::kDataLoss, "number of members");
    EXPECT_STATUS(lie(
                      9,
                      [&](v1::LookupResponse& r) {
                        const LookupProof proof = log().Lookup(HashN(10), m);
                        ASSERT_NE(proof.terminal, HashN(9));
                        *r.mutable_lookup() = LookupToProto(proof);
                      },
                      positions),
                  StatusCode::kDataLoss, "");
    EXPECT_STATUS(
        lie(
            9, [](v1::LookupResponse& r) { r.set_index_size(43); }, positions),
        StatusCode::kDataLoss, "another version");
    EXPECT_STATUS(
        lie(
            9, [](v1::LookupResponse& r) { r.mutable_lookup()->set_terminal("x"); },
            positions),
        StatusCode::kDataLoss, "lookup.terminal");
    EXPECT_STATUS(lie(
                      9, [](v1::LookupResponse& r) { r.clear_lookup(); }, positions),
                  StatusCode::kDataLoss, "");
  }
  EXPECT_STATUS(lie(9, [](v1::LookupResponse& r) { r.clear_added(); }),
                StatusCode::kDataLoss, "without the entry");
  EXPECT_STATUS(lie(9,
                    [&](v1::LookupResponse& r) {
                      *r.mutable_added() = EntryToProto(log().Prove(11, log().size()));
                    }),
                StatusCode::kDataLoss, "another record's");
  EXPECT_STATUS(lie(7, [](v1::LookupResponse& r) { r.clear_added(); }),
                StatusCode::kDataLoss, "without the add");
  EXPECT_STATUS(lie(7, [](v1::LookupResponse& r) { r.clear_removed(); }),
                StatusCode::kDataLoss, "");
  // Hiding both entries is possible: REMOVED is then told as ABSENT, which it also is.
  EXPECT_OK(lie(7, [](v1::LookupResponse& r) {
    r.clear_added();
    r.clear_removed();
  }));
  EXPECT_OK(lie(9, [](v1::LookupResponse&) {}));
}

TEST_F(LogClientTest, BatchesOfAnySizeAnswerAsSingleLookupsDo) {
  LogClient client = Pinned();
  const VerifiedHead head = client.Head({.tag = "v1"}).value();
  for (size_t count : {0, 1, 2, 60, 4096, 4097, 9000}) {
    std::vector<Hash> records;
    std::vector<SetVerdict> expected;
    for (size_t j = 0; j < count; ++j) {
      const uint64_t i = j % 97;
      records.push_back(HashN(i));
      expected.push_back(i == 7              ? SetVerdict::kRemoved
                         : i >= 1 && i <= 40 ? SetVerdict::kPresent
                                             : SetVerdict::kAbsent);
    }
    const absl::StatusOr<std::vector<SetVerdict>> verdicts =
        client.BatchLookup(head, records);
    ASSERT_OK(verdicts);
    EXPECT_EQ(*verdicts, expected) << count;
  }
}

TEST_F(LogClientTest, LiesAboutABatchAreRefused) {
  LogClient client = Pinned();
  const VerifiedHead head = client.Head().value();
  std::vector<Hash> records;
  for (uint64_t i = 1; i <= 60; i += 3) records.push_back(HashN(i));
  const auto lie = [&](const std::function<void(v1::BatchLookupResponse&)>& on) {
    server_.on_batch = on;
    return client.BatchLookup(head, records).status();
  };
  EXPECT_OK(lie([](v1::BatchLookupResponse&) {}));
  EXPECT_STATUS(lie([](v1::BatchLookupResponse& r) { r.mutable_proof()->pop_back(); }),
                StatusCode::kDataLoss, "");
  EXPECT_STATUS(
      lie([](v1::BatchLookupResponse& r) { r.mutable_proof()->append("\0", 1); }),
      StatusCode::kDataLoss, "");
  EXPECT_STATUS(lie([](v1::BatchLookupResponse& r) { (*r.mutable_proof())[40] ^= 1; }),
                StatusCode::kDataLoss, "");
  EXPECT_STATUS(
      lie([&](v1::BatchLookupResponse& r) { r.set_proof(log().Batch(records, 43)); }),
      StatusCode::kDataLoss, "");
  EXPECT_STATUS(lie([](v1::BatchLookupResponse& r) { r.set_index_size(43); }),
                StatusCode::kDataLoss, "another version");
  EXPECT_STATUS(lie([](v1::BatchLookupResponse& r) { r.add_removed(20); }),
                StatusCode::kDataLoss, "called removed");
  EXPECT_STATUS(lie([](v1::BatchLookupResponse& r) { r.add_removed(0); }),
                StatusCode::kDataLoss, "called removed");
  EXPECT_STATUS(lie([](v1::BatchLookupResponse& r) {
                  for (int i = 0; i < 2; ++i) r.add_removed(19);
                }),
                StatusCode::kDataLoss, "do not rise");
  // An absent record that never was a member cannot be made REMOVED.
  server_.on_batch = [](v1::BatchLookupResponse& r) { r.add_removed(19); };
  EXPECT_EQ(client.BatchLookup(head, records)->back(), SetVerdict::kAbsent);
}

TEST_F(LogClientTest, TagsAreProvenOneByOne) {
  LogClient client = Pinned();
  const VerifiedHead head = client.Head().value();
  const absl::StatusOr<std::vector<PlacedTagEntry>> tags = client.Tags(head);
  ASSERT_OK(tags);
  ASSERT_EQ(tags->size(), 1u);
  EXPECT_EQ(tags->front().tag, (TagEntry{43, "v1"}));
  server_.on_tags = [](v1::ListTagsResponse& r) {
    (*r.mutable_tags(0)->mutable_entry())[10] ^= 1;
  };
  EXPECT_STATUS(client.Tags(head), StatusCode::kDataLoss, "");
  server_.on_tags = [](v1::ListTagsResponse& r) { *r.add_tags() = r.tags(0); };
  EXPECT_STATUS(client.Tags(head), StatusCode::kDataLoss, "order");
  server_.on_tags = [&](v1::ListTagsResponse& r) {
    *r.mutable_tags(0) = EntryToProto(log().Prove(5, log().size()));
  };
  EXPECT_STATUS(client.Tags(head), StatusCode::kDataLoss, "no tag");
}

// --- Creating, tagging, waiting, losing the server

TEST(LogClientCreateTest, ANewLogsKeyIsLearntAndItsManifestIsTheOneSent) {
  for (bool answer_lost : {false, true}) {
    TempDir dir;
    FakeServer server;
    if (answer_lost) server.failures = {{grpc::StatusCode::UNAVAILABLE, "gone"}};
    const Connection connection(server.Channel(), "", milliseconds(2000));
    const StateDirectory state = StateDirectory::Open(dir.path()).value();
    LogClient client(&connection, &state,
                     {.origin = kOrigin, .trust_on_first_use = true});
    EXPECT_STATUS(client.CreateLog("{}"), StatusCode::kInvalidArgument, "");
    EXPECT_STATUS(client.CreateLog(ManifestFor("example.org/b")),
                  StatusCode::kInvalidArgument, "is of example.org/b");
    const absl::StatusOr<VerifiedHead> head = client.CreateLog(ManifestFor(kOrigin));
    ASSERT_OK(head);
    EXPECT_EQ(head->version.checkpoint.size, 2u);
    EXPECT_TRUE(head->learnt);
    EXPECT_EQ(state.Load(kOrigin).value()->key, server.log().key());
    EXPECT_STATUS(client.CreateLog(ManifestFor(kOrigin)), StatusCode::kAlreadyExists,
                  "known here");
  }
}

TEST_F(LogClientTest, ATagWhoseAnswerWasLostIsItsOwnAndAnOlderOneIsNot) {
  const Connection patient(server_.Channel(), "", milliseconds(5000));
  LogClient client(&patient, &state_, {.origin = kOrigin, .trust_on_first_use = true});
  server_.lose_tag_answer = true;
  EXPECT_OK(client.TagSet("lost"));
  EXPECT_STATUS(client.TagSet("lost"), StatusCode::kAlreadyExists, "used");
}

TEST_F(LogClientTest, AnEarlierRunsCreationIsItsOwnIfTheManifestIsTheSame) {
  const std::string other =
      FormatManifest({.origin = kOrigin, .scheme = "text/1"}).value();
  EXPECT_STATUS(Client().CreateLog(other, /*maybe_created=*/true),
                StatusCode::kAlreadyExists, "taken");
  EXPECT_OK(Client().CreateLog(ManifestFor(kOrigin), /*maybe_created=*/true));
}

TEST_F(LogClientTest, ATakenOriginIsNotCreatedAgain) {
  EXPECT_STATUS(Client().CreateLog(ManifestFor(kOrigin)), StatusCode::kAlreadyExists,
                "taken");
}

TEST_F(LogClientTest, ATagIsVerifiedAfterItWasSet) {
  LogClient client = Pinned();
  const absl::StatusOr<VerifiedHead> head = client.TagSet("v2");
  ASSERT_OK(head);
  EXPECT_EQ(head->version.tag->name, "v2");
  EXPECT_EQ(head->version.index.n, 48u);
  EXPECT_STATUS(client.TagSet("123"), StatusCode::kInvalidArgument, "");
}

TEST_F(LogClientTest, WaitsUntilTheIndexCoversAPosition) {
  LogClient client = Pinned();
  const uint64_t position = log().Add(HashN(99));
  std::thread indexer([&] {
    std::this_thread::sleep_for(milliseconds(50));
    server_.Change([](FakeLog& log) { log.Index(); });
  });
  std::vector<uint64_t> seen;
  const absl::StatusOr<VerifiedHead> head =
      client.WaitIndexed(position, [&](uint64_t m) { seen.push_back(m); });
  indexer.join();
  ASSERT_OK(head);
  EXPECT_EQ(head->version.index.m, position + 1);
  EXPECT_EQ(seen, (std::vector<uint64_t>{56, position + 1}));
  // Each head that is taken costs a client several syncs.
  EXPECT_EQ(server_.heads_asked, 1);
}

TEST_F(LogClientTest, ALostServerIsAskedAgainForAsLongAsAllowed) {
  server_.failures.assign(3, {grpc::StatusCode::UNAVAILABLE, "restarting"});
  EXPECT_STATUS(Pinned().Head(), StatusCode::kUnavailable, "restarting");
  const Connection patient(server_.Channel(), "", milliseconds(5000));
  LogClient client(&patient, &state_, {.origin = kOrigin, .key = log().key()});
  server_.failures.assign(3, {grpc::StatusCode::UNAVAILABLE, "restarting"});
  EXPECT_OK(client.Head());
  server_.failures = {{grpc::StatusCode::PERMISSION_DENIED, "not you"}};
  EXPECT_STATUS(client.Head(), StatusCode::kPermissionDenied, "not you");
}

}  // namespace
}  // namespace setlog
