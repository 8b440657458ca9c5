// The rules of docs/format.md, "Pad opening", each broken by itself.

#include "log/pad_opening.h"

#include <functional>

#include "client/pads_file.h"
#include "client/proof_file.h"
#include "mutants.h"
#include "pad_opening_sample.h"
#include "port/parallel.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using nlohmann::json;

class PadOpeningTest : public testing::Test {
 protected:
  absl::StatusOr<OpenedPads> Verify(const PadOpening& opening) {
    const absl::StatusOr<Version> version =
        VerifyVersion(opening.version, {.log_key = sample_.log.key()}, {});
    if (!version.ok()) return version.status();
    return VerifyPads(*version, opening.proofs);
  }

  PadOpeningSample sample_;
};

TEST_F(PadOpeningTest, OfNMembersKPadsAreShownAndTheRestMayBeRecords) {
  // Members: records 1 to 20, pads 0 to 9 and 12.
  for (const std::vector<uint64_t>& pads :
       std::vector<std::vector<uint64_t>>{{0}, {3, 12}, {0, 1, 2, 5, 9, 12}}) {
    const absl::StatusOr<OpenedPads> opened = Verify(sample_.Open(pads));
    ASSERT_OK(opened);
    EXPECT_EQ(opened->set_count, 31u);
    EXPECT_EQ(opened->pads, pads.size());
    EXPECT_EQ(opened->records_at_most, 31 - pads.size());
  }
}

TEST_F(PadOpeningTest, APadCountsOnceAndOnlyInOneOrder) {
  PadOpening opening = sample_.Open({3, 3});
  EXPECT_STATUS(Verify(opening), StatusCode::kInvalidArgument, "pad 3 does not come");
  opening = sample_.Open({5, 3});
  EXPECT_STATUS(Verify(opening), StatusCode::kInvalidArgument, "pad 3 does not come");
}

TEST_F(PadOpeningTest, AProofIsForItsOwnPadAndThisKeyAlone) {
  PadOpening swapped = sample_.Open({3, 4});
  std::string& proofs = swapped.proofs.vrf_proofs;
  proofs = proofs.substr(80) + proofs.substr(0, 80);
  EXPECT_STATUS(Verify(swapped), StatusCode::kDataLoss, "the VRF proof of pad 3");
  // A record's proof under a pad's number: its label is a member.
  PadOpening record = sample_.Open({3});
  const VrfProof of_record = sample_.key.Prove(HashN(1)).proof;
  record.proofs.vrf_proofs = AsText(of_record.bytes());
  EXPECT_STATUS(Verify(record), StatusCode::kDataLoss, "the VRF proof of pad 3");
  PadOpening foreign = sample_.Open({3, 4});
  const VrfProof of_other = VrfKeyOf("2").Prove(PadInput(4)).proof;
  foreign.proofs.vrf_proofs.replace(80, 80, AsText(of_other.bytes()));
  EXPECT_STATUS(Verify(foreign), StatusCode::kDataLoss, "the VRF proof of pad 4");
}

