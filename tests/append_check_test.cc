// Acknowledged records that do not stand where the server said are found out.

#include "client/append_check.h"

#include "fakes/fake_server.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

class AppendCheckTest : public testing::Test {
 protected:
  AppendCheckTest() {
    server_.Create("example.org/a").Add(HashN(1));
    connection_ = std::make_unique<Connection>(server_.Channel(), "",
                                               std::chrono::milliseconds(0));
  }

  // Appends records 0 ... count - 1, where `stored` says what becomes of each, and an
  // index entry before every `others`-th one (0: none).
  AppendResult Append(uint64_t count, uint64_t others,
                      const std::function<Hash(uint64_t)>& stored) {
    AppendResult result{.added = count};
    for (uint64_t i = 0; i < count; ++i) {
      sent_.push_back(HashN(100 + i));
      if (i > 0 && others > 0 && i % others == 0) server_.log().Index();
      const uint64_t position = server_.log().Add(stored(i));
      if (i == 0) result.first = position;
      result.end = position + 1;
    }
    server_.log().Index();
    result.size = server_.log().size();
    return result;
  }
  absl::Status Check(const AppendResult& result, Operation operation = Operation::kAdd,
                     const AppendCheckLimits& limits = {}) {
    FakeLog& log = server_.log();
    const TreeClient tree(connection_.get(),
                          {log.origin(), log.size(), log.RootAt(log.size()), {}});
    return CheckAppended(
        tree, operation, result,
        [&](uint64_t begin, const RecordPieces& callback) {
          const std::span<const Hash> all(sent_);
          return callback(all.subspan(begin));
        },
        limits);
  }
  static Hash Same(uint64_t i) { return HashN(100 + i); }

  FakeServer server_;
  std::unique_ptr<Connection> connection_;
  std::vector<Hash> sent_;
};

TEST_F(AppendCheckTest, WhatStandsThereIsAccepted) {
  const AppendResult alone = Append(20, 0, Same);
  EXPECT_OK(Check(alone));
  EXPECT_STATUS(Check(alone, Operation::kRemove), StatusCode::kDataLoss,
                "acknowledged");
  sent_.clear();
  EXPECT_OK(Check(Append(20, 7, Same)));
  EXPECT_OK(Check(AppendResult{}));
}

TEST_F(AppendCheckTest, EveryRecordThatIsMissingIsFound) {
  for (uint64_t others : {0, 3}) {
    for (uint64_t missing = 0; missing < 10; ++missing) {
      sent_.clear();
      const AppendResult result = Append(
          10, others, [&](uint64_t i) { return i == missing ? HashN(5) : Same(i); });
      EXPECT_STATUS(Check(result), StatusCode::kDataLoss, "acknowledged 10 records");
    }
  }
}

TEST_F(AppendCheckTest, RecordsInAnotherOrderAreFound) {
  for (uint64_t others : {0, 3}) {
    sent_.clear();
    EXPECT_STATUS(Check(Append(4, others, [](uint64_t i) { return Same(3 - i); })),
                  StatusCode::kDataLoss, "acknowledged");
  }
}

TEST_F(AppendCheckTest, PositionsThatAreNotTheRecordsAreFound) {
  AppendResult result = Append(10, 0, Same);
  result.first -= 1;
  result.end -= 1;
  EXPECT_STATUS(Check(result), StatusCode::kDataLoss, "acknowledged");
  result.end = server_.log().size() + 1;
  EXPECT_STATUS(Check(result), StatusCode::kDataLoss, "signed head has size");
}

TEST_F(AppendCheckTest, OfVeryManySomeAreLookedAt) {
  const AppendCheckLimits limits{.fetched = 200, .samples = 32};
  EXPECT_OK(Check(Append(300, 100, Same), Operation::kAdd, limits));
  sent_.clear();
  // The first, the last, and half of the others: missed once in 2^32.
  EXPECT_STATUS(
      Check(Append(300, 100, [](uint64_t i) { return i == 0 ? HashN(5) : Same(i); }),
            Operation::kAdd, limits),
      StatusCode::kDataLoss, "record number 0 ");
  sent_.clear();
  EXPECT_STATUS(
      Check(Append(300, 100, [](uint64_t i) { return i == 299 ? HashN(5) : Same(i); }),
            Operation::kAdd, limits),
      StatusCode::kDataLoss, "record number 299 ");
  sent_.clear();
  EXPECT_STATUS(
      Check(Append(300, 100,
                   [](uint64_t i) { return i % 299 == 0 ? Same(i) : HashN(5); }),
            Operation::kAdd, limits),
      StatusCode::kDataLoss, "is not there");
}

// How many entries others appended is the server's word.
TEST_F(AppendCheckTest, NoAnswerMakesTheClientFetchMoreThanItMay) {
  uint64_t fetched = 0;
  server_.on_chunk = [&](v1::EntriesChunk& chunk) {
    const std::string& bundle = chunk.bundle();
    for (size_t at = 0; at < bundle.size(); ++fetched) {
      const auto byte = [&](size_t i) { return static_cast<uint8_t>(bundle[i]); };
      at += 2 + size_t{byte(at)} * 256 + byte(at + 1);
    }
  };
  const AppendCheckLimits limits{.fetched = 40, .samples = 32};
  EXPECT_OK(Check(Append(50, 1, Same), Operation::kAdd, limits));
  EXPECT_EQ(fetched, 2u);  // the first and the last
  sent_.clear();
  fetched = 0;
  EXPECT_OK(Check(Append(50, 4, Same), Operation::kAdd, limits));
  EXPECT_GT(fetched, 2u);
  EXPECT_LE(fetched, 2u + limits.fetched);
}

}  // namespace
}  // namespace setlog
