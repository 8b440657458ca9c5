#include <algorithm>

#include "log/base64.h"
#include "log/sha256.h"
#include "model/dsse.h"
#include "model/statement.h"
#include "mutants.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Digest DigestOf(std::string_view content) {
  return DigestFromBytes(Sha256(AsBytes(content)));
}

ModelStatement Demo() {
  return {.subject = "demo",
          .serialization = {.ignore_paths = DefaultIgnorePaths()},
          .resources = {{"config.json", DigestOf("{\"arch\":\"demo\"}\n")},
                        {"sub-b.bin", DigestOf("y")},
                        {"sub/a.bin", DigestOf("x")},
                        {"weights.bin", DigestOf("weights-0001")}}};
}

ModelStatement Shards(std::vector<std::string> names, uint64_t shard_bytes = 100) {
  ModelStatement statement{
      .subject = "demo",
      .serialization = {.method = ModelMethod::kShards, .shard_bytes = shard_bytes}};
  for (std::string& name : names) {
    const Digest digest = DigestOf(name);
    statement.resources.push_back({std::move(name), digest});
  }
  return statement;
}

// The statement of a model with these files, in this order.
ModelStatement Files(std::vector<std::string> names) {
  ModelStatement statement = Shards(std::move(names));
  statement.serialization = {};
  return statement;
}

absl::StatusOr<ParsedStatement> Read(const ModelStatement& statement) {
  return ParseStatement(FormatStatement(statement));
}

// What is said of the demo's statement once `change` has been made to it.
absl::Status Changed(const std::function<void(Json&)>& change) {
  Json json = Json::parse(FormatStatement(Demo()));
  change(json);
  return ParseStatement(json.dump()).status();
}
#define EXPECT_REFUSED(status, text) \
  EXPECT_STATUS(status, StatusCode::kInvalidArgument, text)

TEST(StatementTest, TheWorkedExampleIsTheSameToTheByte) {
  const std::string payload = FormatStatement(Demo());
  EXPECT_EQ(payload.size(), 860u);
  EXPECT_EQ(ToHex(Sha256(AsBytes(payload))),
            "5145b005bb5920acde7bff8af302fa596399fb759b9c317c13e96ed05ec0224f");
  EXPECT_EQ(ToHex(Sha256(AsBytes(DssePae(payload)))),
            "6071f9dcef580cdcb867ea64e5536342966a100d31f3fa3b639e914b294dbbd9");
}

TEST(StatementTest, WhatIsWrittenIsReadBackWithoutWarnings) {
  std::vector<ModelStatement> statements = {
      Demo(), Files({"a"}), Files({"a\n\"\\\x01", "\xE2\x82\xAC"}),
      Shards({"a:b:0:100", "w:0:100", "w:1000:1001", "w:100:200", "w:200:300",
              "w:300:400", "w:400:500", "w:500:600", "w:600:700", "w:700:800",
              "w:800:900", "w:900:1000"})};
  statements[1].serialization.allow_symlinks = true;
  statements[1].subject = "\xE2\x82\xAC \"";
  statements.push_back(Files({"a"}));
  statements.back().serialization.digest = DigestKind::kBlake2b;
  statements.back().resources[0].digest =
      DigestFromBytes(AsBytes(std::string(64, '\xAB')));
  statements.push_back(Files({"a"}));
  statements.back().serialization.digest = DigestKind::kBlake3;
  for (const ModelStatement& statement : statements) {
    const absl::StatusOr<ParsedStatement> parsed = Read(statement);
    ASSERT_OK(parsed);
    EXPECT_EQ(parsed->statement, statement);
    EXPECT_THAT(parsed->warnings, IsEmpty());
  }
}

TEST(StatementTest, NoMutantIsReadAsAnotherModelOfTheSameDigest) {
  const ModelStatement statement = Files({"a", "b"});
  const std::string payload = FormatStatement(statement);
  for (const std::string& mutant : Mutants(payload)) {
    const absl::StatusOr<ParsedStatement> parsed = ParseStatement(mutant);
    if (!parsed.ok()) {
      ASSERT_EQ(parsed.status().code(), StatusCode::kInvalidArgument) << mutant;
      continue;
    }
    ASSERT_OK(Read(parsed->statement)) << mutant;
    ASSERT_EQ(RootDigest(parsed->statement.resources), RootDigest(statement.resources));
  }
}

