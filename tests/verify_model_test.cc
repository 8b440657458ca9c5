#include "model/verify_model.h"

#include "testing.h"

namespace setlog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Digest DigestOf(uint8_t content) {
  Digest digest;
  digest.size = 32;
  digest.bytes[0] = content;
  return digest;
}

// How a model that is the one file `name` is judged by what lists these resources.
std::vector<ModelDifference> Judged(ModelMethod method, const std::string& name,
                                    std::vector<ModelResource> signed_as,
                                    std::vector<ModelResource> found) {
  SignedModel model{.statement = {.subject = name,
                                  .serialization = {.method = method},
                                  .resources = std::move(signed_as)}};
  ModelTree tree;
  tree.single_file = true;
  tree.files.push_back({.name = name});
  return JudgeModel(model, {}, tree, {}, {.resources = std::move(found)});
}

TEST(VerifyModelTest, ADotIsTheSingleFileWhateverItsName) {
  EXPECT_THAT(Judged(ModelMethod::kFiles, "w.bin", {{".", DigestOf(1)}},
                     {{"w.bin", DigestOf(1)}}),
              IsEmpty());
  EXPECT_THAT(Judged(ModelMethod::kShards, "w.bin",
                     {{".:0:100", DigestOf(1)}, {".:100:150", DigestOf(2)}},
                     {{"w.bin:0:100", DigestOf(1)}, {"w.bin:100:150", DigestOf(2)}}),
              IsEmpty());
  const std::vector<ModelDifference> changed =
      Judged(ModelMethod::kShards, "w.bin",
             {{".:0:100", DigestOf(1)}, {".:100:150", DigestOf(2)}},
             {{"w.bin:0:100", DigestOf(1)}, {"w.bin:100:150", DigestOf(3)}});
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].kind, DifferenceKind::kChanged);
  EXPECT_EQ(changed[0].name, "w.bin");
}

TEST(VerifyModelTest, ANameThatBeginsLikeADotsShardIsAName) {
  for (const char* name : {".:x", ".:0:100"}) {
    EXPECT_THAT(
        Judged(ModelMethod::kFiles, name, {{name, DigestOf(1)}}, {{name, DigestOf(1)}}),
        IsEmpty())
        << name;
  }
  EXPECT_THAT(Judged(ModelMethod::kShards, ".:x", {{".:x:0:100", DigestOf(1)}},
                     {{".:x:0:100", DigestOf(1)}}),
              IsEmpty());
}

}  // namespace
}  // namespace setlog
