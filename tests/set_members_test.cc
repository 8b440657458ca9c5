// All members of a version, against a slow model and against lies; and the version at
// one m.
#include "client/set_members.h"

#include <algorithm>
#include <random>

#include "client/exact_version.h"
#include "log/tile.h"
#include "log_client_fixture.h"
#include "proto/forms.h"

namespace setlog {
namespace {

class SetMembersTest : public LogClientTest {
 protected:
  absl::StatusOr<std::vector<Hash>> Members(const At& at = {}) {
    LogClient client = Pinned();
    const absl::StatusOr<VerifiedHead> head = client.Head(at);
    if (!head.ok()) return head.status();
    uint64_t told = 0;
    auto members = FetchMembers(*connection_, head->version, [&](uint64_t entries) {
      EXPECT_GT(entries, told);
      told = entries;
    });
    if (members.ok()) {
      EXPECT_EQ(told, head->version.index.m);
    }
    return members;
  }
  // In the order in which they came in.
  std::vector<Hash> Model(uint64_t m) {
    std::vector<Hash> members;
    for (uint64_t i = 0; i < m; ++i) {
      const Entry entry = DecodeEntry(AsBytes(log().entry(i))).value();
      if (const auto* remove = std::get_if<RemoveEntry>(&entry)) {
        std::erase(members, remove->value);
      } else if (const auto* add = std::get_if<AddEntry>(&entry)) {
        if (std::find(members.begin(), members.end(), add->value) == members.end()) {
          members.push_back(add->value);
        }
      }
    }
    return members;
  }
};

TEST_F(SetMembersTest, EveryVersionHasTheMembersOfTheSlowModelInTheirOrder) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 400; ++i) {
    const Hash value = HashN(random() % 60);
    if (random() % 3 == 0) {
      log().Remove(value);
    } else {
      log().Add(value);
    }
    if (i % 20 == 7) log().Index();
  }
  log().Index();
  for (const uint64_t position : log().indexes()) {
    const auto members = Members({.size = position + 1});
    ASSERT_OK(members);
    EXPECT_EQ(*members, Model(log().IndexAt(position).m)) << position;
  }
}

TEST_F(SetMembersTest, AnEntryThatIsLeftOutMadeUpOrMovedAwayIsNoticed) {
  ASSERT_OK(Members());
  for (const uint64_t at : {2u, 10u, 41u, 42u, 45u, 55u}) {
    server_.on_chunk = [&, at](v1::EntriesChunk& chunk) {
      std::string bundle;
      const uint64_t m = log().IndexAt(log().indexes().back()).m;
      for (uint64_t i = 0; i < m; ++i) {
        std::string entry = log().entry(i);
        if (i == at) entry = Encode(TagEntry{1, "in-the-place-of-it"});
        ASSERT_OK(AppendToBundle(AsBytes(entry), &bundle));
      }
      chunk.set_bundle(bundle);
    };
    ASSERT_LE(log().entry(at)[0], 2) << "a member hangs on it";
    EXPECT_STATUS(Members(), absl::StatusCode::kDataLoss, "are not the set");
  }
  server_.on_chunk = [&](v1::EntriesChunk& chunk) {
    std::string bundle = chunk.bundle();
    bundle[bundle.size() / 2] ^= 1;
    chunk.set_bundle(bundle);
  };
  EXPECT_EQ(Members().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SetMembersTest, AWrongSetRootIsNotHandedOn) {
  log().Add(HashN(60));
  log().IndexAs(50, HashN(0));
  EXPECT_STATUS(Members(), absl::StatusCode::kDataLoss, "setlog audit example.org/a");
}

TEST_F(SetMembersTest, ExactVersionFindsEveryIndexEntryAndNoOther) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 40; ++i) {
    for (uint64_t n = random() % 30; n > 0; --n) log().Add(HashN(random()));
    // Whatever it says of the set: how far it lags behind is what counts.
    const uint64_t lag = i % 3 == 0 ? 0 : random() % 20;
    const uint64_t last = log().IndexAt(log().indexes().back()).m;
    if (log().size() - lag > last) log().IndexAs(1, HashN(0), lag);
  }
  std::map<uint64_t, uint64_t> positions;
  for (const uint64_t position : log().indexes()) {
    positions[log().IndexAt(position).m] = position;
  }
  LogClient client = Pinned();
  const uint64_t last = positions.rbegin()->first;
  for (uint64_t m = 0; m < last + 3; m += 1 + random() % 3) {
    const int before = server_.heads_asked;
    const auto version = ExactVersion(client, m);
    EXPECT_LE(server_.heads_asked - before, 22);
    if (positions.contains(m)) {
      ASSERT_OK(version);
      EXPECT_EQ(version->version.index_position, positions[m]);
    } else {
      EXPECT_STATUS(version, absl::StatusCode::kNotFound, "no version of the set");
    }
  }
  for (const auto& [m, position] : positions) {
    ASSERT_OK(ExactVersion(client, m));
    EXPECT_EQ(ExactVersion(client, m)->version.index_position, position);
  }
}

TEST_F(SetMembersTest, AnswersThatContradictEachOtherEndTheSearch) {
  // A version for 101 stands at 101, and the next one far behind it.
  while (log().size() < 101) log().Add(HashN(log().size()));
  log().IndexAs(1, HashN(0));
  for (uint64_t i = 0; i < 200; ++i) log().Add(HashN(1000 + i));
  log().IndexAs(1, HashN(0));
  const std::vector<uint64_t> indexes = log().indexes();
  const uint64_t target = 100;
  ASSERT_EQ(log().IndexAt(indexes[indexes.size() - 2]).m, 101u);
  const uint64_t old = indexes[indexes.size() - 3];
  ASSERT_LT(log().IndexAt(old).m, target);
  LogClient client = Pinned();
  for (int lies = 1; lies < 6; ++lies) {
    // The newest first; then what hides the one for 101, until the search is past it.
    int asked = 0;
    server_.on_head = [&](v1::Head& head) {
      if (asked++ == 0 || asked > lies + 1) return;
      *head.mutable_index() = EntryToProto(log().Prove(old, log().size()));
    };
    const auto version = ExactVersion(client, target);
    EXPECT_LE(asked, 30);
    if (lies == 1) {
      EXPECT_STATUS(version, absl::StatusCode::kNotFound, "no version of the set");
    } else {
      EXPECT_STATUS(version, absl::StatusCode::kDataLoss, "contradicts");
    }
  }
}

}  // namespace
}  // namespace setlog
