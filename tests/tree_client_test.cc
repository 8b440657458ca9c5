#include "client/tree_client.h"

#include "fakes/fake_server.h"
#include "log/proof.h"
#include "log/tile.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;

class TreeClientTest : public testing::Test {
 protected:
  TreeClientTest() : connection_(server_.Channel(), "", milliseconds(2000)) {
    server_.Create("example.org/a");
  }

  // A client that has verified the head of the first `size` entries.
  TreeClient ClientAt(uint64_t size) {
    while (log().size() < size) log().Add(HashN(log().size()));
    return TreeClient(&connection_, {"example.org/a", size, log().RootAt(size), {}});
  }
  FakeLog& log() { return server_.log(); }

  // The entries that come, after checking that they are the log's.
  absl::StatusOr<uint64_t> Count(const TreeClient& client, uint64_t begin,
                                 uint64_t end) {
    uint64_t next = begin;
    const absl::Status status =
        client.Entries(begin, end, [&](uint64_t at, std::span<const Bytes> entries) {
          EXPECT_EQ(at, next);
          EXPECT_LE(entries.size(), TreeClient::kWindowEntries);
          for (Bytes entry : entries) EXPECT_EQ(AsText(entry), log().entry(next++));
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    return next - begin;
  }

  FakeServer server_;
  Connection connection_;
};

TEST_F(TreeClientTest, EveryProofUpToSize40IsTiedToTheHead) {
  const TreeClient client = ClientAt(40);
  log().Add(HashN(0));  // the log has grown since
  for (uint64_t size = 1; size <= 40; ++size) {
    for (uint64_t i = 0; i < size; ++i) {
      const absl::StatusOr<InclusionResult> proof = client.Inclusion(i, size);
      ASSERT_OK(proof);
      EXPECT_EQ(proof->leaf_hash, LeafHash(AsBytes(log().entry(i))));
      EXPECT_EQ(proof->root, log().RootAt(size));
      const absl::StatusOr<ConsistencyResult> grown = client.Consistency(i + 1, size);
      ASSERT_OK(grown);
      EXPECT_EQ(grown->root1, log().RootAt(i + 1));
      EXPECT_EQ(grown->root2, log().RootAt(size));
    }
  }
}

TEST_F(TreeClientTest, NothingIsAskedBeyondTheVerifiedHead) {
  const TreeClient client = ClientAt(10);
  log().Add(HashN(0));
  EXPECT_EQ(client.Inclusion(10, 11).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(client.Inclusion(5, 5).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(client.Consistency(0, 5).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(client.Consistency(6, 5).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(client.Consistency(5, 11).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(Count(client, 0, 11).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(Count(client, 4, 3).status().code(), StatusCode::kOutOfRange);
}

TEST_F(TreeClientTest, ProofsOfAnotherHistoryAreRefused) {
  const TreeClient client = ClientAt(20);
  // The server goes on with a log that differs from entry 2 on; its proofs are sound
  // for itself.
  server_.Create("example.org/a");
  while (log().size() < 20) log().Add(HashN(1000 + log().size()));
  EXPECT_STATUS(client.Inclusion(3, 20), StatusCode::kDataLoss, "");
  EXPECT_STATUS(client.Inclusion(3, 10), StatusCode::kDataLoss, "");
  EXPECT_STATUS(client.Consistency(3, 20), StatusCode::kDataLoss, "");
  EXPECT_STATUS(client.Consistency(3, 10), StatusCode::kDataLoss, "");
  EXPECT_STATUS(Count(client, 0, 20), StatusCode::kDataLoss, "");
  EXPECT_STATUS(Count(client, 3, 7), StatusCode::kDataLoss, "");
}

TEST_F(TreeClientTest, EveryFlippedBitOfAProofIsDataLoss) {
  const TreeClient client = ClientAt(21);
  for (size_t byte = 0; byte < 5 * Hash::kSize; ++byte) {
    server_.on_inclusion = [&](v1::InclusionProof& p) {
      ASSERT_EQ(p.path().size(), 5 * Hash::kSize);
      (*p.mutable_path())[byte] ^= 1;
    };
    EXPECT_STATUS(client.Inclusion(3, 21), StatusCode::kDataLoss, "");
  }
  server_.on_inclusion = [](v1::InclusionProof& p) { p.set_size(20); };
  EXPECT_STATUS(client.Inclusion(3, 21), StatusCode::kDataLoss, "another size");
  server_.on_inclusion = [](v1::InclusionProof& p) { p.mutable_path()->pop_back(); };
  EXPECT_STATUS(client.Inclusion(3, 21), StatusCode::kDataLoss, "whole number");
  server_.on_inclusion = [](v1::InclusionProof& p) { p.set_root("short"); };
  EXPECT_STATUS(client.Inclusion(3, 21), StatusCode::kDataLoss, "32 bytes");
  server_.on_consistency = [](v1::ConsistencyProof& p) {
    (*p.mutable_root1())[0] ^= 1;
  };
  EXPECT_STATUS(client.Consistency(3, 21), StatusCode::kDataLoss, "");
}

TEST_F(TreeClientTest, EveryFailedCallIsReportedAsItFailed) {
  const TreeClient client = ClientAt(21);
  const grpc::Status denied(grpc::StatusCode::PERMISSION_DENIED, "not you");
  // The first call, or the one that ties its answer to the head.
  for (bool answered : {false, true}) {
    const auto fail = [&] {
      server_.failures = {denied};
      if (answered) server_.failures.insert(server_.failures.begin(), grpc::Status::OK);
    };
    fail();
    EXPECT_STATUS(client.Inclusion(3, 10), StatusCode::kPermissionDenied, "not you");
    fail();
    EXPECT_STATUS(client.Consistency(3, 10), StatusCode::kPermissionDenied, "not you");
    fail();
    EXPECT_STATUS(Count(client, 13, 21), StatusCode::kPermissionDenied, "not you");
  }
}

TEST_F(TreeClientTest, EveryMalformedFieldOfAProofIsRefused) {
  const TreeClient client = ClientAt(21);
  server_.on_inclusion = [](v1::InclusionProof& p) { p.set_leaf_hash("short"); };
  EXPECT_STATUS(client.Inclusion(3, 21), StatusCode::kDataLoss, "leaf_hash");
  server_.on_inclusion = [](v1::InclusionProof& p) { p.mutable_path()->pop_back(); };
  EXPECT_STATUS(Count(client, 13, 21), StatusCode::kDataLoss, "whole number");
  server_.on_inclusion = nullptr;

  const auto lie = [&](const std::function<void(v1::ConsistencyProof&)>& on) {
    server_.on_consistency = on;
    return client.Consistency(3, 21).status();
  };
  EXPECT_OK(lie(nullptr));
  EXPECT_STATUS(lie([](v1::ConsistencyProof& p) { p.set_root1("short"); }),
                StatusCode::kDataLoss, "root1");
  EXPECT_STATUS(lie([](v1::ConsistencyProof& p) { p.set_root2("short"); }),
                StatusCode::kDataLoss, "root2");
  EXPECT_STATUS(lie([](v1::ConsistencyProof& p) { p.set_size2(20); }),
                StatusCode::kDataLoss, "another size");
  EXPECT_STATUS(lie([](v1::ConsistencyProof& p) { p.mutable_path()->pop_back(); }),
                StatusCode::kDataLoss, "whole number");
  // The proof that ties an older root to the head.
  EXPECT_STATUS(client.Inclusion(3, 10), StatusCode::kDataLoss, "whole number");
}

TEST_F(TreeClientTest, EveryRangeOfASmallLogComesAsItIs) {
  const TreeClient client = ClientAt(33);
  for (uint64_t begin = 0; begin <= 33; ++begin) {
    for (uint64_t end = begin; end <= 33; ++end) {
      const absl::StatusOr<uint64_t> count = Count(client, begin, end);
      ASSERT_OK(count);
      ASSERT_EQ(*count, end - begin);
    }
  }
}

TEST_F(TreeClientTest, LongRangesComeInWindowsAndGoOnAfterALoss) {
  const uint64_t size = TreeClient::kWindowEntries + 1000;
  const TreeClient client = ClientAt(size);
  for (uint64_t begin : {0, 1, 255, 256, 700}) {
    EXPECT_EQ(Count(client, begin, size).value(), size - begin);
  }
  server_.messages_before_loss = 100;
  EXPECT_EQ(Count(client, 3, size).value(), size - 3);
}

TEST_F(TreeClientTest, AnyChangedLeftOutOrAddedEntryIsRefusedBeforeItIsSeen) {
  const TreeClient client = ClientAt(700);
  const std::vector<std::function<void(v1::EntriesChunk&)>> lies = {
      [](v1::EntriesChunk& c) { (*c.mutable_bundle())[20] ^= 1; },
      [](v1::EntriesChunk& c) { c.mutable_bundle()->back() ^= 1; },
      [](v1::EntriesChunk& c) { c.mutable_bundle()->pop_back(); },
      [](v1::EntriesChunk& c) { c.mutable_bundle()->clear(); },
      [](v1::EntriesChunk& c) { c.set_begin(c.begin() + 1); },
      [](v1::EntriesChunk& c) {
        (void)AppendToBundle(AsBytes("extra"), c.mutable_bundle());
      },
      [&](v1::EntriesChunk& c) {  // the entry before instead of the last
        const std::vector<Bytes> entries = ParseBundle(AsBytes(c.bundle())).value();
        std::vector<Bytes> swapped = entries;
        std::swap(swapped[0], swapped[1]);
        c.set_bundle(EncodeBundle(swapped).value());
      }};
  for (const auto& lie : lies) {
    server_.on_chunk = lie;
    for (uint64_t begin : {0, 13, 300, 600}) {
      bool called = false;
      const absl::Status status =
          client.Entries(begin, 690, [&](uint64_t, std::span<const Bytes>) {
            called = true;
            return absl::OkStatus();
          });
      EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
      EXPECT_FALSE(called);
    }
  }
  // Wrong peaks for the entries before the range.
  server_.on_chunk = nullptr;
  server_.on_inclusion = [](v1::InclusionProof& p) { (*p.mutable_path())[0] ^= 1; };
  EXPECT_STATUS(Count(client, 13, 690), StatusCode::kDataLoss, "");
  server_.on_inclusion = [](v1::InclusionProof& p) { p.clear_path(); };
  EXPECT_STATUS(Count(client, 13, 690), StatusCode::kDataLoss, "peaks");
}

TEST_F(TreeClientTest, TheCallbacksErrorEndsTheStream) {
  const TreeClient client = ClientAt(33);
  EXPECT_STATUS(client.Entries(0, 33,
                               [](uint64_t, std::span<const Bytes>) {
                                 return absl::CancelledError("enough");
                               }),
                StatusCode::kCancelled, "enough");
}

TEST(PeaksTest, RootsAreTheDefinedOnesHoweverTheLeavesCome) {
  Rfc6962Model model = EntryTree();
  std::vector<Hash> leaves;
  for (uint64_t i = 0; i < 1500; ++i) leaves.push_back(EntryLeaf(i));
  for (size_t step : {1, 3, 255, 256, 257, 600, 1500}) {
    Peaks peaks;
    for (size_t at = 0; at < leaves.size(); at += step) {
      peaks.Append(std::span(leaves).subspan(at, std::min(step, leaves.size() - at)));
      ASSERT_EQ(peaks.Root(), model.Mth(0, peaks.size()));
    }
  }
  EXPECT_EQ(Peaks().Root(), EmptyRoot());
  EXPECT_EQ(Peaks::Restore(5, {leaves[0]}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace setlog
