#include "client/static_reader.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <utility>

#include "client/log_audit.h"
#include "client/log_client.h"
#include "client/static_connection.h"
#include "client/tree_client.h"
#include "fakes/fake_files.h"
#include "fakes/fake_server.h"
#include "log/proof.h"
#include "proto/forms.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

constexpr char kOrigin[] = "example.org/a";

// The same log from files and from a server: "v1", one more index entry near the end,
// and some entries after it.
class StaticReaderTest : public testing::Test {
 protected:
  StaticReaderTest() {
    FakeLog& log = server_.Create(kOrigin);
    Fill(log, 0);
  }

  // 700 entries or so.
  static void Fill(FakeLog& log, uint64_t first) {
    for (uint64_t i = 0; i < 300; ++i) log.Add(HashN(first + i));
    log.Remove(HashN(first + 7));
    log.Index();
    log.Tag("v1");
    for (uint64_t i = 300; i < 690; ++i) log.Add(HashN(first + i));
    log.Index();
    for (uint64_t i = 690; i < 695; ++i) log.Add(HashN(first + i));
  }

  StaticConnection Open(const Published& files, FakeFiles::OnRead on_read = nullptr) {
    return StaticConnection(std::make_unique<FakeFiles>(&files, std::move(on_read)),
                            milliseconds(2000));
  }

  // Whoever has only the key: a head, all entries, and a proof of each kind.
  absl::StatusOr<std::string> ReadAll(const StaticConnection& files) {
    const TempDir home;
    const StateDirectory state = StateDirectory::Open(home.path()).value();
    LogClient client(&files.connection(), &state,
                     {.origin = kOrigin, .key = log().key()});
    const absl::StatusOr<VerifiedHead> head = client.Head();
    if (!head.ok()) return head.status();
    const TreeClient tree(&files.connection(), head->version.checkpoint);
    const uint64_t size = tree.head().size;
    if (auto proof = tree.Inclusion(size / 2, size); !proof.ok()) return proof.status();
    if (auto proof = tree.Consistency(size / 3, size); !proof.ok()) {
      return proof.status();
    }
    std::string all = std::to_string(head->version.index.m) + ":";
    const absl::Status read =
        tree.Entries(0, size, [&](uint64_t, std::span<const Bytes> entries) {
          for (Bytes entry : entries) all += AsText(entry);
          return absl::OkStatus();
        });
    if (!read.ok()) return read;
    return all;
  }

  FakeLog& log() { return server_.log(); }

  FakeServer server_;
};

template <typename Method, typename Request>
auto Ask(const Connection& connection, Method method, const Request& request) {
  return connection.Call(connection.reader(), method, request);
}

TEST_F(StaticReaderTest, EveryProofIsTheServers) {
  const Published files = PublishedOf(log(), log().size());
  const StaticConnection from = Open(files);
  const Connection server(server_.Channel(), "", milliseconds(0));
  const uint64_t size = log().size();
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    v1::GetInclusionProofRequest inclusion;
    inclusion.set_origin(kOrigin);
    inclusion.set_size(i == 0 ? size : 1 + random() % size);
    inclusion.set_index(random() % inclusion.size());
    const auto proof =
        Ask(from.connection(), &v1::Reader::Stub::GetInclusionProof, inclusion);
    ASSERT_OK(proof);
    EXPECT_EQ(proof->SerializeAsString(),
              Ask(server, &v1::Reader::Stub::GetInclusionProof, inclusion)
                  ->SerializeAsString());

    v1::GetConsistencyProofRequest consistency;
    consistency.set_origin(kOrigin);
    consistency.set_size2(inclusion.size());
    consistency.set_size1(1 + inclusion.index());
    const auto grown =
        Ask(from.connection(), &v1::Reader::Stub::GetConsistencyProof, consistency);
    ASSERT_OK(grown);
    EXPECT_EQ(grown->SerializeAsString(),
              Ask(server, &v1::Reader::Stub::GetConsistencyProof, consistency)
                  ->SerializeAsString());
  }
}

