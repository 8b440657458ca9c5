// What a client does when it cannot learn a log's head: every call may fail, every
// field may be malformed, its own files may be damaged, and none of that is ever an
// answer.

#include "client/head_follower.h"

#include <filesystem>
#include <fstream>

#include "log/policy.h"
#include "log_client_fixture.h"
#include "proto/forms.h"

namespace setlog {
namespace {

using absl::StatusCode;

const grpc::Status kDenied(grpc::StatusCode::PERMISSION_DENIED, "not you");

class HeadFollowerTest : public LogClientTest {
 protected:
  HeadFollower Follower(TrustOptions options) {
    options.origin = kOrigin;
    return HeadFollower(connection_.get(), &state_, std::move(options));
  }
  // What the server answers to somebody who knows nothing.
  v1::Head Offered() {
    v1::GetHeadRequest request;
    request.set_origin(kOrigin);
    return connection_->Call(connection_->reader(), &v1::Reader::Stub::GetHead, request)
        .value();
  }
  // As a disk would, that returns rubbish.
  void DamageState() {
    const std::string name = ToHex(Sha256(AsBytes(std::string_view(kOrigin))));
    std::ofstream(dir_.path() + "/logs/" + name + ".json") << "rubbish";
  }
  size_t EvidenceFiles() {
    size_t files = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(dir_.path() + "/evidence")) {
      files += file.is_regular_file();
    }
    return files;
  }
  // A key of this name that signs no heads: a witness's.
  VerifierKey WitnessKey() {
    return MakeVerifierKey(kOrigin, SignatureType::kCosignature, log().key().key)
        .value();
  }
};

TEST_F(HeadFollowerTest, AKeyThatTheServerDoesNotNameIsNotLearnt) {
  server_.failures = {kDenied};
  EXPECT_STATUS(Client().Head(), StatusCode::kPermissionDenied, "not you");
  server_.on_log = [](v1::GetLogResponse& r) { r.set_vkey("rubbish"); };
  EXPECT_STATUS(Client().Head(), StatusCode::kDataLoss, "");
  EXPECT_FALSE(Known().has_value());
}

TEST_F(HeadFollowerTest, AWitnesssKeyIsNoKeyOfALog) {
  EXPECT_STATUS(Client({.key = WitnessKey()}).Head(), StatusCode::kInvalidArgument,
                "is not a key of");
  server_.on_log = [&](v1::GetLogResponse& r) { r.set_vkey(FormatVkey(WitnessKey())); };
  EXPECT_STATUS(Client().Head(), StatusCode::kDataLoss, "not this log's");
  EXPECT_FALSE(Known().has_value());
}

TEST_F(HeadFollowerTest, AHeadThatNoKeyOfThePolicySignedIsRefused) {
  const FakeLog other(ManifestFor("example.org/b"), "other key");
  const Policy policy =
      ParsePolicy("log " + FormatVkey(other.key()) + "\nquorum none\n").value();
  EXPECT_STATUS(Client({.policy = policy}).Head(), StatusCode::kDataLoss, kOrigin);
  EXPECT_FALSE(Known().has_value());
}

TEST_F(HeadFollowerTest, ADamagedMemoryEndsEveryQuestion) {
  const v1::Head head = Offered();
  ASSERT_OK(Pinned().Head());
  DamageState();
  EXPECT_STATUS(Pinned().Head(), StatusCode::kDataLoss, "damaged");
  EXPECT_STATUS(Follower({.key = log().key()}).Adopt(head), StatusCode::kDataLoss,
                "damaged");
  EXPECT_STATUS(Pinned().CreateLog(ManifestFor(kOrigin)), StatusCode::kDataLoss,
                "damaged");
}

TEST_F(HeadFollowerTest, AHeadThatCannotBeRememberedIsNotTaken) {
  const v1::Head head = Offered();
  // Damaged between the question and the answer.
  server_.on_head = [&](v1::Head&) { DamageState(); };
  EXPECT_STATUS(Pinned().Head(), StatusCode::kDataLoss, "damaged");
  std::filesystem::remove_all(dir_.path() + "/logs");
  ASSERT_OK(StateDirectory::Open(dir_.path()));
  server_.on_log = [&](v1::GetLogResponse&) { DamageState(); };
  EXPECT_STATUS(Follower({.trust_on_first_use = true}).Adopt(head),
                StatusCode::kDataLoss, "damaged");
}

TEST_F(HeadFollowerTest, AHeadOfALogThatIsFollowedIsNotAdopted) {
  const v1::Head head = Offered();
  HeadFollower follower = Follower({.key = log().key()});
  ASSERT_OK(follower.Adopt(head));
  const KnownLog before = *Known();
  log().Add(HashN(60));
  EXPECT_STATUS(follower.Adopt(Offered()), StatusCode::kFailedPrecondition,
                "known already");
  EXPECT_EQ(*Known(), before);
}

TEST_F(HeadFollowerTest, AHeadIsAdoptedUnderAKnownKeyOnlyAndIfItVerifies) {
  v1::Head head = Offered();
  EXPECT_STATUS(Follower({}).Adopt(head), StatusCode::kDataLoss,
                "give --key or --policy");
  head.mutable_index()->set_position(3);
  EXPECT_STATUS(Follower({.key = log().key()}).Adopt(head), StatusCode::kDataLoss, "");
  EXPECT_FALSE(Known().has_value());
}

TEST_F(HeadFollowerTest, AServerThatWillNotShowItsSmallerHeadIsNotTakenForAnother) {
  ASSERT_OK(Pinned().Head());
  const KnownLog before = *Known();
  // The known size is beyond it, so it is asked again, for what it has.
  server_.shown_size = 30;
  server_.failures = {grpc::Status::OK, kDenied};
  EXPECT_STATUS(Pinned().Head(), StatusCode::kPermissionDenied, "not you");
  server_.on_head = [](v1::Head& head) { head.set_checkpoint("rubbish"); };
  LogClient client = Pinned();
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "");
  EXPECT_FALSE(client.contradiction().has_value());
  EXPECT_EQ(*Known(), before);
}

