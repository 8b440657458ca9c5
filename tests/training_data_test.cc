#include "client/training_data.h"

#include <functional>

#include "fakes/fake_log.h"
#include "mutants.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using nlohmann::json;

// Two logs; the first has two versions.
class TrainingDataTest : public testing::Test {
 protected:
  TrainingDataTest()
      : digits_(ManifestFor("example.org/digits")),
        letters_(ManifestFor("example.org/letters"), "another key") {
    digits_.Add(HashN(1));
    digits_.Add(HashN(2));
    digits_.Index();
    digits_.Tag("v1");
    digits_.Remove(HashN(2));
    digits_.Index();
    digits_.Tag("v2");
    letters_.Add(HashN(3));
    letters_.Index();
    letters_.Tag("v1");
  }

  // The `place`-th tag of the log under its newest head.
  static VersionProof ProofOf(FakeLog& log, size_t place, bool with_tag = true) {
    const uint64_t size = log.size();
    const uint64_t tag = log.tags()[place];
    VersionProof proof{log.NoteAt(size), log.Prove(0, size), {}, {}};
    proof.index = log.Prove(*log.IndexBelow(tag), size);
    if (with_tag) proof.tag = log.Prove(tag, size);
    return proof;
  }
  static DataHead HeadOf(FakeLog& log, size_t place) {
    return MakeDataHead(ProofOf(log, place), log.key()).value();
  }
  std::string OneHead() { return FormatTrainingData({HeadOf(digits_, 0)}).value(); }
  std::string ThreeHeads() {
    return FormatTrainingData(
               {HeadOf(letters_, 0), HeadOf(digits_, 1), HeadOf(digits_, 0)})
        .value();
  }
  // `bytes` with something changed, in the same form.
  static std::string Changed(const std::string& bytes,
                             const std::function<void(json&)>& change) {
    json value = json::parse(bytes);
    change(value);
    return value.dump() + "\n";
  }

  FakeLog digits_;
  FakeLog letters_;
};

TEST_F(TrainingDataTest, WhatIsWrittenComesBackWithWhatItsHeadsShow) {
  const absl::StatusOr<std::vector<DataHead>> heads = ParseTrainingData(ThreeHeads());
  ASSERT_OK(heads);
  ASSERT_EQ(heads->size(), 3u);
  EXPECT_EQ((*heads)[0].Name(), "example.org/digits@v1");
  EXPECT_EQ((*heads)[1].Name(), "example.org/digits@v2");
  EXPECT_EQ((*heads)[2].Name(), "example.org/letters@v1");
  EXPECT_EQ((*heads)[0].proof, ProofOf(digits_, 0));
  EXPECT_EQ((*heads)[0].version.index.n, 2u);
  EXPECT_EQ((*heads)[1].version.index.n, 1u);
  EXPECT_EQ((*heads)[2].version.log_key, letters_.key());
}

TEST_F(TrainingDataTest, TheOrderInWhichHeadsAreNamedDoesNotShow) {
  EXPECT_EQ(
      FormatTrainingData({HeadOf(digits_, 1), HeadOf(letters_, 0), HeadOf(digits_, 0)})
          .value(),
      ThreeHeads());
}

TEST_F(TrainingDataTest, TheFileIsAnInTotoStatementThatSaysWhatItsHeadsSay) {
  const json value = json::parse(OneHead());
  EXPECT_EQ(value["_type"], "https://in-toto.io/Statement/v1");
  EXPECT_EQ(value["predicateType"], "setlog:training-data/v1");
  ASSERT_EQ(value["subject"].size(), 1u);
  const json& subject = value["subject"][0];
  const Version version = HeadOf(digits_, 0).version;
  EXPECT_EQ(subject["name"], "example.org/digits@v1");
  EXPECT_EQ(subject["digest"],
            json({{"setlogSetRoot", ToHex(version.index.set_root)}}));
  const json& annotations = subject["annotations"];
  EXPECT_EQ(annotations["setlog_size"], version.index.m);
  EXPECT_EQ(annotations["setlog_count"], 2);
  EXPECT_EQ(annotations["setlog_vkey"], FormatVkey(digits_.key()));
  EXPECT_EQ(annotations["setlog_head"]["checkpoint"], digits_.NoteAt(digits_.size()));
}

TEST_F(TrainingDataTest, NoByteMayBeAnother) {
  const std::string bytes = OneHead();
  ASSERT_OK(ParseTrainingData(bytes));
  for (const std::string& mutant : Mutants(bytes)) {
    const absl::Status status = ParseTrainingData(mutant).status();
    ASSERT_TRUE(absl::IsInvalidArgument(status) || absl::IsDataLoss(status) ||
                absl::IsUnimplemented(status))
        << status << mutant;
  }
}

