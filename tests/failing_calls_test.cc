// Whatever asks a server several things: each of its calls fails in turn, and that is
// what is reported. None is taken for an answer, and none is overlooked.

#include <functional>

#include "client/append_check.h"
#include "client/covering.h"
#include "client/fault_evidence.h"
#include "client/log_audit.h"
#include "client/log_client.h"
#include "client/set_difference.h"
#include "fakes/fake_server.h"
#include "log/set_tree.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr char kLog[] = "example.org/a";

class FailingCallsTest : public testing::Test {
 protected:
  FailingCallsTest()
      : connection_(server_.Channel(), "", std::chrono::milliseconds(0)) {
    server_.Create(kLog);
    for (int i = 0; i < 10; ++i) log().Add(HashN(i));
    log().Index();
    log().Tag("v1");
    log().Remove(HashN(3));
    log().Index();
  }
  FakeLog& log() { return server_.log(); }
  TreeClient Tree() {
    const uint64_t size = log().size();
    return TreeClient(&connection_, {kLog, size, log().RootAt(size), {}});
  }
  VerifiedHead Head(const At& at = {}) {
    const TempDir dir;
    const StateDirectory state = StateDirectory::Open(dir.path()).value();
    LogClient client(&connection_, &state, {.origin = kLog, .key = log().key()});
    return client.Head(at).value();
  }

  // Asks until no call is left that could fail; how many there are.
  int FailEachCallOf(const std::function<absl::Status()>& ask) {
    for (size_t before = 0;; ++before) {
      server_.failures.assign(before, grpc::Status::OK);
      server_.failures.emplace_back(grpc::StatusCode::PERMISSION_DENIED, "not you");
      const absl::Status status = ask();
      if (!server_.failures.empty()) {
        server_.failures.clear();
        EXPECT_OK(status);
        return static_cast<int>(before);
      }
      EXPECT_STATUS(status, StatusCode::kPermissionDenied, "not you");
      if (HasFailure()) return 0;
    }
  }

  FakeServer server_;
  Connection connection_;
};

TEST_F(FailingCallsTest, OfTheHashesAroundARange) {
  for (uint64_t size : {17u, 31u, 32u}) {
    while (log().size() < size) log().Add(HashN(log().size()));
    const TreeClient tree = Tree();
    for (uint64_t begin : {uint64_t{0}, uint64_t{5}, size - 1}) {
      for (uint64_t end : {begin + 1, size}) {
        const auto fetch = [&] { return FetchRange(tree, begin, end).status(); };
        EXPECT_GE(FailEachCallOf(fetch), 1) << begin << " " << end;
      }
    }
    EXPECT_GE(FailEachCallOf([&] { return HashesBefore(tree, size).status(); }), 1);
    const auto prove = [&] { return ProveEntry(tree, 5, log().entry(5)).status(); };
    EXPECT_EQ(FailEachCallOf(prove), 1);
    EXPECT_STATUS(ProveEntry(tree, 5, log().entry(6)), StatusCode::kDataLoss,
                  "another entry stands at position 5");
  }
}

TEST_F(FailingCallsTest, OfTheCheckOfAnAppend) {
  const std::vector<Hash> sent = {HashN(50), HashN(51), HashN(52)};
  for (bool alone : {true, false}) {
    AppendResult result{.added = 3, .first = log().size()};
    for (const Hash& hash : sent) {
      log().Add(hash);
      if (!alone) log().Index();
    }
    result.end = log().size() - (alone ? 0 : 1);
    log().Index();
    const TreeClient tree = Tree();
    const auto check = [&](const AppendCheckLimits& limits) {
      return CheckAppended(
          tree, Operation::kAdd, result,
          [&](uint64_t begin, const RecordPieces& callback) {
            return callback(std::span(sent).subspan(begin));
          },
          limits);
    };
    EXPECT_GE(FailEachCallOf([&] { return check({}); }), 2);
    const AppendCheckLimits samples{.fetched = 4, .samples = 1};
    EXPECT_GE(FailEachCallOf([&] { return check(samples); }), 2);
  }
}

TEST_F(FailingCallsTest, OfAnAudit) {
  log().Add(HashN(20));
  const VerifiedHead head = Head();
  Replay cut(kLog);
  const Bytes manifest = AsBytes(log().entry(0));
  ASSERT_FALSE(cut.Feed(std::span(&manifest, 1)));
  const auto prefix = [&] {
    LogAudit audit(&connection_, &head, cut);
    return audit.CheckPrefix();
  };
  EXPECT_EQ(FailEachCallOf(prefix), 1);
  const auto run = [&] {
    LogAudit audit(&connection_, &head, cut);
    return audit.Run([] { return absl::OkStatus(); }).status();
  };
  EXPECT_GE(FailEachCallOf(run), 1);
}

TEST_F(FailingCallsTest, OfTheEvidenceOfEveryFault) {
  std::vector<Hash> members;
  for (int i = 0; i < 10; ++i) members.push_back(HashN(i));  // 3 is among them
  const std::function<void()> faults[] = {
      [&] { log().AppendBytes("\x05"); },
      [&] { log().Append(log().IndexAt(log().indexes().back())); },
      [&] {
        log().Append(TagEntry{log().indexes().back(), "v1"});
      },
      [&] {
        log().Append(TagEntry{5, "v2"});
      },
      [&] { log().IndexAs(10, SetRootOfValues(members)); },
      [&] {
        // The last index entry's own set is needed to show it: 4 was a member.
        log().Remove(HashN(4));
        log().IndexAs(9, SetRootOfValues(members));
      },
  };
  for (const auto& fault : faults) {
    server_.Create(kLog);
    for (const Hash& member : members) log().Add(member);
    log().Index();
    log().Tag("v1");
    log().Remove(HashN(3));
    log().Index();
    fault();
    log().Add(HashN(100));
    log().Index();
    const VerifiedHead head = Head();
    LogAudit audit(&connection_, &head, Replay(kLog));
    ASSERT_OK(audit.Run([] { return absl::OkStatus(); }));
    ASSERT_TRUE(audit.fault());
    EXPECT_GE(FailEachCallOf([&] { return audit.MakeEvidence().status(); }), 1);
  }
}

TEST_F(FailingCallsTest, OfTheEvidenceOfAFork) {
  const std::string seen = log().NoteAt(log().size());
  const uint64_t seen_size = log().size();
  server_.Create(kLog);
  while (log().size() < seen_size + 6) log().Add(HashN(1000 + log().size()));
  const TreeClient tree = Tree();
  const std::string note = log().NoteAt(log().size());
  const auto make = [&] {
    return MakeForkEvidence(tree, seen, seen_size, note).status();
  };
  EXPECT_GE(FailEachCallOf(make), 3);
}

TEST_F(FailingCallsTest, OfTheDifferenceOfTwoVersions) {
  const VerifiedHead older = Head({.tag = "v1"});
  const VerifiedHead newer = Head();
  const auto find = [&] {
    SetDifference between(&connection_, &older, &newer);
    return between.Find([](const char*, uint64_t, uint64_t) {}).status();
  };
  EXPECT_GE(FailEachCallOf(find), 3);
}

}  // namespace
}  // namespace setlog