TEST_F(HeadFollowerTest, AServerThatHasNoneAfterASmallerHeadIsNotBelieved) {
  ASSERT_OK(Pinned().Head());
  server_.shown_size = 30;
  server_.failures = {grpc::Status::OK, {grpc::StatusCode::NOT_FOUND, "no entry"}};
  EXPECT_STATUS(Pinned().Head(), StatusCode::kDataLoss, "no entry");
}

TEST_F(HeadFollowerTest, ASignedHeadThatGoesBackIsKeptWhateverStandsBelowIt) {
  ASSERT_OK(Pinned().Head());
  const KnownLog before = *Known();
  for (const uint64_t size : {0, 1, 2, 7}) {
    for (const bool alone : {true, false}) {
      server_.on_head = [&](v1::Head& head) {
        if (alone) head.Clear();
        head.set_checkpoint(
            log().NoteFor(size, size == 0 ? Sha256(Bytes()) : HashN(size)));
      };
      LogClient client = Pinned();
      EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "went back from size");
      ASSERT_TRUE(client.contradiction().has_value()) << size;
      EXPECT_FALSE(client.contradiction()->known_path.empty());
      EXPECT_FALSE(client.contradiction()->offered_path.empty());
      EXPECT_EQ(Known()->head, before.head);
    }
  }
  // Of the known size, with another root: that convicts.
  server_.on_head = [&](v1::Head& head) {
    head.Clear();
    head.set_checkpoint(log().NoteFor(before.head->checkpoint.size, HashN(1)));
  };
  LogClient client = Pinned();
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "different roots");
  EXPECT_TRUE(client.conviction().has_value());
  // Another key's head goes nowhere.
  FakeLog other(ManifestFor(kOrigin), "other");
  server_.on_head = [&](v1::Head& head) {
    head.Clear();
    head.set_checkpoint(other.NoteAt(1));
  };
  LogClient stranger = Pinned();
  EXPECT_STATUS(stranger.Head(), StatusCode::kDataLoss, "");
  EXPECT_FALSE(stranger.contradiction().has_value());
}