TEST_F(TrainingDataTest, ADescriptorThatSaysSomethingElseThanItsHeadIsRefused) {
  const std::string good = OneHead();
  const std::vector<std::function<void(json&)>> changes = {
      [](json& d) { d["name"] = "example.org/digits@v2"; },
      [](json& d) { d["name"] = "example.org/letters@v1"; },
      [](json& d) { d["name"] = "example.org/digits"; },
      [](json& d) { d.erase("name"); },
      [](json& d) { d["digest"]["setlogSetRoot"] = ToHex(HashN(1)); },
      [](json& d) { d["digest"]["sha256"] = ToHex(HashN(1)); },
      [](json& d) { d.erase("digest"); },
      [](json& d) { d["annotations"]["setlog_size"] = 2; },
      [](json& d) { d["annotations"]["setlog_size"] = "3"; },
      [](json& d) { d["annotations"]["setlog_count"] = 1; },
      [](json& d) { d["annotations"].erase("setlog_count"); },
      [](json& d) { d["annotations"]["license"] = "MIT"; },
      [](json& d) { d["uri"] = "https://example.org/digits"; },
      [](json& d) { d["annotations"]["setlog_head"]["consistency"] = "AAAA"; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    const std::string bytes =
        Changed(good, [&](json& value) { changes[i](value["subject"][0]); });
    const absl::Status status = ParseTrainingData(bytes).status();
    SCOPED_TRACE(i);
    EXPECT_STATUS(status, StatusCode::kDataLoss, "does not say what its head says");
  }
}

TEST_F(TrainingDataTest, AHeadThatDoesNotVerifyUnderTheKeyBesideItIsRefused) {
  const std::string good = OneHead();
  const std::string other = FormatTrainingData({HeadOf(letters_, 0)}).value();
  const json foreign = json::parse(other)["subject"][0]["annotations"];
  for (const char* part : {"checkpoint", "manifest", "index", "tag"}) {
    const std::string bytes = Changed(good, [&](json& value) {
      value["subject"][0]["annotations"]["setlog_head"][part] =
          foreign["setlog_head"][part];
    });
    SCOPED_TRACE(part);
    EXPECT_STATUS(ParseTrainingData(bytes), StatusCode::kDataLoss,
                  "example.org/digits@v1");
  }
  const auto with_vkey = [&](const std::string& vkey) {
    return Changed(good, [&](json& value) {
      value["subject"][0]["annotations"]["setlog_vkey"] = vkey;
    });
  };
  // Another key, and another key of the same name.
  EXPECT_STATUS(ParseTrainingData(with_vkey(foreign["setlog_vkey"])),
                StatusCode::kDataLoss, "example.org/digits@v1");
  const FakeLog twin(ManifestFor("example.org/digits"), "another key");
  EXPECT_STATUS(ParseTrainingData(with_vkey(FormatVkey(twin.key()))),
                StatusCode::kDataLoss, "example.org/digits@v1");
  EXPECT_STATUS(ParseTrainingData(with_vkey("example.org/digits")),
                StatusCode::kInvalidArgument, "example.org/digits@v1");
}

TEST_F(TrainingDataTest, AnotherVersionsEntriesUnderTheSameHeadAreRefused) {
  const std::string good = OneHead();
  const json second = json::parse(
      FormatTrainingData({HeadOf(digits_, 1)}).value())["subject"][0]["annotations"];
  for (const char* part : {"index", "tag"}) {
    const std::string bytes = Changed(good, [&](json& value) {
      value["subject"][0]["annotations"]["setlog_head"][part] =
          second["setlog_head"][part];
    });
    SCOPED_TRACE(part);
    EXPECT_STATUS(ParseTrainingData(bytes), StatusCode::kDataLoss,
                  "example.org/digits@v1");
  }
}

TEST_F(TrainingDataTest, AHeadWithoutATagNamesNoVersion) {
  EXPECT_STATUS(MakeDataHead(ProofOf(digits_, 0, false), digits_.key()),
                StatusCode::kDataLoss, "names no version");
  const std::string bytes = Changed(OneHead(), [](json& value) {
    value["subject"][0]["annotations"]["setlog_head"].erase("tag");
  });
  EXPECT_STATUS(ParseTrainingData(bytes), StatusCode::kDataLoss, "names no version");
}

TEST_F(TrainingDataTest, ALogOfAnotherKindIsUnsupportedAndNotFalse) {
  std::string manifest = ManifestFor("example.org/digits");
  manifest.replace(manifest.find("bytes/1"), 7, "bytes/9");
  const std::string first = Encode(ManifestEntry{manifest});
  Rfc6962Model tree(
      [&](uint64_t i) { return LeafHash(AsBytes(i == 0 ? first : digits_.entry(i))); });
  const uint64_t size = digits_.size();
  VersionProof proof = ProofOf(digits_, 0);
  proof.checkpoint = digits_.NoteFor(size, tree.Mth(0, size));
  proof.manifest.entry = first;
  for (ProvenEntry* entry : {&proof.manifest, &proof.index, &*proof.tag}) {
    entry->path = tree.Path(entry->position, 0, size);
  }
  EXPECT_STATUS(MakeDataHead(proof, digits_.key()), StatusCode::kUnimplemented,
                "bytes/9");
}

TEST_F(TrainingDataTest, AStatementOfAnotherFormIsRefused) {
  const std::string good = ThreeHeads();
  const std::vector<std::function<void(json&)>> changes = {
      [](json& s) { s["_type"] = "https://in-toto.io/Statement/v0.1"; },
      [](json& s) { s.erase("_type"); },
      [](json& s) { s["predicateType"] = "https://slsa.dev/provenance/v1"; },
      [](json& s) { s.erase("predicateType"); },
      [](json& s) { s["predicate"] = json::object(); },
      [](json& s) { s["subject"] = json::array(); },
      [](json& s) { s["subject"] = s["subject"][0]; },
      [](json& s) { s.erase("subject"); },
      [](json& s) { s["subject"].push_back(s["subject"][2]); },
      [](json& s) { std::swap(s["subject"][0], s["subject"][1]); },
      [](json& s) { s["subject"][0] = nullptr; },
      [](json& s) { s["subject"][0].erase("annotations"); },
      [](json& s) { s["subject"][0]["annotations"].erase("setlog_vkey"); },
      [](json& s) { s["subject"][0]["annotations"]["setlog_vkey"] = 7; },
      [](json& s) { s["subject"][0]["annotations"] = 7; },
      [](json& s) { s["predicateType"] = 7; },
      [](json& s) { s["subject"][0]["annotations"].erase("setlog_head"); },
      [](json& s) { s["subject"][0]["annotations"]["setlog_head"] = "x"; },
      [](json& s) { s["subject"][0]["annotations"]["setlog_head"]["more"] = "x"; },
      [](json& s) { s = s["subject"]; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_STATUS(ParseTrainingData(Changed(good, changes[i])),
                  StatusCode::kInvalidArgument, kTrainingDataFile);
  }
  EXPECT_STATUS(ParseTrainingData(Changed(good, changes[2])),
                StatusCode::kInvalidArgument, "setlog:training-data/v1");
  EXPECT_STATUS(ParseTrainingData(json::parse(good).dump(1)),
                StatusCode::kInvalidArgument, "RFC 8785");
  EXPECT_STATUS(ParseTrainingData(json::parse(good).dump()),
                StatusCode::kInvalidArgument, "RFC 8785");
  EXPECT_STATUS(ParseTrainingData(good + "{}"), StatusCode::kInvalidArgument, "column");
  EXPECT_STATUS(ParseTrainingData(std::string(kMaxTrainingDataBytes + 1, ' ')),
                StatusCode::kInvalidArgument, "over 16777216 bytes");
}

TEST_F(TrainingDataTest, ValuesAreInProportionToTheBytes) {
  const std::string bytes =
      Changed(OneHead(), [](json& s) { s["z"] = json(20'000, 0); });
  EXPECT_STATUS(ParseTrainingData(bytes), StatusCode::kInvalidArgument,
                "more values than are read here");
}

TEST_F(TrainingDataTest, WhatADescriptorCallsItselfSteersNoTerminal) {
  const std::string bytes = Changed(OneHead(), [](json& s) {
    s["subject"][0]["name"] = "\x1b[2J" + std::string(10'000, 'x');
  });
  const absl::Status status = ParseTrainingData(bytes).status();
  EXPECT_STATUS(status, StatusCode::kDataLoss, "\\x1b[2Jxxx");
  EXPECT_LT(status.message().size(), 2'000u);
}

TEST_F(TrainingDataTest, OnlyDistinctVersionsAreWritten) {
  EXPECT_STATUS(FormatTrainingData({}), StatusCode::kInvalidArgument, "no data set");
  EXPECT_STATUS(FormatTrainingData({HeadOf(digits_, 0), HeadOf(digits_, 0)}),
                StatusCode::kInvalidArgument, "example.org/digits@v1 is named twice");
}

TEST(DataNameTest, IsAnOriginAndATag) {
  EXPECT_EQ(ParseDataName("example.org/a@v1").value(),
            (DataName{"example.org/a", "v1"}));
  for (const char* bad :
       {"", "example.org/a", "example.org/a@", "@v1", "example.org/a@12",
        "example.org/a@v@1", "Example.org@v1", "example.org/../a@v1"}) {
    EXPECT_STATUS(ParseDataName(bad), StatusCode::kInvalidArgument, "ORIGIN@TAG");
  }
}

}  // namespace
}  // namespace setlog