TEST(StatementTest, PythonsOrderIsTakenWithAWarning) {
  const absl::StatusOr<ParsedStatement> parsed =
      Read(Files({"sub/a.bin", "sub-b.bin"}));
  ASSERT_OK(parsed);
  EXPECT_THAT(parsed->warnings, ElementsAre(HasSubstr("paths' components")));
  EXPECT_EQ(parsed->statement.resources[0].name, "sub/a.bin");
}

TEST(StatementTest, AnyOtherOrderIsRefused) {
  EXPECT_REFUSED(Read(Files({"b", "a"})), "\"a\" stands after \"b\"");
  EXPECT_REFUSED(Read(Files({"a-", "a/b", "a.x", "a/a"})), "\"a.x\" stands after");
  EXPECT_REFUSED(Read(Files({"a", "b", "a"})), "\"a\" stands after \"b\"");
  EXPECT_REFUSED(Read(Shards({"w:100:150", "w:0:100"})), "\"w:0:100\" stands after");
}

TEST(StatementTest, ANameTwiceIsRefused) {
  EXPECT_REFUSED(Read(Files({"a", "a"})), "resource \"a\" is listed twice");
  EXPECT_REFUSED(Read(Shards({"w:0:50", "w:0:50"})), "is listed twice");
}

TEST(StatementTest, NamesAreBelowTheModelsRoot) {
  for (const char* name : {"../x", "/etc/passwd", "a/../../x", "a//b", "a/", "."}) {
    EXPECT_REFUSED(Read(Files({name, "z"})), "resource \"");
  }
  EXPECT_REFUSED(Read(Files({""})), "at least one character");
  EXPECT_REFUSED(Read(Shards({"../w:0:50"})), "cannot be \".\" or \"..\"");
  EXPECT_REFUSED(Read(Shards({":0:50"})), "at least one character");
}

TEST(StatementTest, ADotIsPythonsNameOfTheOnlyFileAndOfNoOther) {
  const absl::StatusOr<ParsedStatement> parsed = Read(Files({"."}));
  ASSERT_OK(parsed);
  EXPECT_EQ(parsed->statement.resources[0].name, ".");
  EXPECT_THAT(parsed->warnings, ElementsAre(HasSubstr("\".\"")));
  EXPECT_REFUSED(Read(Files({".", "a"})), "cannot be \".\" or \"..\"");
  EXPECT_REFUSED(Read(Files({".", "."})), "is listed twice");
  EXPECT_REFUSED(Read(Files({".."})), "cannot be \".\" or \"..\"");
}

TEST(StatementTest, ADotInShardsIsTheOnlyFileAndWhole) {
  const absl::StatusOr<ParsedStatement> parsed = Read(Shards({".:0:100", ".:100:150"}));
  ASSERT_OK(parsed);
  EXPECT_EQ(parsed->statement.resources[1].name, ".:100:150");
  EXPECT_THAT(parsed->warnings, ElementsAre(HasSubstr("\".\"")));
  EXPECT_OK(Read(Shards({".:0:50"})));
  EXPECT_REFUSED(Read(Shards({".:0:50", "a:0:50"})), "cannot be \".\" or \"..\"");
  EXPECT_REFUSED(Read(Shards({"."})), "is no shard");
  EXPECT_REFUSED(Read(Shards({".:0:100", ".:150:200"})), "does not begin where");
  EXPECT_REFUSED(Read(Shards({".:50:100"})), "which begins at 0");
  EXPECT_REFUSED(Read(Shards({".:100:150", ".:0:100"})), "stands after");
  EXPECT_REFUSED(Read(Shards({".:0:101"})), "where a shard has 100");
}

TEST(StatementTest, AFileIsNoDirectory) {
  EXPECT_REFUSED(Read(Files({"a", "a/b"})), "\"a/b\" is below the file \"a\"");
  EXPECT_REFUSED(Read(Files({"a", "a-b", "a/b/c"})), "is below the file \"a\"");
  EXPECT_REFUSED(Read(Shards({"a/b:0:50", "a:0:50"})), "is below the file \"a\"");
  EXPECT_OK(Read(Files({"a", "ab/c"})));
}

TEST(StatementTest, NothingThatIsListedIsIgnored) {
  ModelStatement statement = Files({"tok", "tok2/x"});
  for (const char* path : {"tok/y", "to", "ok"}) {
    statement.serialization.ignore_paths = {path};
    EXPECT_OK(Read(statement)) << path;
  }
  for (const char* path : {"tok", "tok2", "tok2/x"}) {
    statement.serialization.ignore_paths = {"a", path, path, "z"};
    EXPECT_REFUSED(Read(statement), "is under the ignored path");
  }
  statement.serialization.ignore_paths = {"tok2/x/y", "tok2"};
  EXPECT_REFUSED(Read(statement), "\"tok2/x\" is under the ignored path \"tok2\"");
  ModelStatement shards = Shards({"d/w:0:50"});
  shards.serialization.ignore_paths = {"d"};
  EXPECT_REFUSED(Read(shards), "is under the ignored path");
}

