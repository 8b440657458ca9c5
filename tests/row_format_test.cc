#include "storage/row_format.h"

#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

TEST(RowFormatTest, EveryRowComesBack) {
  StoreId id{};
  id[0] = 7;
  EXPECT_EQ(*ParseIdentity(EncodeIdentity(id)), id);
  const CommitRow row{{5, Hash{{1}}}, {4, Hash{{2}}}};
  const absl::StatusOr<CommitRow> commit = ParseCommitRow(EncodeCommitRow(row));
  ASSERT_OK(commit);
  EXPECT_EQ(commit->commit, row.commit);
  EXPECT_EQ(commit->previous, row.previous);
  const StoredHead head{9, Hash{{3}}};
  const absl::StatusOr<LogRecord> log = ParseLogRow(LogKey(2), EncodeLogRow(head, "a"));
  ASSERT_OK(log);
  EXPECT_EQ(log->log, 2u);
  EXPECT_EQ(log->head, head);
  EXPECT_EQ(log->origin, "a");
}

TEST(RowFormatTest, AnIdentityOfAnotherFormIsDataLossOfAnotherVersionIsNot) {
  const std::string row = EncodeIdentity(StoreId{});
  for (size_t size = 0; size < row.size(); ++size) {
    EXPECT_STATUS(ParseIdentity(row.substr(0, size)), StatusCode::kDataLoss,
                  "identity row");
  }
  EXPECT_STATUS(ParseIdentity(row + "x"), StatusCode::kDataLoss, "length");
  EXPECT_STATUS(ParseIdentity("S" + row.substr(1)), StatusCode::kDataLoss, "malformed");
  std::string later = row;
  later[row.size() - 17] = 2;  // the last byte before the ID
  EXPECT_STATUS(ParseIdentity(later + "more"), StatusCode::kFailedPrecondition,
                "version 2");
}

TEST(RowFormatTest, ACommitRowHoldsTwoNeighbours) {
  for (const auto& [newer, older, legal] : {std::tuple{0, 0, true},
                                            {1, 0, true},
                                            {6, 5, true},
                                            {6, 6, false},
                                            {6, 4, false},
                                            {5, 6, false},
                                            {0, 1, false}}) {
    const std::string row = EncodeCommitRow({{static_cast<uint64_t>(newer), Hash()},
                                             {static_cast<uint64_t>(older), Hash()}});
    EXPECT_EQ(ParseCommitRow(row).ok(), legal) << newer << " after " << older;
    EXPECT_STATUS(ParseCommitRow(row + "x"), StatusCode::kDataLoss, "length");
    EXPECT_STATUS(ParseCommitRow(row.substr(1)), StatusCode::kDataLoss, "length");
  }
  EXPECT_STATUS(ParseCommitRow(""), StatusCode::kDataLoss, "length");
}

TEST(RowFormatTest, ALogRowHasItsKeyAndAnOrigin) {
  const std::string key = LogKey(2), value = EncodeLogRow({9, Hash()}, "a");
  const std::string other_kind = CommitKey() + key.substr(CommitKey().size());
  for (const std::string& wrong :
       {std::string(), key.substr(1), key + "x", other_kind}) {
    EXPECT_STATUS(ParseLogRow(wrong, value), StatusCode::kDataLoss, "malformed");
  }
  // An origin is not empty, so it also bounds how short a row may be.
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_STATUS(ParseLogRow(key, value.substr(0, size)), StatusCode::kDataLoss,
                  "malformed");
  }
}

}  // namespace
}  // namespace setlog
