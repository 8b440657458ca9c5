// Evidence as bytes: one meaning, and no mutant of honest material convicts anybody.

#include "client/evidence_file.h"

#include "evidence_samples.h"
#include "testing.h"

namespace setlog {
namespace {

TEST(EvidenceFileTest, EveryKindComesBackFromBothForms) {
  LyingLog log;
  for (const Evidence& evidence : log.RealEvidence()) {
    for (const std::string& bytes :
         {FormatEvidenceFile(evidence), FormatBinaryEvidenceFile(evidence)}) {
      const auto parsed = ParseEvidenceFile(bytes);
      ASSERT_OK(parsed) << NameOf(evidence);
      EXPECT_EQ(*parsed, evidence);
      EXPECT_OK(VerifyEvidence(*parsed, log.trust()));
    }
  }
}

// To the byte, by the size of the JSON form: entries count in base64, and a batch proof
// counts too.
TEST(EvidenceFileTest, WhatNobodyCouldReadDoesNotFit) {
  LyingLog log;
  for (Evidence& evidence : log.RealEvidence()) {
    if (auto* extension = std::get_if<WrongExtension>(&evidence)) {
      extension->range.entries.resize(5000, "");
      extension->batch_proof.assign(size_t{3} << 20, 'x');
    }
    const std::string json = FormatEvidenceFile(evidence);
    EXPECT_OK(CheckEvidenceFits(evidence));
    EXPECT_OK(CheckEvidenceFits(evidence, json.size()));
    EXPECT_STATUS(CheckEvidenceFits(evidence, json.size() - 1),
                  absl::StatusCode::kResourceExhausted, "larger than an evidence file");
    const size_t binary = FormatBinaryEvidenceFile(evidence).size();
    ASSERT_LT(binary, json.size());
    // So what is let pass unformatted does fit.
    EXPECT_LE(json.size(), 16 * binary + (size_t{1} << 20));
  }
}

TEST(EvidenceFileTest, AnotherWayToWriteItIsRefused) {
  LyingLog log;
  const Evidence fork = log.RealEvidence()[1];
  const std::string json = FormatEvidenceFile(fork);
  EXPECT_FALSE(ParseEvidenceFile("").ok());
  EXPECT_FALSE(ParseEvidenceFile("{}").ok());
  EXPECT_FALSE(ParseEvidenceFile(json + "x").ok());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = json;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  ASSERT_OK(ParseEvidenceFile(with("\"fork\":", "\"fork\" :")));
  EXPECT_FALSE(ParseEvidenceFile(with("\"smaller\":", "\"smaller\":null,\"x\":")).ok());
  EXPECT_FALSE(ParseEvidenceFile(with("\"left\":", "\"other\":1,\"left\":")).ok());
  EXPECT_FALSE(ParseEvidenceFile(with("\"left\":", "\"left\":\"\",\"left\":")).ok());
  // An unknown field inside the message: field 15, a varint.
  std::string binary = FormatBinaryEvidenceFile(TwoRoots{"aa", "bb"});
  ASSERT_OK(ParseEvidenceFile(binary));
  binary += "\x78\x01";
  binary[1] = static_cast<char>(binary[1] + 2);
  EXPECT_FALSE(ParseEvidenceFile(binary).ok());
}

TEST(EvidenceFileTest, NoMutantOfHonestMaterialConvicts) {
  HonestLog honest;
  size_t parsed_mutants = 0;
  for (const Evidence& evidence : honest.OneOfEach()) {
    const std::string bytes = FormatBinaryEvidenceFile(evidence);
    ASSERT_OK(ParseEvidenceFile(bytes)) << NameOf(evidence);
    for (size_t i = 0; i < bytes.size(); ++i) {
      for (const int mask : {1, 0x80}) {
        std::string mutant = bytes;
        mutant[i] = static_cast<char>(mutant[i] ^ mask);
        const auto parsed = ParseEvidenceFile(mutant);
        if (!parsed.ok()) continue;
        ++parsed_mutants;
        const auto proven = VerifyEvidence(*parsed, honest.trust());
        ASSERT_FALSE(proven.ok())
            << NameOf(evidence) << " byte " << i << ": " << proven->what;
      }
      std::string shorter = bytes;
      shorter.erase(i, 1);
      const auto parsed = ParseEvidenceFile(shorter);
      if (!parsed.ok()) continue;
      ++parsed_mutants;
      ASSERT_FALSE(VerifyEvidence(*parsed, honest.trust()).ok());
    }
  }
  EXPECT_GT(parsed_mutants, 5000u);
}

}  // namespace
}  // namespace setlog