TEST_F(PadOpeningTest, APadThatIsNoMemberIsNamed) {
  EXPECT_STATUS(Verify(sample_.Open({9, 10, 12})), StatusCode::kDataLoss,
                "pad 10 is not a member");
  EXPECT_STATUS(Verify(sample_.Open({7'000})), StatusCode::kDataLoss,
                "pad 7000 is not a member");
}

TEST_F(PadOpeningTest, MorePadsThanMembersAreRefusedBeforeTheyAreVerified) {
  // A log that says that its set has fewer members than it has.
  PadOpeningSample small;
  small.log.IndexAs(2, small.log.IndexAt(small.log.indexes().back()).set_root);
  const PadOpening opening = small.OpenAt({0, 1, 2}, small.log.indexes().back());
  const absl::StatusOr<Version> version =
      VerifyVersion(opening.version, {.log_key = small.log.key()}, {});
  ASSERT_OK(version);
  EXPECT_STATUS(VerifyPads(*version, opening.proofs), StatusCode::kDataLoss,
                "3 pads cannot be among the 2 members");
  // And two would be, but the batch proof binds n.
  const PadOpening two = small.OpenAt({0, 1}, small.log.indexes().back());
  EXPECT_STATUS(VerifyPads(*version, two.proofs), StatusCode::kDataLoss, "");
}

TEST_F(PadOpeningTest, AnotherVersionsIndexEntryOrLookupProofIsRefused) {
  const PadOpening now = sample_.Open({0, 12});
  PadOpening mixed = now;
  mixed.version.index = sample_.log.Prove(sample_.first_index, sample_.log.size());
  EXPECT_FALSE(Verify(mixed).ok());
  // Pad 12 came after it.
  EXPECT_STATUS(Verify(sample_.OpenAt({0, 12}, sample_.first_index)),
                StatusCode::kDataLoss, "pad 12 is not a member");
  const PadOpening then = sample_.OpenAt({0, 9}, sample_.first_index);
  EXPECT_EQ(Verify(then)->set_count, 30u);
  PadOpening older = sample_.Open({0, 9});
  older.proofs.lookups = then.proofs.lookups;
  EXPECT_STATUS(Verify(older), StatusCode::kDataLoss, "");
}

TEST_F(PadOpeningTest, EveryPartIsThereOnceAndHasItsLength) {
  const PadOpening good = sample_.Open({0, 1});
  const std::vector<std::function<void(PadProofs&)>> breaks = {
      [](PadProofs& p) { p = {}; },
      [](PadProofs& p) { p.pads.clear(); },
      [](PadProofs& p) { p.pads.push_back(2); },
      [](PadProofs& p) { p.pads.pop_back(); },
      [](PadProofs& p) { p.vrf_proofs.pop_back(); },
      [](PadProofs& p) { p.vrf_proofs += p.vrf_proofs.substr(0, 80); },
      [](PadProofs& p) { p.vrf_proofs.clear(); },
      [](PadProofs& p) { p.lookups.clear(); },
      [](PadProofs& p) { p.lookups.push_back(p.lookups[0]); },
      [](PadProofs& p) { p.lookups.push_back(""); }};
  for (size_t i = 0; i < breaks.size(); ++i) {
    PadOpening bad = good;
    breaks[i](bad.proofs);
    SCOPED_TRACE(i);
    EXPECT_STATUS(Verify(bad), StatusCode::kInvalidArgument, "");
  }
}

TEST_F(PadOpeningTest, APlainLogHasNoPads) {
  PadOpening opening = sample_.Open({0});
  absl::StatusOr<Version> version =
      VerifyVersion(opening.version, {.log_key = sample_.log.key()}, {});
  version->manifest.labels.reset();
  EXPECT_STATUS(VerifyPads(*version, opening.proofs), StatusCode::kInvalidArgument,
                "plain");
  version->manifest.labels = VrfLabels{std::string(kVrfSuite), Hash{}};
  EXPECT_STATUS(VerifyPads(*version, opening.proofs), StatusCode::kDataLoss,
                "the manifest's VRF key");
}

// Curve arithmetic for as many pads would take a second: the pieces are checked with
// lookups that are missing or swapped, before and after it.
TEST_F(PadOpeningTest, EachLookupProofIsForItsOwn4096) {
  Version version =
      VerifyVersion(sample_.Open({0}).version, {.log_key = sample_.log.key()}, {})
          .value();
  version.index.n = 8'999;
  PadProofs proofs;
  for (uint64_t i = 0; i < 4097; ++i) proofs.pads.push_back(i);
  proofs.vrf_proofs.assign(4097 * VrfProof::kSize, '\0');
  proofs.lookups = {""};
  EXPECT_STATUS(VerifyPads(version, proofs), StatusCode::kInvalidArgument,
                "4097 pads have 2 lookup proofs, not 1");
  proofs.lookups.resize(3);
  EXPECT_STATUS(VerifyPads(version, proofs), StatusCode::kInvalidArgument,
                "4097 pads have 2 lookup proofs, not 3");
  proofs.lookups.resize(2);
  EXPECT_FALSE(VerifyPads(version, proofs).ok());
}

TEST_F(PadOpeningTest, ThreadsSayWhatOneSays) {
  std::vector<uint64_t> pads;
  for (uint64_t i = 20; i < 200; ++i) pads.push_back(i);
  for (uint64_t pad : pads) sample_.log.Add(PadLabel(sample_.key, pad));
  sample_.log.Index();
  PadOpening opening = sample_.Open(pads);
  const Version version =
      VerifyVersion(opening.version, {.log_key = sample_.log.key()}, {}).value();
  Parallel parallel(3);
  EXPECT_EQ(VerifyPads(version, opening.proofs, std::ref(parallel))->pads, 180u);
  opening.proofs.vrf_proofs[100 * 80 + 70] ^= 1;
  EXPECT_STATUS(VerifyPads(version, opening.proofs, std::ref(parallel)),
                StatusCode::kDataLoss, "pad 120");
}

TEST_F(PadOpeningTest, BothFormsOfAFileComeBackAndNoOtherBytesDo) {
  const PadOpening opening = sample_.Open({0, 3, 12});
  const std::string text = FormatJsonPadsFile(opening);
  const std::string binary = FormatBinaryPadsFile(opening);
  EXPECT_EQ(FormatPadsFile(opening), text) << "small";
  EXPECT_EQ(json::parse(text)["pads"], (json{"0", "3", "12"}));
  for (const std::string& bytes : {text, binary}) {
    const absl::StatusOr<PadOpening> parsed = ParsePadsFile(bytes);
    ASSERT_OK(parsed);
    EXPECT_EQ(*parsed, opening);
  }
  for (const char* no : {"", " ", "{}", "null", "\n\x01"}) {
    EXPECT_STATUS(ParsePadsFile(no), StatusCode::kInvalidArgument,
                  "not an opening of pads");
  }
  json more = json::parse(text);
  more["more"] = 1;
  EXPECT_STATUS(ParsePadsFile(more.dump()), StatusCode::kInvalidArgument, "");
  json number = json::parse(text);
  number["pads"] = json{0, 3, 12};
  EXPECT_STATUS(ParsePadsFile(number.dump()), StatusCode::kInvalidArgument, "");
}

TEST_F(PadOpeningTest, ADamagedBinaryFileIsRefusedOrShowsNothing) {
  const std::string binary = FormatBinaryPadsFile(sample_.Open({0, 12}));
  int parsed_still = 0;
  int at = 0;
  for (const std::string& mutant : Mutants(binary)) {
    const absl::StatusOr<PadOpening> parsed = ParsePadsFile(mutant);
    if (!parsed.ok()) {
      ASSERT_EQ(parsed.status().code(), StatusCode::kInvalidArgument);
      continue;
    }
    ++parsed_still;
    ASSERT_EQ(FormatBinaryPadsFile(*parsed), mutant);
    // Every eighth: verification costs curve arithmetic.
    if (++at % 8 != 0) continue;
    ASSERT_FALSE(Verify(*parsed).ok());
  }
  EXPECT_GT(parsed_still, 0);
}

TEST_F(PadOpeningTest, NoProofFileIsTakenForAnOpeningNorTheOtherWayRound) {
  const PadOpening opening = sample_.Open({0});
  for (const std::string& bytes :
       {FormatJsonPadsFile(opening), FormatBinaryPadsFile(opening)}) {
    EXPECT_FALSE(ParseProofFile(bytes).ok());
  }
  const ProofFile proof = {
      opening.version,
      {HashN(1), sample_.log.Lookup(
                     HashN(1), sample_.log.IndexAt(sample_.log.indexes().back()).m)}};
  for (const std::string& bytes :
       {FormatProofFile(proof), FormatBinaryProofFile(proof)}) {
    ASSERT_OK(ParseProofFile(bytes));
    EXPECT_FALSE(ParsePadsFile(bytes).ok());
  }
}

}  // namespace
}  // namespace setlog
