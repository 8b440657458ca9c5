#include "log/manifest.h"

#include "log/entry.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode::kInvalidArgument;
using absl::StatusCode::kUnimplemented;

constexpr std::string_view kMinimal =
    R"({"labels":"plain","origin":"example.org/a","scheme":"json/1","version":1})";

absl::StatusOr<Manifest> Parse(std::string_view body) {
  return ParseManifest(AsBytes(body));
}

// kMinimal with one key replaced, added or (empty value) removed.
std::string With(const std::string& key, const std::string& value) {
  std::map<std::string, std::string> members = {{"labels", "\"plain\""},
                                                {"origin", "\"example.org/a\""},
                                                {"scheme", "\"json/1\""},
                                                {"version", "1"}};
  members[key] = value;
  std::string body = "{";
  for (const auto& [name, text] : members) {
    if (text.empty()) continue;
    body += (body.size() > 1 ? ",\"" : "\"") + name + "\":" + text;
  }
  return body + "}";
}

Manifest Full() {
  Manifest manifest;
  manifest.origin = "example.org/a";
  manifest.scheme = "row/1";
  manifest.labels = VrfLabels{std::string(kVrfSuite), HashOf(std::string(64, 'a'))};
  manifest.title = "A title with \"quotes\" and \u20ac";
  manifest.license = "CC-BY-4.0";
  manifest.fields = {{"b", "a"}};
  manifest.columns = {{{"z", "int"}, {"a", "str?"}}};
  manifest.unicode = "15.0.0";
  manifest.private_reads = true;
  manifest.parent = ParentVersion{"example.org/p", "example.org/p+0123abcd+AbC=", 17,
                                  HashOf(std::string(64, '0'))};
  return manifest;
}

TEST(ManifestTest, TheSmallestOneIsPlainAndPublic) {
  const Manifest manifest = Parse(kMinimal).value();
  EXPECT_EQ(manifest.origin, "example.org/a");
  EXPECT_EQ(manifest.scheme, "json/1");
  EXPECT_FALSE(manifest.labels.has_value());
  EXPECT_FALSE(manifest.private_reads);
  EXPECT_FALSE(manifest.parent.has_value());
  EXPECT_EQ(FormatManifest(manifest).value(), kMinimal);
}

TEST(ManifestTest, FormatThenParseGivesTheSame) {
  const std::string body = FormatManifest(Full()).value();
  EXPECT_EQ(
      body,
      R"({"columns":[["z","int"],["a","str?"]],"fields":["b","a"],"labels":)"
      R"({"public_key":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)"
      R"("suite":"ECVRF-RISTRETTO255-SHA512"},"license":"CC-BY-4.0",)"
      R"("origin":"example.org/a","parent":{"m":17,"origin":"example.org/p","set_root":)"
      R"("0000000000000000000000000000000000000000000000000000000000000000",)"
      R"("vkey":"example.org/p+0123abcd+AbC="},"reads":"private","scheme":"row/1",)"
      "\"title\":\"A title with \\\"quotes\\\" and \u20ac\","
      R"("unicode":"15.0.0","version":1})");
  EXPECT_EQ(Parse(body).value(), Full());
}

TEST(ManifestTest, OtherKeysMeanNothing) {
  const std::string body = With("aaa", R"({"deep":[1,{"x":null}]})");
  EXPECT_EQ(Parse(body).value(), Parse(kMinimal).value());
  EXPECT_OK(Parse(With("reads", "\"public\"")));
}

TEST(ManifestTest, OnlyTheCanonicalFormIsLegal) {
  for (
      const char* body :
      {R"({"labels":"plain", "origin":"example.org/a","scheme":"json/1","version":1})",
       R"({"origin":"example.org/a","labels":"plain","scheme":"json/1","version":1})",
       R"({"labels":"plain","origin":"example.org\/a","scheme":"json/1","version":1})",
       R"({"labels":"plain","origin":"example.org/a","scheme":"json/1","version":1.0})",
       R"({"labels":"plain","origin":"example.org/a","scheme":"json/1","version":1}
)"}) {
    EXPECT_STATUS(Parse(body), kInvalidArgument, "not in the form of RFC 8785");
  }
}

