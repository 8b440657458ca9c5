// The difference between two versions against a slow model, and against lies.
#include "client/set_difference.h"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>

#include "client/log_client.h"
#include "fakes/fake_server.h"
#include "log/set_tree.h"
#include "proto/forms.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

constexpr char kLog[] = "example.org/a";

class SetDifferenceTest : public testing::Test {
 protected:
  SetDifferenceTest() : connection_(server_.Channel(), "", milliseconds(500)) {
    server_.Create(kLog);
  }
  FakeLog& log() { return server_.log(); }

  const VerifiedHead& At(uint64_t index_position) {
    auto& head = heads_[{log().size(), log().RootAt(log().size()), index_position}];
    if (head) return *head;
    const TempDir dir;
    const StateDirectory state = StateDirectory::Open(dir.path()).value();
    LogClient client(&connection_, &state, {.origin = kLog, .key = log().key()});
    head = client.Head({.size = index_position + 1}, {}).value();
    return *head;
  }

  absl::StatusOr<std::vector<MemberChange>> Find(uint64_t older, uint64_t newer,
                                                 std::string_view convicts_of = "") {
    const VerifiedHead& from = At(older);
    const VerifiedHead& to = At(newer);
    SetDifference between(&connection_, &from, &to);
    const auto changes = between.Find(
        [](const char*, uint64_t done, uint64_t total) { EXPECT_LE(done, total); });
    EXPECT_EQ(between.evidence().has_value(), !convicts_of.empty()) << changes.status();
    if (between.evidence()) {
      EXPECT_FALSE(changes.ok());
      const auto proven = VerifyEvidence(*between.evidence(), {.log_key = log().key()});
      EXPECT_OK(proven);
      if (proven.ok()) {
        EXPECT_EQ(proven->kind, convicts_of) << proven->what;
      }
    }
    return changes;
  }

  FakeServer server_;
  Connection connection_;
  std::map<std::tuple<uint64_t, Hash, uint64_t>, std::optional<VerifiedHead>> heads_;
};

std::vector<MemberChange> Model(const std::set<Hash>& from, const std::set<Hash>& to) {
  std::vector<MemberChange> changes;
  for (const Hash& value : from) {
    if (!to.contains(value)) changes.push_back({value, false});
  }
  for (const Hash& value : to) {
    if (!from.contains(value)) changes.push_back({value, true});
  }
  std::sort(changes.begin(), changes.end(),
            [](const auto& a, const auto& b) { return a.value < b.value; });
  return changes;
}

TEST_F(SetDifferenceTest, MatchesTheSlowModelBetweenAllVersionsOfRandomLogs) {
  for (uint64_t seed = 0; seed < 3; ++seed) {
    server_.Create(kLog);
    std::mt19937_64 random(seed);
    std::set<Hash> members;
    std::vector<std::pair<uint64_t, std::set<Hash>>> versions{{1, {}}};
    while (versions.size() < 7) {
      const int steps = static_cast<int>(random() % 12);
      for (int i = 0; i < steps; ++i) {
        const Hash value = HashN(random() % 25);
        if (random() % 3 != 0) {
          log().Add(value);
          members.insert(value);
        } else {
          log().Remove(value);
          members.erase(value);
        }
      }
      versions.emplace_back(log().Index(), members);
      if (random() % 2 == 0) log().Tag("v" + std::to_string(log().size()));
    }
    for (size_t a = 0; a < versions.size(); ++a) {
      for (size_t b = a; b < versions.size(); ++b) {
        const auto changes = Find(versions[a].first, versions[b].first);
        ASSERT_OK(changes);
        EXPECT_EQ(*changes, Model(versions[a].second, versions[b].second));
      }
    }
  }
}

TEST_F(SetDifferenceTest, MoreValuesThanOneProofHoldsAreAskedInParts) {
  std::set<Hash> from;
  for (int i = 0; i < 100; ++i) from.insert(HashN(i));
  for (const Hash& value : from) log().Add(value);
  const uint64_t older = log().Index();
  std::set<Hash> to = from;
  for (int i = 0; i < 5000; ++i) {
    log().Add(HashN(i));
    to.insert(HashN(i));
  }
  for (int i = 50; i < 150; ++i) {
    log().Remove(HashN(i));
    to.erase(HashN(i));
  }
  const uint64_t newer = log().Index();
  const auto changes = Find(older, newer);
  ASSERT_OK(changes);
  EXPECT_EQ(*changes, Model(from, to));
}