// Else the reader would find out, not know of which file, and find the damage again
// after the file was replaced.
TEST_F(StaticReaderTest, AProofFromADamagedTileNamesAFileAndIsNotKept) {
  const uint64_t size = log().size();
  const Published good = PublishedOf(log(), size);
  Published files = good;
  v1::GetInclusionProofRequest inclusion;
  inclusion.set_origin(kOrigin);
  v1::GetConsistencyProofRequest consistency;
  consistency.set_origin(kOrigin);
  int refused = 0;
  const auto expect_named = [&](const absl::Status& status) {
    EXPECT_STATUS(status, absl::StatusCode::kDataLoss, "tile");
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("damaged"));
    ++refused;
  };
  std::mt19937_64 random(2);
  for (const auto& [name, bytes] : good) {
    if (!name.starts_with("tile/0/") && !name.starts_with("tile/1/")) continue;
    for (size_t hash = 0; hash < bytes.size() / 32; hash += 5) {
      // Of the damaged leaf, of its neighbour, and of any.
      const uint64_t near = name.starts_with("tile/0/")
                                ? 256 * std::stoull(name.substr(7, 3)) + hash
                                : 256 * hash;
      inclusion.set_size(std::min(near + 1 + random() % 300, size));
      for (const uint64_t index : {near, near ^ 1, random() % inclusion.size()}) {
        files = good;
        files[name][32 * hash] ^= 1;
        // It has read nothing yet.
        const StaticConnection from = Open(files);
        inclusion.set_index(std::min(index, inclusion.size() - 1));
        const auto proof =
            Ask(from.connection(), &v1::Reader::Stub::GetInclusionProof, inclusion);
        if (!proof.ok()) expect_named(proof.status());
        consistency.set_size2(inclusion.size());
        consistency.set_size1(1 + inclusion.index());
        const auto grown =
            Ask(from.connection(), &v1::Reader::Stub::GetConsistencyProof, consistency);
        if (!grown.ok()) expect_named(grown.status());
        if (proof.ok()) {
          ASSERT_OK(VerifyInclusion(inclusion.index(), inclusion.size(),
                                    HashFromBytes(AsBytes(proof->leaf_hash())),
                                    SplitHashes(proof->path(), "path").value(),
                                    log().RootAt(inclusion.size())));
        }
        if (grown.ok()) {
          ASSERT_OK(VerifyConsistency(consistency.size1(), consistency.size2(),
                                      log().RootAt(consistency.size1()),
                                      log().RootAt(consistency.size2()),
                                      SplitHashes(grown->path(), "path").value()));
        }
        files = good;
        if (!proof.ok()) {
          EXPECT_OK(
              Ask(from.connection(), &v1::Reader::Stub::GetInclusionProof, inclusion));
        }
        if (!grown.ok()) {
          EXPECT_OK(Ask(from.connection(), &v1::Reader::Stub::GetConsistencyProof,
                        consistency));
        }
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST_F(StaticReaderTest, EveryHeadIsTheServers) {
  const Published files = PublishedOf(log(), log().size());
  const StaticConnection from = Open(files);
  const Connection server(server_.Channel(), "", milliseconds(0));
  std::vector<v1::GetHeadRequest> requests(5);
  requests[1].set_tag("v1");
  requests[2].set_known_size(300);
  requests[3].set_known_size(log().size());
  requests[4].set_cosigned(true);
  for (uint64_t size = 2; size <= log().size(); size += 23) {
    requests.emplace_back().set_size(size);
    requests.back().set_known_size(size - 1);
  }
  for (v1::GetHeadRequest& request : requests) {
    request.set_origin(kOrigin);
    const auto head = Ask(from.connection(), &v1::Reader::Stub::GetHead, request);
    ASSERT_OK(head) << request.ShortDebugString();
    EXPECT_EQ(head->SerializeAsString(),
              Ask(server, &v1::Reader::Stub::GetHead, request)->SerializeAsString())
        << request.ShortDebugString();
  }
}

TEST_F(StaticReaderTest, EveryRangeOfEntriesIsTheLogs) {
  const Published files = PublishedOf(log(), log().size());
  const StaticConnection from = Open(files);
  const uint64_t size = log().size();
  const uint64_t edges[] = {0, 1, 255, 256, 257, 511, 512, 600, size - 1, size};
  for (uint64_t begin : edges) {
    for (uint64_t end : edges) {
      if (begin >= end) continue;
      v1::GetEntriesRequest request;
      request.set_origin(kOrigin);
      request.set_begin(begin);
      request.set_end(end);
      const auto context = from.connection().NewContext(milliseconds(10000));
      const auto stream = from.connection().reader().GetEntries(context.get(), request);
      uint64_t position = begin;
      v1::EntriesChunk chunk;
      while (stream->Read(&chunk)) {
        EXPECT_EQ(chunk.begin(), position);
        const auto entries = ParseBundle(AsBytes(chunk.bundle()));
        ASSERT_OK(entries);
        for (Bytes entry : *entries) EXPECT_EQ(AsText(entry), log().entry(position++));
      }
      EXPECT_TRUE(stream->Finish().ok());
      EXPECT_EQ(position, end);
    }
  }
}

TEST_F(StaticReaderTest, WhatIsBeyondTheCheckpointIsOutOfRange) {
  const Published files = PublishedOf(log(), 300);
  const StaticConnection from = Open(files);
  v1::GetHeadRequest head;
  head.set_origin(kOrigin);
  head.set_size(301);
  EXPECT_STATUS(Ask(from.connection(), &v1::Reader::Stub::GetHead, head),
                absl::StatusCode::kOutOfRange, "301");
  head.set_tag("v9");
  EXPECT_STATUS(Ask(from.connection(), &v1::Reader::Stub::GetHead, head),
                absl::StatusCode::kNotFound, "v9");
  v1::GetInclusionProofRequest inclusion;
  inclusion.set_origin(kOrigin);
  inclusion.set_index(300);
  inclusion.set_size(301);
  EXPECT_STATUS(Ask(from.connection(), &v1::Reader::Stub::GetInclusionProof, inclusion),
                absl::StatusCode::kOutOfRange, "301");
  v1::GetConsistencyProofRequest consistency;
  consistency.set_origin(kOrigin);
  EXPECT_STATUS(
      Ask(from.connection(), &v1::Reader::Stub::GetConsistencyProof, consistency),
      absl::StatusCode::kOutOfRange, "size1");
}

TEST_F(StaticReaderTest, FilesHoldNoSetAndNameNoKey) {
  const Published files = PublishedOf(log(), log().size());
  const StaticConnection from = Open(files);
  EXPECT_STATUS(Ask(from.connection(), &v1::Reader::Stub::Lookup, v1::LookupRequest()),
                absl::StatusCode::kUnimplemented, "ask a server");
  EXPECT_STATUS(
      Ask(from.connection(), &v1::Reader::Stub::ListTags, v1::ListTagsRequest()),
      absl::StatusCode::kUnimplemented, "ask a server");
  EXPECT_STATUS(Ask(from.connection(), &v1::Reader::Stub::GetLog, v1::GetLogRequest()),
                absl::StatusCode::kFailedPrecondition, "--key VKEY");
}

TEST_F(StaticReaderTest, WhatIsNoLogIsNamedWithARemedy) {
  Published files;
  EXPECT_STATUS(ReadAll(Open(files)), absl::StatusCode::kNotFound, "setlog export");
  for (const char* note : {"", "rubbish\n", "a\n1\n\n\xe2\x80\x94 a b\n"}) {
    files["checkpoint"] = note;
    EXPECT_STATUS(ReadAll(Open(files)), absl::StatusCode::kDataLoss,
                  "memory/checkpoint");
  }
  FakeLog other(ManifestFor("example.org/b"));
  files = PublishedOf(other, other.size());
  EXPECT_STATUS(ReadAll(Open(files)), absl::StatusCode::kInvalidArgument,
                "is of example.org/b, not of example.org/a");
}

TEST_F(StaticReaderTest, EachMissingFileIsNamed) {
  const Published all = PublishedOf(log(), log().size());
  for (const auto& [name, content] : all) {
    if (name == "checkpoint") continue;
    Published files = all;
    files.erase(name);
    EXPECT_STATUS(ReadAll(Open(files)), absl::StatusCode::kDataLoss, name);
  }
}

TEST_F(StaticReaderTest, DamageIsRefusedOrChangesNothing) {
  const Published all = PublishedOf(log(), log().size());
  const absl::StatusOr<std::string> right = ReadAll(Open(all));
  ASSERT_OK(right);
  std::mt19937_64 random(2);
  int refused = 0;
  const auto expect_no_lie = [&](const Published& files, const std::string& name) {
    const absl::StatusOr<std::string> read = ReadAll(Open(files));
    if (read.ok()) {
      EXPECT_EQ(*read, *right) << name;
    } else {
      EXPECT_STATUS(read, absl::StatusCode::kDataLoss, "");
      ++refused;
    }
  };
  for (const auto& [name, content] : all) {
    for (int i = 0; i < 8; ++i) {
      Published files = all;
      files[name][random() % content.size()] ^= static_cast<char>(1 << random() % 8);
      expect_no_lie(files, name);
      files = all;
      files[name].resize(random() % content.size());
      expect_no_lie(files, name);
    }
    Published files = all;
    files[name] += std::string(1 + random() % 40, '\0');
    expect_no_lie(files, name);
    files = all;
    files[name].assign(size_t{3} << 20, 'x');
    expect_no_lie(files, name);
  }
  EXPECT_GT(refused, 100);
}

TEST_F(StaticReaderTest, ABundleThatIsNotTheLogsIsNamed) {
  const Published all = PublishedOf(log(), log().size());
  for (const auto& [name, content] : all) {
    if (!name.starts_with("tile/entries/")) continue;
    Published files = all;
    files[name][5000] ^= 1;
    EXPECT_STATUS(ReadAll(Open(files)), absl::StatusCode::kDataLoss, "memory/" + name);
  }
}

// Every hash of every tile, whether or not a proof needs it: three levels of them.
TEST_F(StaticReaderTest, WhoReadsAllEntriesOfADirectoryFindsEachWrongHash) {
  constexpr uint64_t kSize = 2 * 65536 + 300;
  FakeLog big(ManifestFor("example.org/big"));
  while (big.size() < kSize) big.Remove(HashN(1));
  Published files = PublishedOf(big, kSize);
  const auto read_all = [&] {
    const StaticConnection from(std::make_unique<FakeFiles>(&files), milliseconds(0));
    const Checkpoint head = OpenCheckpoint(files["checkpoint"], big.key()).value();
    const TreeClient tree(&from.connection(), head);
    return tree.Entries(
        0, kSize, [](uint64_t, std::span<const Bytes>) { return absl::OkStatus(); });
  };
  ASSERT_OK(read_all());
  std::mt19937_64 random(3);
  std::vector<std::string> names;
  for (const auto& [name, content] : files) {
    const bool tile = name.starts_with("tile/");
    // All above level 0, and some of it.
    const bool chosen = !name.starts_with("tile/0/") || random() % 64 == 0;
    if (tile && !name.starts_with("tile/entries/") && chosen) names.push_back(name);
  }
  ASSERT_GT(names.size(), 6u);
  for (const std::string& name : names) {
    std::string& content = files[name];
    for (int i = 0; i < 3; ++i) {
      const size_t at = i == 0   ? 0
                        : i == 1 ? content.size() - 1
                                 : random() % content.size();
      content[at] ^= 1;
      EXPECT_STATUS(read_all(), absl::StatusCode::kDataLoss, "lead to the root");
      content[at] ^= 1;
    }
    const std::string good = content;
    for (const size_t size : {size_t{0}, good.size() - 32, good.size() + 32}) {
      content.resize(size);
      EXPECT_STATUS(read_all(), absl::StatusCode::kDataLoss, "memory/" + name);
      content = good;
    }
    files.erase(name);
    EXPECT_STATUS(read_all(), absl::StatusCode::kDataLoss, "memory/" + name);
    files[name] = good;
  }
  EXPECT_OK(read_all());
}

TEST_F(StaticReaderTest, FilesOfAnotherLogAreRefused) {
  const Published all = PublishedOf(log(), log().size());
  FakeLog other(ManifestFor(kOrigin), "key");
  Fill(other, 5000);
  for (auto& [name, content] : PublishedOf(other, other.size())) {
    if (name == "checkpoint") continue;
    Published files = all;
    files[name] = content;
    EXPECT_STATUS(ReadAll(Open(files)), absl::StatusCode::kDataLoss, "");
  }
}

TEST_F(StaticReaderTest, FullFilesStandInForPartialOnesThatHaveGone) {
  const Published before = PublishedOf(log(), 300);
  Published files = before;
  Publish(log(), log().size(), files);
  files["checkpoint"] = before.at("checkpoint");
  for (const auto& [name, content] : before) {
    if (name.find("001.p/") != name.npos) files.erase(name);
  }
  ASSERT_FALSE(files.contains("tile/0/001.p/44"));
  ASSERT_TRUE(files.contains("tile/0/001"));
  const absl::StatusOr<std::string> read = ReadAll(Open(files));
  ASSERT_OK(read);
  EXPECT_EQ(*read, *ReadAll(Open(before)));
}

TEST_F(StaticReaderTest, ALogMayGrowWhileItIsRead) {
  Published files = PublishedOf(log(), 300);
  const absl::StatusOr<std::string> right = ReadAll(Open(files));
  // Exported anew each time that anything but the checkpoint is read.
  uint64_t size = 300;
  const absl::StatusOr<std::string> read =
      ReadAll(Open(files, [&](const std::string& name) {
        if (name != "checkpoint" && size < log().size()) {
          Publish(log(), size += 20, files);
        }
        return absl::OkStatus();
      }));
  ASSERT_OK(read);
  EXPECT_EQ(*read, *right);
  EXPECT_GT(size, 400);
}

TEST_F(StaticReaderTest, WhatMayPassIsTriedAgain) {
  const Published files = PublishedOf(log(), log().size());
  int failures = 5;
  const absl::StatusOr<std::string> read =
      ReadAll(Open(files, [&](const std::string& name) {
        if (name.find("entries") == name.npos || failures == 0) return absl::OkStatus();
        --failures;
        return absl::UnavailableError("lost");
      }));
  ASSERT_OK(read);
  EXPECT_EQ(failures, 0);
}

TEST_F(StaticReaderTest, ABigTreeWithoutFilesEndsAtOnce) {
  for (uint64_t size : {uint64_t{1} << 40, UINT64_MAX}) {
    Published files = PublishedOf(log(), log().size());
    files["checkpoint"] = log().NoteFor(size, HashN(1));
    EXPECT_STATUS(ReadAll(Open(files)), absl::StatusCode::kDataLoss, "tile/entries/x");
  }
}

TEST_F(StaticReaderTest, BundlesOfTheLongestEntriesAreRead) {
  FakeLog big(ManifestFor(kOrigin), "key");
  while (big.size() < 512) big.AppendBytes(std::string(kMaxEntryBytes, 'x'));
  const Published files = PublishedOf(big, big.size());
  const StaticConnection from = Open(files);
  const TempDir home;
  const StateDirectory state = StateDirectory::Open(home.path()).value();
  LogClient client(&from.connection(), &state, {.origin = kOrigin, .key = big.key()});
  const absl::StatusOr<VerifiedHead> head = client.Head();
  ASSERT_OK(head);
  LogAudit audit(&from.connection(), &*head, Replay(kOrigin));
  const auto finished = audit.Run([] { return absl::OkStatus(); });
  ASSERT_OK(finished);
  EXPECT_FALSE(*finished);
  ASSERT_TRUE(audit.fault().has_value());
  EXPECT_EQ(audit.fault()->position, 2);
}

TEST_F(StaticReaderTest, AHeadThatGoesBackOrAnotherWayIsNotTaken) {
  const TempDir home;
  const StateDirectory state = StateDirectory::Open(home.path()).value();
  const auto take = [&](const Published& files) {
    const StaticConnection from = Open(files);
    LogClient client(&from.connection(), &state,
                     {.origin = kOrigin, .key = log().key()});
    const absl::Status status = client.Head().status();
    return std::pair(status, client.conviction().has_value());
  };
  Published files = PublishedOf(log(), 500);
  EXPECT_OK(take(files).first);
  const auto [back, unproven] = take(PublishedOf(log(), 400));
  EXPECT_STATUS(back, absl::StatusCode::kDataLoss, "went back from size 500 to 400");
  EXPECT_FALSE(unproven);
  EXPECT_OK(take(PublishedOf(log(), 600)).first);
  // The same key signs another history.
  FakeLog other(ManifestFor(kOrigin), "key");
  Fill(other, 5000);
  const auto [forked, proven] = take(PublishedOf(other, other.size()));
  EXPECT_STATUS(forked, absl::StatusCode::kDataLoss, "");
  EXPECT_TRUE(proven);
}

TEST_F(StaticReaderTest, WrongTilesAreForgottenWhenRightOnesCome) {
  const Published right = PublishedOf(log(), log().size());
  Published files = right;
  for (auto& [name, content] : files) {
    if (name.starts_with("tile/0/")) content[5] ^= 1;
  }
  const StaticConnection from = Open(files);
  EXPECT_STATUS(ReadAll(from), absl::StatusCode::kDataLoss,
                "does not lead to the root");
  files = right;
  EXPECT_OK(ReadAll(from));
}

}  // namespace
}  // namespace setlog