TEST(ManifestTest, MalformedOnesAreInvalid) {
  EXPECT_STATUS(Parse(""), kInvalidArgument, "manifest: column 1");
  EXPECT_STATUS(Parse("[]"), kInvalidArgument, "must be an object");
  EXPECT_STATUS(Parse("1"), kInvalidArgument, "must be an object");
  for (const char* key : {"labels", "origin", "scheme", "version"}) {
    EXPECT_STATUS(Parse(With(key, "")), kInvalidArgument,
                  "key \"" + std::string(key) + "\" is missing");
  }
  const std::pair<const char*, const char*> kWrong[] = {
      {"version", "\"1\""},
      {"version", "-1"},
      {"version", "1.5"},
      {"version", "null"},
      {"origin", "1"},
      {"scheme", "null"},
      {"labels", "\"vrf\""},
      {"labels", "1"},
      {"labels", "[]"},
      {"labels", "{}"},
      {"labels", R"({"suite":"x"})"},
      {"labels", R"({"public_key":"00","suite":"ECVRF-RISTRETTO255-SHA512"})"},
      {"title", "1"},
      {"title", "null"},
      {"license", "[]"},
      {"unicode", "15"},
      {"reads", "\"none\""},
      {"reads", "true"},
      {"fields", "\"a\""},
      {"fields", "[1]"},
      {"columns", R"([["a"]])"},
      {"columns", R"(["a"])"},
      {"columns", R"({"a":"int"})"},
      {"columns", R"([["a",1]])"},
      {"parent", "\"p\""},
      {"parent", "{}"},
      {"parent", R"({"m":1,"origin":"o","set_root":"00","vkey":"v"})"},
  };
  for (const auto& [key, value] : kWrong) {
    const absl::Status status = Parse(With(key, value)).status();
    EXPECT_EQ(status.code(), kInvalidArgument) << key << ": " << value << status;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("manifest: "));
    EXPECT_THAT(std::string(status.message()),
                testing::Not(testing::HasSubstr("RFC 8785")));
  }
}

TEST(ManifestTest, WellFormedButUnknownIsUnsupported) {
  EXPECT_STATUS(Parse(With("version", "2")), kUnimplemented, "version 2");
  EXPECT_STATUS(Parse(With("version", "0")), kUnimplemented, "version 0");
  EXPECT_STATUS(Parse(R"({"version":2})"), kUnimplemented, "version 2");
  EXPECT_STATUS(Parse(With("scheme", "\"pixels/1\"")), kUnimplemented,
                "\"pixels/1\" is not supported yet");
  EXPECT_STATUS(Parse(With("scheme", "\"new/7\"")), kUnimplemented, "\"new/7\"");
  EXPECT_STATUS(Parse(With("labels", R"({"public_key":"short","suite":"new"})")),
                kUnimplemented, "VRF suite \"new\" is not supported");
  // Malformed comes first: it is so under any scheme.
  EXPECT_STATUS(Parse(R"({"labels":"plain","scheme":"new/7","version":1})"),
                kInvalidArgument, "\"origin\" is missing");
}

TEST(ManifestTest, TheSizeIsLimited) {
  const size_t room = kMaxManifestBytes - With("title", "\"\"").size();
  EXPECT_OK(Parse(With("title", "\"" + std::string(room, 't') + "\"")));
  EXPECT_STATUS(Parse(With("title", "\"" + std::string(room + 1, 't') + "\"")),
                kInvalidArgument, "at most 32768");
}

TEST(ManifestTest, FormatRefusesWhatCouldNotBeReadBack) {
  Manifest manifest = Full();
  manifest.title = "\xff";
  EXPECT_STATUS(FormatManifest(manifest), kInvalidArgument, "UTF-8");
  manifest = Full();
  manifest.parent->m = (uint64_t{1} << 53) + 1;
  EXPECT_STATUS(FormatManifest(manifest), kInvalidArgument, "beyond 2^53");
  manifest = Full();
  manifest.scheme = "pixels/1";
  EXPECT_STATUS(FormatManifest(manifest), kUnimplemented, "pixels/1");
  manifest = Full();
  manifest.title = std::string(kMaxManifestBytes, 't');
  EXPECT_STATUS(FormatManifest(manifest), kInvalidArgument, "at most 32768");
}

TEST(ManifestTest, WhateverByteIsChangedItReadsBackOrIsRefused) {
  const std::string body = FormatManifest(Full()).value();
  for (size_t at = 0; at < body.size(); ++at) {
    EXPECT_FALSE(Parse(body.substr(0, at)).ok());
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = body;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const absl::StatusOr<Manifest> manifest = Parse(changed);
      if (manifest.ok()) {
        ASSERT_OK(FormatManifest(*manifest));
        ASSERT_EQ(Parse(*FormatManifest(*manifest)).value(), *manifest);
      }
    }
  }
}

}  // namespace
}  // namespace setlog