// A log whose index entries are for another set than its entries make, and a server
// that proves from that other set.
class WrongSetTest : public SetDifferenceTest {
 protected:
  // Members 0..9 in both; then `change` in the log, and `wrong` in the set.
  absl::StatusOr<std::vector<MemberChange>> FindWith(
      const std::vector<SetChange>& wrong, std::vector<Hash> touched,
      std::string_view convicts_of) {
    SetIndex set;
    set.Apply(wrong, 1000);
    // Positions name the value, for the leaves.
    const auto value_at = [](uint64_t position) { return HashN(position); };
    const uint64_t newer = log().IndexAs(set.n(), set.root());
    server_.on_batch = [=, this](v1::BatchLookupResponse& response) {
      if (response.index_size() != newer) return;
      std::vector<Hash> keys = SetKeys(touched);
      std::sort(keys.begin(), keys.end());
      SetBatchAnswer answer = set.BatchLookup(keys).value();
      for (const SetBatchAnswer::Leaf& leaf : answer.leaves) {
        answer.proof.replace(leaf.offset, Hash::kSize, AsText(value_at(leaf.position)));
      }
      response.set_proof(answer.proof);
      response.clear_removed();
    };
    server_.on_lookup = [=, this](v1::LookupResponse& response) {
      SetAnswer answer = set.Lookup(SetKey(touched[0])).value();
      answer.proof.terminal = value_at(answer.terminal_position);
      *response.mutable_lookup() = LookupToProto(answer.proof);
    };
    log().Add(HashN(500));
    return Find(older_, newer, convicts_of);
  }
  void SetUp() override {
    for (uint64_t i = 0; i < 10; ++i) log().Add(HashN(i));
    older_ = log().Index();
  }
  static std::vector<SetChange> Members(const std::vector<uint64_t>& ids) {
    std::vector<SetChange> changes;
    for (uint64_t id : ids) changes.push_back({SetKey(HashN(id)), id, true});
    return changes;
  }

  uint64_t older_ = 0;
};

TEST_F(WrongSetTest, AnAddThatWasIgnoredIsAWrongAnswer) {
  log().Add(HashN(20));
  EXPECT_STATUS(
      FindWith(Members({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), {HashN(20)}, "wrong_answer"),
      absl::StatusCode::kDataLoss, "not in the set");
}

TEST_F(WrongSetTest, ARemovalThatWasIgnoredIsAWrongAnswer) {
  log().Add(HashN(7));
  log().Remove(HashN(7));
  EXPECT_STATUS(
      FindWith(Members({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), {HashN(7)}, "wrong_answer"),
      absl::StatusCode::kDataLoss, "in the set");
}

TEST_F(WrongSetTest, AMemberThatVanishedElsewhereIsAWrongExtension) {
  log().Add(HashN(20));
  EXPECT_STATUS(FindWith(Members({0, 1, 2, 3, 4, 5, 6, 7, 8, 20}), {HashN(20)},
                         "wrong_extension"),
                absl::StatusCode::kDataLoss, "lead to");
}

TEST_F(SetDifferenceTest, AMalformedEntryBetweenIsConvicted) {
  const uint64_t older = log().Index();
  log().Add(HashN(1));
  log().Append(TagEntry{1, "12"});
  const uint64_t newer = log().Index();
  EXPECT_STATUS(Find(older, newer, "malformed_entry"), absl::StatusCode::kDataLoss,
                "malformed");
}

TEST_F(SetDifferenceTest, AnAnswerThatDoesNotVerifyConvictsNobody) {
  const uint64_t older = log().Index();
  log().Add(HashN(1));
  const uint64_t newer = log().Index();
  server_.on_batch = [](v1::BatchLookupResponse& response) {
    if (!response.proof().empty()) response.mutable_proof()->back() ^= 1;
  };
  EXPECT_STATUS(Find(older, newer), absl::StatusCode::kDataLoss, "verify");
  server_.on_batch = [](v1::BatchLookupResponse& response) {
    response.set_index_size(response.index_size() + 1);
  };
  EXPECT_STATUS(Find(older, newer), absl::StatusCode::kDataLoss, "another version");
}

}  // namespace
}  // namespace setlog
