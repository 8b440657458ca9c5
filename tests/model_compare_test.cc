#include "model/compare.h"
#include "testing.h"

namespace setlog {
namespace {

using Kind = DifferenceKind;
using Differences = std::vector<ModelDifference>;

ModelResource Resource(const std::string& name, uint8_t content) {
  Digest digest;
  digest.size = 32;
  digest.bytes[0] = content;
  return {.name = name, .digest = digest};
}

struct Model {
  ModelStatement statement;
  HashedModel found;
};

Model ModelOf(std::vector<ModelResource> before, std::vector<ModelResource> after) {
  return {.statement = {.subject = "m", .resources = std::move(before)},
          .found = {.resources = std::move(after)}};
}

Differences Compared(const Model& model, const std::vector<OddFile>& odd = {},
                     bool ignore_added = false) {
  return CompareModel(model.statement, model.found, odd,
                      {.ignore_added = ignore_added});
}

Differences ComparedShards(std::vector<ModelResource> before,
                           std::vector<ModelResource> after) {
  Model model = ModelOf(std::move(before), std::move(after));
  model.statement.serialization.method = ModelMethod::kShards;
  return Compared(model);
}

TEST(CompareModelTest, TheSameFilesInAnyOrderHaveNoDifference) {
  EXPECT_EQ(Compared(ModelOf({Resource("a", 1), Resource("b", 2)},
                             {Resource("a", 1), Resource("b", 2)})),
            Differences());
  // As Python lists them.
  EXPECT_EQ(Compared(ModelOf({Resource("sub/a", 1), Resource("sub-b", 2)},
                             {Resource("sub-b", 2), Resource("sub/a", 1)})),
            Differences());
}

TEST(CompareModelTest, EveryDifferenceIsTold) {
  EXPECT_EQ(Compared(ModelOf({Resource("a", 1), Resource("b", 2), Resource("c", 3)},
                             {Resource("b", 9), Resource("d", 4), Resource("e", 5)})),
            (Differences{{Kind::kMissing, "a"},
                         {Kind::kChanged, "b"},
                         {Kind::kMissing, "c"},
                         {Kind::kAdded, "d"},
                         {Kind::kAdded, "e"}}));
}

TEST(CompareModelTest, ADigestDiffersByItsLastByteToo) {
  ModelResource other = Resource("a", 1);
  other.digest.bytes[31] = 1;
  EXPECT_EQ(Compared(ModelOf({Resource("a", 1)}, {other})),
            (Differences{{Kind::kChanged, "a"}}));
}

TEST(CompareModelTest, OneFileUnderAnotherNameIsARename) {
  EXPECT_EQ(Compared(ModelOf({Resource("a", 1), Resource("k", 7)},
                             {Resource("k", 7), Resource("z", 1)})),
            (Differences{{Kind::kRenamed, "a", "z"}}));
}

TEST(CompareModelTest, TwoThatCouldBeTheRenamedOneAreNoRename) {
  EXPECT_EQ(
      Compared(ModelOf({Resource("a", 1), Resource("b", 1)}, {Resource("z", 1)})),
      (Differences{{Kind::kMissing, "a"}, {Kind::kMissing, "b"}, {Kind::kAdded, "z"}}));
  EXPECT_EQ(
      Compared(ModelOf({Resource("a", 1)}, {Resource("y", 1), Resource("z", 1)})),
      (Differences{{Kind::kMissing, "a"}, {Kind::kAdded, "y"}, {Kind::kAdded, "z"}}));
}

TEST(CompareModelTest, FilesThatChangedPlacesBothChanged) {
  EXPECT_EQ(Compared(ModelOf({Resource("a", 1), Resource("b", 2)},
                             {Resource("a", 2), Resource("b", 1)})),
            (Differences{{Kind::kChanged, "a"}, {Kind::kChanged, "b"}}));
}

TEST(CompareModelTest, UnsignedFilesMayBeIgnoredAndNothingElse) {
  const Model model = ModelOf({Resource("a", 1), Resource("b", 2), Resource("c", 3)},
                              {Resource("a", 9), Resource("new", 4), Resource("z", 3)});
  EXPECT_EQ(Compared(model, {}, true), (Differences{{Kind::kChanged, "a"},
                                                    {Kind::kMissing, "b"},
                                                    {Kind::kRenamed, "c", "z"}}));
}

TEST(CompareModelTest, WhatIsOddIsToldOnceAndInTheOthersPlace) {
  const Model model =
      ModelOf({Resource("a", 1), Resource("sub/b", 2)}, {Resource("sub/b", 2)});
  const std::vector<OddFile> odd = {{"a", OddKind::kSymlink, "a symbolic link"},
                                    {"pipe", OddKind::kSpecial, "a FIFO"}};
  EXPECT_EQ(Compared(model, odd), (Differences{{Kind::kOdd, "a", "", "a symbolic link"},
                                               {Kind::kOdd, "pipe", "", "a FIFO"}}));
  // What was not signed is then not asked about; what was, is.
  EXPECT_EQ(Compared(model, odd, true),
            (Differences{{Kind::kOdd, "a", "", "a symbolic link"}}));
  EXPECT_EQ(Compared(ModelOf({Resource("sub/b", 2)}, {}),
                     {{"sub", OddKind::kSymlink, "a symbolic link"},
                      {"sub.txt", OddKind::kSpecial, "a FIFO"}},
                     true),
            (Differences{{Kind::kOdd, "sub", "", "a symbolic link"},
                         {Kind::kMissing, "sub/b"}}));
}

TEST(CompareModelTest, WhatCouldNotBeReadIsNotMissing) {
  Model model = ModelOf({Resource("a", 1)}, {});
  model.found.odd = {{"a", OddKind::kUnreadable, "Permission denied"}};
  EXPECT_EQ(Compared(model),
            (Differences{{Kind::kUnread, "a", "", "Permission denied"}}));
}

TEST(CompareModelTest, WhatIsDecidedIsSaidOnce) {
  const Model model = ModelOf({Resource("a", 1), Resource("b", 2)}, {Resource("b", 3)});
  const Differences decided = {{Kind::kChanged, "a", "", "2 bytes, 1 were signed"}};
  EXPECT_EQ(CompareModel(model.statement, model.found, {}, {.decided = decided}),
            (Differences{{Kind::kChanged, "a", "", "2 bytes, 1 were signed"},
                         {Kind::kChanged, "b"}}));
}

TEST(CompareModelTest, ShardsOfAFileAreOneChangeWithItsRanges) {
  EXPECT_EQ(ComparedShards({Resource("w:0:100", 1), Resource("w:100:200", 2),
                            Resource("w:1000:1100", 4), Resource("w:200:1000", 3)},
                           {Resource("w:0:100", 1), Resource("w:100:200", 8),
                            Resource("w:1000:1100", 9), Resource("w:200:1000", 3)}),
            (Differences{{Kind::kChanged, "w", "", "bytes 100:200, 1000:1100"}}));
  // One after the other is one range.
  EXPECT_EQ(ComparedShards({Resource("w:0:100", 1), Resource("w:100:200", 2)},
                           {Resource("w:0:100", 8), Resource("w:100:200", 9)}),
            (Differences{{Kind::kChanged, "w", "", "bytes 0:200"}}));
}

TEST(CompareModelTest, AFileThatGrewOrShrankSaysWhere) {
  EXPECT_EQ(ComparedShards({Resource("w:0:100", 1), Resource("w:100:150", 2)},
                           {Resource("w:0:100", 1), Resource("w:100:200", 3),
                            Resource("w:200:230", 4)}),
            (Differences{{Kind::kChanged, "w", "", "bytes 100:230"}}));
  EXPECT_EQ(ComparedShards({Resource("w:0:100", 1), Resource("w:100:150", 2)},
                           {Resource("w:0:100", 1)}),
            (Differences{{Kind::kChanged, "w", "", "bytes 100:150"}}));
  // The same digest of another length is another content.
  EXPECT_EQ(ComparedShards({Resource("w:0:100", 1)}, {Resource("w:0:99", 1)}),
            (Differences{{Kind::kChanged, "w", "", "bytes 0:100"}}));
}

TEST(CompareModelTest, ShardedFilesAreRenamedWhole) {
  EXPECT_EQ(ComparedShards({Resource("a:b:0:100", 1), Resource("a:b:100:150", 2)},
                           {Resource("c:0:100", 1), Resource("c:100:150", 2)}),
            (Differences{{Kind::kRenamed, "a:b", "c"}}));
  EXPECT_EQ(ComparedShards({Resource("a:0:100", 1), Resource("a:100:150", 2)},
                           {Resource("c:0:100", 1), Resource("c:100:151", 2)}),
            (Differences{{Kind::kMissing, "a"}, {Kind::kAdded, "c"}}));
}

}  // namespace
}  // namespace setlog
