// Which values are members, found in both ways, against a slow model and against lies.
#include "client/set_overlap.h"

#include <algorithm>
#include <random>
#include <set>

#include "client/log_client.h"
#include "log_client_fixture.h"

namespace setlog {
namespace {

class SetOverlapTest : public LogClientTest {
 protected:
  absl::StatusOr<std::vector<Hash>> Among(const std::vector<Hash>& values,
                                          const At& at = {}) {
    const absl::StatusOr<VerifiedHead> head = Pinned().Head(at);
    if (!head.ok()) return head.status();
    return MembersAmong(
        *connection_, head->version, values,
        [](const char*, uint64_t done, uint64_t total) { EXPECT_LE(done, total); });
  }
  static std::vector<Hash> Numbers(uint64_t begin, uint64_t end) {
    std::vector<Hash> values;
    for (uint64_t i = begin; i < end; ++i) values.push_back(HashN(i));
    return values;
  }
  // Of the fixture: 1..40 but 7 at v1, then 41..50 as well and 8 no more.
  static std::vector<Hash> Model(const std::vector<Hash>& values, bool v1) {
    std::vector<Hash> found;
    for (uint64_t i = 1; i <= (v1 ? 40 : 50); ++i) {
      const bool member = i != 7 && (v1 || i != 8);
      if (member && std::ranges::count(values, HashN(i)) > 0) found.push_back(HashN(i));
    }
    std::ranges::sort(found);
    return found;
  }
};

TEST_F(SetOverlapTest, BothWaysFindTheMembersOfTheVersion) {
  for (const uint64_t end : {2, 10, 45, 60, 100, 5000}) {
    const std::vector<Hash> values = Numbers(5, end);
    const auto now = Among(values);
    ASSERT_OK(now);
    EXPECT_EQ(*now, Model(values, false)) << end;
    const auto v1 = Among(values, {.tag = "v1"});
    ASSERT_OK(v1);
    EXPECT_EQ(*v1, Model(values, true)) << end;
  }
}

TEST_F(SetOverlapTest, FewValuesAreLookedUpAndManyAreNot) {
  int batches = 0;
  server_.on_batch = [&](v1::BatchLookupResponse&) { ++batches; };
  ASSERT_OK(Among({}));
  EXPECT_EQ(batches, 0) << "nothing was asked";
  ASSERT_OK(Among(Numbers(0, 20)));
  EXPECT_EQ(batches, 1);
  EXPECT_EQ(server_.entry_streams, 0);
  ASSERT_OK(Among(Numbers(0, 9000)));
  EXPECT_EQ(batches, 1);
  EXPECT_GT(server_.entry_streams, 0);
}

TEST_F(SetOverlapTest, ALieInEitherWayIsDataLoss) {
  server_.on_batch = [](v1::BatchLookupResponse& answer) {
    answer.mutable_proof()->back() ^= 1;
  };
  EXPECT_STATUS(Among(Numbers(1, 20)), absl::StatusCode::kDataLoss, "does not verify");
  server_.on_batch = [](v1::BatchLookupResponse& answer) { answer.set_index_size(1); };
  EXPECT_STATUS(Among(Numbers(1, 20)), absl::StatusCode::kDataLoss, "another version");
  server_.on_chunk = [](v1::EntriesChunk& chunk) {
    chunk.mutable_bundle()->back() ^= 1;
  };
  EXPECT_STATUS(Among(Numbers(1, 900)), absl::StatusCode::kDataLoss,
                "not the set that the log committed to");
}

}  // namespace
}  // namespace setlog
