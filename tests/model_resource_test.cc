#include "log/sha256.h"
#include "model/resource.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

TEST(ResourceNameTest, PathsBelowTheRootAreNames) {
  for (const char* name : {"a", "sub/a.bin", "...", ".git", "a:b", "a b", "\xC3\xA9",
                           "e\xCC\x81", "a\nb", "a\\b", "-", "..a/b.."}) {
    EXPECT_OK(CheckResourceName(name)) << name;
  }
}

TEST(ResourceNameTest, WhatMayLeadElsewhereIsRefused) {
  const std::pair<std::string, const char*> refused[] = {
      {"", "at least one character"},
      {".", "\".\" or \"..\""},
      {"..", "\".\" or \"..\""},
      {"../x", "\".\" or \"..\""},
      {"a/../b", "\".\" or \"..\""},
      {"a/./b", "\".\" or \"..\""},
      {"a/..", "\".\" or \"..\""},
      {"/a", "without '/'"},
      {"/", "without '/'"},
      {"a/", "cannot end in '/'"},
      {"a//b", "cannot be empty"},
      {std::string("a\0b", 3), "NUL"},
      {"a\xFF", "UTF-8"},
      {"\xC0\xAF", "UTF-8"},
  };
  for (const auto& [name, why] : refused) {
    EXPECT_STATUS(CheckResourceName(name), StatusCode::kInvalidArgument, why);
  }
}

TEST(ResourceNameTest, ARefusedNameIsShownSafely) {
  EXPECT_STATUS(CheckResourceName("../\x1b[31m"), StatusCode::kInvalidArgument,
                "\"../\\x1b[31m\"");
}

TEST(ShardNameTest, IsWrittenAndReadFromTheRight) {
  const ShardName shards[] = {
      {"w", 0, 1}, {"a:b", 10, 20}, {"a:1:2", 0, 7}, {"w", 5, UINT64_MAX}};
  for (const ShardName& shard : shards) {
    EXPECT_EQ(ParseShardName(FormatShardName(shard)), shard);
  }
  EXPECT_EQ(FormatShardName({"weights.bin", 1000, 1100}), "weights.bin:1000:1100");
}

TEST(ShardNameTest, OnlyPlainNumbersInOrderAreRead) {
  for (const char* name :
       {"", "w", "w:1", "w:1:1", "w:2:1", "w:01:2", "w:0:02", "w:+0:1", "w:0: 1",
        "w::1", "w:0:", "w:0x0:1", "w:-1:1", "w:0:18446744073709551616", "w:0:1 "}) {
    EXPECT_EQ(ParseShardName(name), std::nullopt) << name;
  }
}

// All strings of up to four of these bytes.
std::vector<std::string> SmallNames() {
  std::vector<std::string> names = {""};
  for (size_t i = 0; names[i].size() < 4; ++i) {
    for (const char c : {'\x01', '-', '.', '/', 'a', '\xC3'}) {
      names.push_back(names[i] + c);
    }
  }
  return names;
}

std::vector<std::string> Components(const std::string& name) {
  std::vector<std::string> components(1);
  for (const char c : name) {
    if (c == '/') {
      components.emplace_back();
    } else {
      components.back().push_back(c);
    }
  }
  return components;
}

bool ListLess(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto bytes_less = [](const std::string& x, const std::string& y) {
    return std::lexicographical_compare(
        x.begin(), x.end(), y.begin(), y.end(),
        [](char c, char d) { return uint8_t(c) < uint8_t(d); });
  };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      bytes_less);
}

TEST(ResourceOrderTest, ComponentOrderIsThatOfTheListsOfComponents) {
  const std::vector<std::string> names = SmallNames();
  for (const std::string& a : names) {
    const std::vector<std::string> list = Components(a);
    for (const std::string& b : names) {
      ASSERT_EQ(ComponentNameLess(a, b), ListLess(list, Components(b)))
          << a << " and " << b;
    }
  }
}

TEST(ResourceOrderTest, TheTwoOrdersDifferWhereBytesAreBelowTheSlash) {
  EXPECT_TRUE(ResourceNameLess("sub-b.bin", "sub/a.bin"));
  EXPECT_TRUE(ComponentNameLess("sub/a.bin", "sub-b.bin"));
  EXPECT_TRUE(ResourceNameLess("a", "\xC3\xA9")) << "bytes are not signed";
}

TEST(ResourcePlaceTest, ADirectoryCoversWholeComponents) {
  EXPECT_TRUE(IsAtOrBelow("tok", "tok"));
  EXPECT_TRUE(IsAtOrBelow("tok/x/y", "tok"));
  EXPECT_TRUE(IsAtOrBelow("tok/x/y", "tok/x"));
  EXPECT_FALSE(IsAtOrBelow("tok2/x", "tok"));
  EXPECT_FALSE(IsAtOrBelow("tok", "tok/x"));
  EXPECT_FALSE(IsAtOrBelow("sub/tok", "tok"));
}

TEST(RootDigestTest, IsSha256OfAllDigestsInTheOrderListed) {
  const auto resource = [](const char* name, const char* hex) {
    return ModelResource{name, *DigestFromHex(DigestKind::kSha256, hex)};
  };
  // The worked example of the specification's notes: config.json and so on.
  const std::vector<ModelResource> resources = {
      resource("config.json",
               "3f9265fb83e19b6c5b727d0acef695e22cb1d0bb90922de296721b5e4b3815ec"),
      resource("sub-b.bin",
               "a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa"),
      resource("sub/a.bin",
               "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"),
      resource("weights.bin",
               "e546e112bdfe69f5d0393f28c1d64c966d7309dbdacdee06ee5e3119adfcb74d")};
  EXPECT_EQ(ToHex(RootDigest(resources)),
            "202825c24c792def52526e42ed3e5df6c8775ec6bffea935b3452cc932eee128");
  EXPECT_EQ(RootDigest({}), Sha256(Bytes()));
}

TEST(RootDigestTest, LongerDigestsCountWhole) {
  const std::string bytes(64, 'd');
  const ModelResource resource{"a", DigestFromBytes(AsBytes(bytes))};
  EXPECT_EQ(RootDigest({&resource, 1}), Sha256(AsBytes(bytes)));
}

TEST(ResourceTest, AResourceIsOfAFileOrOfAPartOfIt) {
  const FilePart part = PartNamed("a:b:10:20", ModelMethod::kShards);
  EXPECT_EQ(part.path, "a:b");
  EXPECT_EQ(part.begin, 10u);
  EXPECT_EQ(part.end, 20u);
  for (const ModelMethod method : {ModelMethod::kFiles, ModelMethod::kShards}) {
    for (const char* name : {"a", "a:b", "a:20:10", "a:0:0", ""}) {
      EXPECT_EQ(PartNamed(name, method).path, name);
      EXPECT_EQ(PartNamed(name, method).end, 0u);
    }
  }
  EXPECT_EQ(PartNamed("a:0:10", ModelMethod::kFiles).path, "a:0:10");
}

}  // namespace
}  // namespace setlog
