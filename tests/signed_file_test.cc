#include "model/signed_file.h"

#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

constexpr std::string_view kContent = "what is in the file";  // 19 bytes
// b2sum of the same.
constexpr std::string_view kBlake2b =
    "2a9269d68d2d760e6f18be66beda2e7b20674136d751d88b0bef4ada46177fca"
    "8a0defb2cb185fae2a441d29c4f1e8eaa24cafc7bdd61b151c946ae4f7f57c8f";

Digest Sha256Of(std::string_view part) {
  return DigestFromBytes(Sha256(AsBytes(part)));
}

ModelStatement Files() {
  return {.subject = "m",
          .resources = {{"a", Sha256Of("x")}, {"data.json", Sha256Of(kContent)}}};
}

// In the order of names, which is not that of the parts.
ModelStatement Shards() {
  ModelStatement statement{
      .subject = "m",
      .serialization = {.method = ModelMethod::kShards, .shard_bytes = 5}};
  for (size_t begin : {0u, 10u, 15u, 5u}) {
    const std::string_view part = kContent.substr(begin, 5);
    statement.resources.push_back(
        {FormatShardName({"data.json", begin, begin + part.size()}), Sha256Of(part)});
  }
  return statement;
}

absl::Status Check(const ModelStatement& statement, std::string_view content,
                   std::string_view name = "data.json") {
  return CheckSignedFile(statement, name, AsBytes(content));
}

TEST(SignedFileTest, OnlyTheSignedContentIsTaken) {
  for (const ModelStatement& statement : {Files(), Shards()}) {
    EXPECT_OK(Check(statement, kContent));
    for (size_t i = 0; i < kContent.size(); ++i) {
      std::string other(kContent);
      other[i] ^= 1;
      EXPECT_STATUS(Check(statement, other), StatusCode::kDataLoss, "data.json");
      EXPECT_STATUS(Check(statement, kContent.substr(0, i)), StatusCode::kDataLoss,
                    "data.json");
    }
    const std::string longer = std::string(kContent) + "!";
    EXPECT_STATUS(Check(statement, longer), StatusCode::kDataLoss, "data.json");
  }
}

TEST(SignedFileTest, AFileThatIsNotListedIsNotSigned) {
  EXPECT_STATUS(Check(Files(), kContent, "b"), StatusCode::kNotFound,
                "b was not signed");
  EXPECT_STATUS(Check(Shards(), kContent, "data.json:0:5"), StatusCode::kNotFound,
                "not signed");
  EXPECT_STATUS(Check({.subject = "m"}, kContent), StatusCode::kNotFound, "not signed");
  EXPECT_TRUE(ListsFile(Files(), "data.json"));
  EXPECT_TRUE(ListsFile(Shards(), "data.json"));
  EXPECT_FALSE(ListsFile(Files(), "b"));
  EXPECT_FALSE(ListsFile(Shards(), "data.json:0:5"));
}

TEST(SignedFileTest, TheDigestIsOfTheKindThatTheStatementSays) {
  ModelStatement statement{
      .subject = "m",
      .serialization = {.digest = DigestKind::kBlake2b},
      .resources = {
          {"data.json", DigestFromHex(DigestKind::kBlake2b, kBlake2b).value()}}};
  EXPECT_OK(Check(statement, kContent));
  statement.serialization.digest = DigestKind::kSha256;
  EXPECT_STATUS(Check(statement, kContent), StatusCode::kDataLoss, "data.json");
  statement.serialization.digest = DigestKind::kBlake3;
  EXPECT_STATUS(Check(statement, kContent), StatusCode::kUnimplemented, "blake3");
}

}  // namespace
}  // namespace setlog