TEST_F(HeadFollowerTest, ATagThatIsNoTagIsRefused) {
  const uint64_t position = log().AppendBytes("\x07");
  for (uint64_t shown : {position, uint64_t{5}}) {  // no entry at all; an add
    server_.on_head = [&](v1::Head& head) {
      *head.mutable_tag() = EntryToProto(log().Prove(shown, log().size()));
    };
    EXPECT_STATUS(Pinned().Head({.tag = "v1"}), StatusCode::kDataLoss, "");
  }
  // The entry convicts the log, which is all that is remembered of it.
  EXPECT_TRUE(Known()->convicted.has_value());
  EXPECT_FALSE(Known()->head.has_value());
}

TEST_F(HeadFollowerTest, ASecondIndexEntryForOneMIsRefusedAndConvicts) {
  ASSERT_OK(Pinned().Head());
  const KnownLog before = *Known();
  const uint64_t again = log().Append(IndexEntry{56, 0, HashN(1)});
  server_.on_head = [&](v1::Head& head) {
    *head.mutable_index() = EntryToProto(log().Prove(again, log().size()));
  };
  LogClient client = Pinned();
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "m = 56, after one for m = 56");
  ExpectConviction(client, "index_not_growing");
  EXPECT_EQ(Known()->head, before.head);
  EXPECT_EQ(Known()->highest_m, before.highest_m);
  EXPECT_TRUE(Known()->convicted.has_value());
}

// Whoever answers first makes the key up together with the lie.
TEST_F(HeadFollowerTest, AKeyOfFirstUseConvictsNobody) {
  log().Append(TagEntry{56, "v1"});  // the name is taken
  LogClient stranger = Client();
  const VerifiedHead head = stranger.Head().value();
  ASSERT_TRUE(head.learnt);
  server_.on_tags = [&](v1::ListTagsResponse& r) {
    *r.add_tags() = EntryToProto(log().Prove(log().size() - 1, log().size()));
  };
  EXPECT_STATUS(stranger.Tags(head), StatusCode::kDataLoss, "two entries tag");
  EXPECT_FALSE(stranger.conviction().has_value());

  ASSERT_OK(state_.Update(kOrigin, [](std::optional<KnownLog>& known) {
    known.reset();
    return absl::OkStatus();
  }));
  const uint64_t malformed = log().AppendBytes("\x07");
  server_.on_head = [&](v1::Head& shown) {
    *shown.mutable_index() = EntryToProto(log().Prove(malformed, log().size()));
  };
  LogClient another = Client();
  EXPECT_STATUS(another.Head(), StatusCode::kDataLoss, "");
  EXPECT_FALSE(another.conviction().has_value());
  EXPECT_EQ(EvidenceFiles(), 0u);
  // The same convicts the log before somebody who was given the key.
  LogClient knowing = Pinned();
  EXPECT_STATUS(knowing.Head(), StatusCode::kDataLoss, "malformed");
  ExpectConviction(knowing, "malformed_entry");
  EXPECT_EQ(EvidenceFiles(), 1u);
}

// A server needs no key for old heads. However many it shows, the notes of a fork that
// it gives no proofs of are kept: nothing else may be left of it.
TEST_F(HeadFollowerTest, HeadsThatWentBackTakeNoRoomFromTheNotesOfAFork) {
  for (uint64_t i = 100; i < 120; ++i) log().Add(HashN(i));
  log().Index();
  ASSERT_OK(Pinned().Head());
  const uint64_t size = log().size();
  for (uint64_t shown = size - 70; shown < size; ++shown) {
    server_.shown_size = shown;
    LogClient client = Pinned();
    EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "went back");
    ASSERT_TRUE(client.contradiction().has_value());
    EXPECT_TRUE(std::filesystem::exists(client.contradiction()->known_path));
    EXPECT_TRUE(std::filesystem::exists(client.contradiction()->offered_path));
  }
  server_.shown_size.reset();
  server_.Create(kOrigin);
  while (log().size() < size + 5) log().Add(HashN(999));
  server_.on_inclusion = [](v1::InclusionProof& p) { p.clear_path(); };
  LogClient client = Pinned();
  EXPECT_STATUS(client.Head(), StatusCode::kDataLoss, "not shown to continue");
  ASSERT_TRUE(client.contradiction().has_value());
  EXPECT_NE(client.contradiction()->known_path, "");
  EXPECT_NE(client.contradiction()->offered_path, "");
}

}  // namespace
}  // namespace setlog