TEST(StatementTest, IgnoredPathsAreBelowTheRootToo) {
  for (const char* path :
       {"", ".", "..", "../x", "/abs", "a/", "a//b", "./a", "a/../b"}) {
    EXPECT_REFUSED(CheckIgnorePath(path), "ignored path \"");
    ModelStatement statement = Files({"f"});
    statement.serialization.ignore_paths = {"ok", path};
    EXPECT_REFUSED(Read(statement), "ignored path \"");
  }
  EXPECT_OK(CheckIgnorePath(".git"));
}

TEST(StatementTest, AnEmptyListSignsNothing) {
  EXPECT_REFUSED(Read(Files({})), "no resource is listed");
  EXPECT_REFUSED(Read(Shards({})), "no resource is listed");
}

TEST(StatementTest, ShardsCoverTheirFileFromItsFirstByteWithoutGaps) {
  EXPECT_OK(Read(Shards({"w:0:100"})));
  EXPECT_OK(Read(Shards({"w:0:1"})));
  EXPECT_OK(Read(Shards({"v:0:99", "w:0:100", "w:100:200"})));
  EXPECT_REFUSED(Read(Shards({"w:100:200"})), "which begins at 0");
  EXPECT_REFUSED(Read(Shards({"v:0:100", "w:100:200"})), "which begins at 0");
  EXPECT_REFUSED(Read(Shards({"w:0:100", "w:200:300"})), "does not begin where");
  EXPECT_REFUSED(Read(Shards({"w:0:100", "w:50:150"})), "does not begin where");
  EXPECT_REFUSED(Read(Shards({"w:0:100", "w:0:50"})), "has 50 bytes");
  EXPECT_REFUSED(Read(Shards({"w:0:101"})), "has 101 bytes, where a shard has 100");
  EXPECT_REFUSED(Read(Shards({"w:0:50", "w:50:100"})), "has 50 bytes");
  EXPECT_REFUSED(Read(Shards({"v:0:50", "v:50:150", "w:0:50"})), "\"v:0:50\" has 50");
  for (const char* name : {"w", "w:0", "w:5:5", "w:00:1", "w:0:1:"}) {
    EXPECT_REFUSED(Read(Shards({name})), "is no shard");
  }
}

TEST(StatementTest, TheSubjectsDigestIsThatOfTheList) {
  EXPECT_REFUSED(Changed([](Json& json) {
                   json["subject"][0]["digest"]["sha256"] = std::string(64, '0');
                 }),
                 "the subject's digest is 0000");
  EXPECT_REFUSED(Changed([](Json& json) {
                   json["predicate"]["resources"][3]["digest"] = std::string(64, '0');
                 }),
                 "that of the resources listed is");
}

TEST(StatementTest, ThereIsOneSubject) {
  EXPECT_REFUSED(
      Changed([](Json& json) { json["subject"].push_back(json["subject"][0]); }),
      "exactly one item");
  EXPECT_REFUSED(Changed([](Json& json) { json["subject"] = Json::array(); }),
                 "exactly one item");
}

TEST(StatementTest, TypesAndVersionsAreThoseKnown) {
  EXPECT_REFUSED(
      Changed([](Json& json) { json["_type"] = "https://in-toto.io/Statement/v0.1"; }),
      "key \"_type\" must be \"https://in-toto.io/Statement/v1\"");
  for (const char* type : {"https://model_signing/signature/v1.1",
                           "https://model_signing/Digests/v0.1", ""}) {
    EXPECT_REFUSED(Changed([&](Json& json) { json["predicateType"] = type; }),
                   "key \"predicateType\" must be");
  }
}

TEST(StatementTest, EveryFieldIsNeeded) {
  for (const char* pointer :
       {"/_type", "/subject", "/predicateType", "/predicate", "/subject/0/name",
        "/subject/0/digest", "/subject/0/digest/sha256", "/predicate/resources",
        "/predicate/serialization", "/predicate/serialization/method",
        "/predicate/serialization/hash_type", "/predicate/serialization/allow_symlinks",
        "/predicate/resources/0/name", "/predicate/resources/0/digest",
        "/predicate/resources/0/algorithm"}) {
    const Json::json_pointer at(pointer);
    EXPECT_REFUSED(
        Changed([&](Json& json) { json[at.parent_pointer()].erase(at.back()); }),
        "is missing");
    EXPECT_REFUSED(Changed([&](Json& json) { json[at] = 7; }), "must be");
  }
  EXPECT_REFUSED(Changed([](Json& json) { json["predicate"]["resources"][1] = "a"; }),
                 "resources[1]: must be an object");
}

