#include "model/reuse.h"
#include "testing.h"

namespace setlog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kSigned = 1'000;

ModelResource Resource(const std::string& name, uint8_t content) {
  Digest digest;
  digest.size = 32;
  digest.bytes[0] = content;
  return {.name = name, .digest = digest};
}
ModelTree Tree(std::vector<ModelFile> files) { return {.files = std::move(files)}; }
std::vector<std::string> Names(const std::vector<ModelFile>& files) {
  std::vector<std::string> names;
  for (const ModelFile& file : files) names.push_back(file.name);
  return names;
}

TEST(ReuseDigestsTest, OnlyWhatIsOlderThanTheSignatureIsTakenFromIt) {
  const ModelStatement earlier = {.resources = {Resource("a", 1), Resource("b", 2),
                                                Resource("c", 3), Resource("d", 4),
                                                Resource("gone", 5)}};
  const ModelTree tree = Tree({{"a", 10, kSigned - 1},
                               {"b", 10, kSigned},
                               {"c", 10, kSigned + 1},
                               {"d", 10, kSigned - 1, kSigned},
                               {"new", 10, kSigned - 1}});
  const auto reused = ReuseDigests(earlier, {}, tree, kSigned);
  ASSERT_OK(reused);
  EXPECT_THAT(reused->resources, ElementsAre(Resource("a", 1)));
  // At the very time it may have been written after it was read.
  EXPECT_THAT(Names(reused->unread.files), ElementsAre("b", "c", "d", "new"));
}

TEST(ReuseDigestsTest, AnotherModelsDigestsAreOfNoUse) {
  const ModelStatement earlier = {.subject = "m", .resources = {Resource("a", 1)}};
  EXPECT_STATUS(ReuseDigests(earlier, {}, Tree({{"a", 1, 0}}), kSigned),
                absl::StatusCode::kFailedPrecondition, "of the model \"m\"");
}

TEST(ReuseDigestsTest, ShardsMustHaveTheFilesSize) {
  const Serialization how = {.method = ModelMethod::kShards, .shard_bytes = 100};
  const ModelStatement earlier = {
      .serialization = how,
      .resources = {Resource("a:0:100", 1), Resource("a:100:150", 2),
                    Resource("b:0:100", 3), Resource("c:d:0:7", 4)}};
  const ModelTree tree =
      Tree({{"a", 150, 0}, {"b", 101, 0}, {"c:d", 7, 0}, {"empty", 0, 0}, {"c", 7, 0}});
  const auto reused = ReuseDigests(earlier, how, tree, kSigned);
  ASSERT_OK(reused);
  EXPECT_THAT(reused->resources,
              ElementsAre(Resource("a:0:100", 1), Resource("a:100:150", 2),
                          Resource("c:d:0:7", 4)));
  EXPECT_THAT(Names(reused->unread.files), ElementsAre("b", "empty", "c"));
}

TEST(ReuseDigestsTest, DigestsOfAnotherKindAreOfNoUse) {
  const ModelStatement earlier = {.resources = {Resource("a", 1)}};
  const ModelTree tree = Tree({{"a", 1, 0}});
  for (const Serialization& how :
       {Serialization{.digest = DigestKind::kBlake2b},
        Serialization{.method = ModelMethod::kShards, .shard_bytes = 100}}) {
    EXPECT_STATUS(ReuseDigests(earlier, how, tree, kSigned),
                  absl::StatusCode::kFailedPrecondition, "of another kind");
  }
}

TEST(MergeResourcesTest, TheResultIsInTheOrderOfNames) {
  EXPECT_THAT(MergeResources({Resource("sub-b", 1), Resource("w", 2)},
                             {Resource("a", 3), Resource("sub/a", 4)}),
              ElementsAre(Resource("a", 3), Resource("sub-b", 1), Resource("sub/a", 4),
                          Resource("w", 2)));
  EXPECT_THAT(MergeResources({}, {}), IsEmpty());
}

}  // namespace
}  // namespace setlog
