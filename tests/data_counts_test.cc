// What follows from counts, and that they alone never show that all are here.
#include "client/data_counts.h"

#include "testing.h"

namespace setlog {
namespace {

struct Judged {
  DataCounts counts;
  bool all;
  bool subset;
};

TEST(JudgeDataTest, OnlyTheRootShowsThatAllAreHere) {
  for (const Judged& judged : {
           Judged{{.members = 5, .distinct = 5, .same_root = true}, true, true},
           Judged{{.members = 5, .distinct = 4}, false, true},
           Judged{{.members = 5, .distinct = 5, .not_members = 1}, false, false},
           Judged{{.members = 5, .distinct = 6, .not_members = 1}, false, false},
           Judged{{.members = 5, .distinct = 9, .not_members = 9}, false, false},
           Judged{{.members = 0, .distinct = 2, .not_members = 2}, false, false},
       }) {
    const auto all = JudgeData(judged.counts, false);
    const auto subset = JudgeData(judged.counts, true);
    ASSERT_OK(all);
    ASSERT_OK(subset);
    EXPECT_EQ(*all, judged.all);
    EXPECT_EQ(*subset, judged.subset);
  }
}

TEST(JudgeDataTest, ACountThatContradictsTheProofsIsDataLoss) {
  const DataCounts as_counted = {.members = 5, .distinct = 5};
  EXPECT_STATUS(JudgeData(as_counted, false), absl::StatusCode::kDataLoss,
                "is not that of these");
  for (const uint64_t members : {4, 6}) {
    for (const bool subset : {false, true}) {
      EXPECT_STATUS(
          JudgeData({.members = members, .distinct = 5, .same_root = true}, subset),
          absl::StatusCode::kDataLoss, "have the set root, and are 5");
    }
  }
  const DataCounts more = {.members = 5, .distinct = 7, .not_members = 1};
  for (const bool subset : {false, true}) {
    EXPECT_STATUS(JudgeData(more, subset), absl::StatusCode::kDataLoss,
                  "6 members were shown of a set that has 5");
  }
}

}  // namespace
}  // namespace setlog