TEST(StatementTest, IgnoredPathsAndNothingElseMayBeLeftOut) {
  EXPECT_OK(Changed(
      [](Json& json) { json["predicate"]["serialization"].erase("ignore_paths"); }));
  EXPECT_REFUSED(Changed([](Json& json) {
                   json["predicate"]["serialization"]["ignore_paths"] = {1};
                 }),
                 "must be an array of strings");
  EXPECT_REFUSED(Changed([](Json& json) {
                   json["predicate"]["serialization"]["ignore_paths"] = ".git";
                 }),
                 "must be an array");
}

TEST(StatementTest, UnknownFieldsAreTakenOnlyWhereTheSchemaLetsThemBe) {
  for (const char* pointer :
       {"/x", "/predicate/x", "/predicate/serialization/x", "/subject/0/digest/x"}) {
    EXPECT_REFUSED(
        Changed([&](Json& json) { json[Json::json_pointer(pointer)] = "v"; }),
        "key \"x\" is not known");
  }
  for (const char* pointer : {"/predicate/resources/0/x", "/subject/0/x"}) {
    EXPECT_OK(Changed([&](Json& json) { json[Json::json_pointer(pointer)] = "v"; }));
  }
}

TEST(StatementTest, AKeyTwiceIsRefused) {
  std::string payload = FormatStatement(Demo());
  payload.insert(1, R"("_type":"https://in-toto.io/Statement/v1",)");
  EXPECT_REFUSED(ParseStatement(payload), "duplicate key \"_type\"");
  EXPECT_REFUSED(ParseStatement(FormatStatement(Demo()) + "{}"), "statement: ");
}

TEST(StatementTest, DigestsAreOfTheKindNamedForAll) {
  const auto resource = [](Json& json) -> Json& {
    return json["predicate"]["resources"][1];
  };
  EXPECT_REFUSED(Changed([&](Json& json) { resource(json)["algorithm"] = "blake3"; }),
                 "resources[1]: key \"algorithm\" must be \"sha256\"");
  for (const std::string& digest :
       {std::string(63, 'a'), std::string(128, 'a'), std::string(64, 'A'),
        std::string(64, 'g'), std::string()}) {
    EXPECT_REFUSED(Changed([&](Json& json) { resource(json)["digest"] = digest; }),
                   "must be 64 lower-case hex digits");
  }
  for (const char* type : {"SHA256", "sha1", "md5", "blake2", ""}) {
    EXPECT_REFUSED(Changed([&](Json& json) {
                     json["predicate"]["serialization"]["hash_type"] = type;
                   }),
                   "names no digest known here");
  }
}

TEST(StatementTest, MethodsAreFilesAndShards) {
  EXPECT_REFUSED(Changed([](Json& json) {
                   json["predicate"]["serialization"]["method"] = "dirs";
                 }),
                 "must be \"files\" or \"shards\", not \"dirs\"");
  EXPECT_REFUSED(Changed([](Json& json) {
                   json["predicate"]["serialization"]["allow_symlinks"] = "false";
                 }),
                 "must be true or false");
}

TEST(StatementTest, AShardSizeIsAWholeNumberAndOnlyOfShards) {
  EXPECT_REFUSED(Changed([](Json& json) {
                   json["predicate"]["serialization"]["shard_size"] = 100;
                 }),
                 "key \"shard_size\" is not known");
  const std::string payload = FormatStatement(Shards({"w:0:100"}));
  const auto with_size = [&](const std::string& size) {
    const std::string key = R"("shard_size":)";
    const size_t at = payload.find(key) + key.size();
    return ParseStatement(payload.substr(0, at) + size + payload.substr(at + 3));
  };
  ASSERT_OK(with_size("100"));
  EXPECT_OK(with_size("100.0")) << "Python's protocol buffers write it so";
  for (const char* size : {"0", "100.5", "-100", "\"100\"", "null", "1e300"}) {
    EXPECT_REFUSED(with_size(size), "shard_size");
  }
  EXPECT_REFUSED(with_size("99"), "has 100 bytes, where a shard has 99");
}

std::string PythonShards(const std::string& algorithm, std::vector<std::string> names) {
  Json json = Json::parse(FormatStatement(Shards(std::move(names))));
  for (Json& resource : json["predicate"]["resources"])
    resource["algorithm"] = algorithm;
  return json.dump();
}

TEST(StatementTest, PythonsShardsAreTakenWithWarnings) {
  const absl::StatusOr<ParsedStatement> parsed = ParseStatement(PythonShards(
      "sha256-sharded-100", {"a/b:0:100", "a/b:100:200", "a-:0:100", "a-:100:101"}));
  ASSERT_OK(parsed);
  EXPECT_THAT(parsed->warnings, ElementsAre(HasSubstr("\"sha256-sharded-100\""),
                                            HasSubstr("paths' components")));
  EXPECT_EQ(parsed->statement.serialization.digest, DigestKind::kSha256);
  for (const char* other :
       {"sha256-sharded-200", "blake3-sharded-100", "sha256-sharded"}) {
    EXPECT_REFUSED(ParseStatement(PythonShards(other, {"w:0:100"})),
                   "key \"algorithm\" must be \"sha256\"");
  }
}

TEST(StatementTest, PythonsWordForShardsIsForAllOrNone) {
  Json json = Json::parse(PythonShards("sha256-sharded-100", {"v:0:1", "w:0:1"}));
  json["predicate"]["resources"][1]["algorithm"] = "sha256";
  EXPECT_REFUSED(ParseStatement(json.dump()), "must be \"sha256-sharded-100\"");
  EXPECT_REFUSED(Changed([](Json& files) {
                   for (Json& resource : files["predicate"]["resources"]) {
                     resource["algorithm"] = "sha256-sharded-0";
                   }
                 }),
                 "must be \"sha256\"");
}

// What Python's model_signing 1.1.1 wrote: tests/data/oms.
std::string PythonPayload(const std::string& file) {
  const nlohmann::json bundle = ReadTestJson("oms/" + file);
  return BytesFromBase64(bundle["dsseEnvelope"]["payload"].get<std::string>()).value();
}

TEST(StatementTest, WhatPythonSignsIsRead) {
  const absl::StatusOr<ParsedStatement> files =
      ParseStatement(PythonPayload("key.sig"));
  ASSERT_OK(files);
  EXPECT_THAT(files->warnings, ElementsAre(HasSubstr("paths' components")));
  ModelStatement demo = Demo();
  std::swap(demo.resources[1], demo.resources[2]);
  EXPECT_EQ(files->statement.resources, demo.resources);
  EXPECT_EQ(files->statement.subject, "demo");

  const absl::StatusOr<ParsedStatement> single =
      ParseStatement(PythonPayload("single.sig"));
  ASSERT_OK(single);
  EXPECT_THAT(single->statement.resources,
              ElementsAre(ModelResource{".", DigestOf("weights-0001")}));

  const absl::StatusOr<ParsedStatement> shards =
      ParseStatement(PythonPayload("shards.sig"));
  ASSERT_OK(shards);
  EXPECT_EQ(shards->warnings.size(), 2u);
  EXPECT_EQ(shards->statement.serialization.shard_bytes, 100u);
  EXPECT_EQ(shards->statement.resources.size(), 11u) << "nothing of the empty file";
  std::string last;
  for (int i = 1000; i < 1050; ++i) last.push_back(static_cast<char>(i % 251));
  EXPECT_EQ(shards->statement.resources[10],
            (ModelResource{"w:1000:1050", DigestOf(last)}));
}

TEST(IgnoredPathTest, ADirectoryCoversWhatIsBelowIt) {
  EXPECT_TRUE(IsIgnored(".git/config", DefaultIgnorePaths()));
  EXPECT_TRUE(IsIgnored(".gitignore", DefaultIgnorePaths()));
  EXPECT_FALSE(IsIgnored("sub/.git", DefaultIgnorePaths()));
  EXPECT_FALSE(IsIgnored("tok2/x", {"tok"}));
  EXPECT_FALSE(IsIgnored("a", {}));
}

TEST(StatementTest, ValuesAreInProportionToTheBytes) {
  const auto with = [](size_t values) {
    return Changed(
        [&](Json& json) { json["predicate"]["resources"][0]["z"] = Json(values, 0); });
  };
  EXPECT_OK(with(1'000));
  EXPECT_REFUSED(with(20'000), "more values than are read here");
  // The shortest names that so many files can have.
  std::vector<std::string> names;
  for (char a = '0'; a <= 'z'; ++a) {
    for (char b = '0'; b <= 'z'; ++b) {
      for (char c : {'a', 'b', 'c'}) names.push_back({a, b, c});
    }
  }
  EXPECT_OK(Read(Files(names)));
}

}  // namespace
}  // namespace setlog
