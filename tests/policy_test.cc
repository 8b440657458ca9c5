#include "log/policy.h"

#include <map>
#include <random>
#include <set>

#include "golden_notes.h"
#include "log/base64.h"
#include "log/cosignature.h"
#include "log/note.h"
#include "log/sha256.h"
#include "mutants.h"
#include "testing.h"

namespace setlog {
namespace {

using ::testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

// Witness i; its vkey; the note of size 7 with cosignatures at (witness, time).
SigningKey Witness(int i) {
  return KeyOfByte("w" + std::to_string(i) + ".test", static_cast<uint8_t>(100 + i));
}
std::string WitnessVkey(int i) {
  return FormatVkey(Witness(i).Verifier(SignatureType::kCosignature));
}
std::string WitnessLine(int i) {
  return "witness w" + std::to_string(i) + " " + WitnessVkey(i) + "\n";
}
std::string Cosigned(const std::vector<std::pair<int, uint64_t>>& cosigners) {
  Note note = *ParseNote(kNote7);
  for (const auto& [witness, time_s] : cosigners) {
    note.signatures.push_back(*SignCosignature(note.text, Witness(witness), time_s));
  }
  return FormatNote(note);
}

const std::string kLogLine = "log " + kLogVkey + "\n";

TEST(PolicyParseTest, ReadsEveryKindOfLine) {
  const absl::StatusOr<Policy> policy = ParsePolicy(
      "# whom I trust\n"
      "\n"
      "  \t\n"
      "log " +
      kLogVkey +
      " https://example.com/\n"
      "\twitness\tw1  " +
      WitnessVkey(1) +
      " \n"
      "  # indented\n"
      "witness \xC3\xA9 " +
      WitnessVkey(2) +
      " https://w2.test/x\n"
      "witness w3 " +
      WitnessVkey(3) +
      "\n"
      "group g1 all w1 \xC3\xA9\n"
      "group g2 any w3 g1\n"
      "quorum g2\n");
  ASSERT_OK(policy);
  ASSERT_EQ(policy->logs.size(), 1);
  EXPECT_EQ(policy->logs[0].key, Vkey(kLogVkey));
  EXPECT_EQ(policy->logs[0].url, "https://example.com/");
  ASSERT_EQ(policy->witnesses.size(), 3);
  EXPECT_EQ(policy->witnesses[0].url, "");
  EXPECT_EQ(policy->witnesses[1].name, "\xC3\xA9");
  EXPECT_EQ(policy->witnesses[1].key, Vkey(WitnessVkey(2)));
  EXPECT_EQ(policy->witnesses[1].url, "https://w2.test/x");
  ASSERT_EQ(policy->groups.size(), 2);
  EXPECT_EQ(policy->groups[0].threshold, 2);
  EXPECT_EQ(policy->groups[1].threshold, 1);
  ASSERT_EQ(policy->groups[1].members.size(), 2);
  EXPECT_EQ(policy->groups[1].members[0].kind, Policy::Member::Kind::kWitness);
  EXPECT_EQ(policy->groups[1].members[0].index, 2);
  EXPECT_EQ(policy->groups[1].members[1].kind, Policy::Member::Kind::kGroup);
  EXPECT_EQ(policy->groups[1].members[1].index, 0);
  ASSERT_TRUE(policy->quorum);
  EXPECT_EQ(policy->quorum->kind, Policy::Member::Kind::kGroup);
  EXPECT_EQ(policy->quorum->index, 1);
}

TEST(PolicyParseTest, QuorumNoneAloneIsAPolicy) {
  const absl::StatusOr<Policy> policy = ParsePolicy("quorum none\n");
  ASSERT_OK(policy);
  EXPECT_FALSE(policy->quorum);
}

TEST(PolicyParseTest, RefusesMalformedPoliciesAndNamesTheLine) {
  const std::string w1 = WitnessLine(1);
  const std::string w12 = WitnessLine(1) + WitnessLine(2);
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"", "no quorum line"},
      {kLogLine, "no quorum line"},
      {"quorum none", "no line feed"},
      {"quorum none\nquorum none\n", "line 2: there is a quorum line already"},
      {"quorum\n", "use: quorum"},
      {"quorum none none\n", "use: quorum"},
      {"quorum w1\n" + w1, "line 1: no witness or group above is called w1"},
      {"quorum nobody\n", "nobody"},
      {"Quorum none\n", "a line starts with"},
      {"quorum none # comment\n", "use: quorum"},
      {"quorum none\r\n", "control character"},
      {std::string("quorum none\n#\0\n", 15), "line 2: control character"},
      {"#\x7F\nquorum none\n", "line 1: control character"},
      {"log\nquorum none\n", "use: log"},
      {"log " + kLogVkey + " a b\nquorum none\n", "use: log"},
      {"log " + kLogCosignerVkey + "\nquorum none\n", "type 0x01, not 0x04"},
      {"log " + kLogVkey + "x\nquorum none\n", "line 1: vkey"},
      {kLogLine + kLogLine + "quorum none\n", "line 2: an earlier line has the same"},
      {"witness w1\nquorum none\n", "use: witness"},
      {"witness w1 " + WitnessVkey(1) + " a b\nquorum none\n", "use: witness"},
      {"witness w1 " + kLogVkey + "\nquorum none\n", "type 0x04, not 0x01"},
      {"witness none " + WitnessVkey(1) + "\nquorum none\n", "\"none\" is not a name"},
      {w1 + "witness w1 " + WitnessVkey(2) + "\nquorum none\n", "w1 is used already"},
      {w1 + "witness w2 " + WitnessVkey(1) + "\nquorum none\n", "same public key"},
      {w1 + "group w1 all w1\nquorum none\n", "w1 is used already"},
      {w1 + "group none all w1\nquorum none\n", "\"none\" is not a name"},
      {w1 + "group g all\nquorum none\n", "use: group"},
      {w1 + "group g 0 w1\nquorum none\n", "from 1 to the number of its members"},
      {w1 + "group g 2 w1\nquorum none\n", "from 1 to the number of its members"},
      {w1 + "group g 01 w1\nquorum none\n", "from 1 to the number of its members"},
      {w1 + "group g 18446744073709551617 w1\nquorum none\n", "from 1 to the number"},
      {w1 + "group g most w1\nquorum none\n", "from 1 to the number of its members"},
      {w1 + "group g all none\nquorum none\n", "called none"},
      {w1 + "group g all g\nquorum none\n", "called g"},
      {w1 + "group g all w1 w2\n" + WitnessLine(2) + "quorum none\n", "called w2"},
      {w1 + "group g any w1 w1\nquorum none\n", "w1 is a member of a group already"},
      {w12 + "group g any w1\ngroup h any w2 w1\nquorum none\n",
       "line 4: w1 is a member"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_STATUS(ParsePolicy(text), kInvalid, message);
  }
}

TEST(PolicyParseTest, AKeyUnderTwoNamesIsStillOneWitness) {
  const std::string renamed =
      FormatVkey(KeyOfByte("renamed.test", 101).Verifier(SignatureType::kCosignature));
  EXPECT_STATUS(
      ParsePolicy(WitnessLine(1) + "witness x " + renamed + "\nquorum none\n"),
      kInvalid, "same public key");
}

// Found by trying 141,361 seeds.
TEST(PolicyParseTest, TwoKeysOfOneNameAndIdAreRefused) {
  std::string text = kLogLine;
  std::set<uint32_t> ids;
  for (uint64_t number : {53202, 141360}) {
    std::string seed;
    AppendU64(&seed, number);
    seed.resize(32);
    const SigningKey key =
        MakeSigningKey("w", Ed25519PrivateKey::FromSeed(AsBytes(seed)).value()).value();
    const VerifierKey vkey = key.Verifier(SignatureType::kCosignature);
    ids.insert(vkey.id);
    text += "witness w" + std::to_string(number) + " " + FormatVkey(vkey) + "\n";
  }
  ASSERT_EQ(ids.size(), 1u);
  EXPECT_STATUS(ParsePolicy(text + "quorum none\n"), kInvalid, "same name and ID");
}

TEST(PolicyParseTest, ALogMayCosignWithItsKey) {
  EXPECT_OK(
      ParsePolicy(kLogLine + "witness self " + kLogCosignerVkey + "\nquorum self\n"));
}

TEST(PolicyParseTest, ATruncatedPolicyIsNoOtherPolicy) {
  const std::string text =
      kLogLine + WitnessLine(1) + WitnessLine(11) + "group g any w1 w11\nquorum g\n";
  ASSERT_OK(ParsePolicy(text));
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(ParsePolicy(text.substr(0, length)).ok()) << length;
  }
}

TEST(PolicyParseTest, HoldsFarMoreThan32OfEverything) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    const SigningKey key = KeyOfByte("k" + number, static_cast<uint8_t>(i));
    text += "log " + FormatVkey(key.Verifier(SignatureType::kEd25519)) + "\n";
    text += "witness w" + number + " " +
            FormatVkey(key.Verifier(SignatureType::kCosignature)) + "\n";
    text += "group g" + number + " all w" + number +
            (i > 0 ? " g" + std::to_string(i - 1) : "") + "\n";
  }
  const absl::StatusOr<Policy> policy = ParsePolicy(text + "quorum g99\n");
  ASSERT_OK(policy);
  EXPECT_EQ(policy->logs.size(), 100);
  EXPECT_EQ(policy->witnesses.size(), 100);
  EXPECT_EQ(policy->groups.size(), 100);
  EXPECT_STATUS(ParsePolicy(std::string(kMaxPolicyBytes, '\n') + "quorum none\n"),
                kInvalid, "at most 1048576 bytes");
}

// Nesting is bounded by the file's size only, so nothing may recurse over it.
TEST(PolicyParseTest, AVeryDeepChainOfGroupsIsEvaluated) {
  std::string text = kLogLine + WitnessLine(1) + "group 0 all w1\n";
  for (int i = 1; i < 20000; ++i) {
    text += "group " + std::to_string(i) + " all " + std::to_string(i - 1) + "\n";
  }
  text += "group replay all 19999\nquorum replay\n";
  const absl::StatusOr<Policy> policy = ParsePolicy(text);
  ASSERT_OK(policy);
  const absl::StatusOr<PolicyResult> result =
      EvaluatePolicy(*policy, Cosigned({{1, 9}}));
  ASSERT_OK(result);
  EXPECT_EQ(result->quorum_time_s, 9);
  ASSERT_TRUE(result->replay);
  EXPECT_EQ(result->replay->witnesses, 1);
}

TEST(PolicyParseTest, EveryDamagedPolicyIsRefusedOrWellFormed) {
  const std::string text = kLogLine + WitnessLine(1) + WitnessLine(2) +
                           "group replay 2 w1 w2\nquorum replay\n";
  for (const std::string& mutant : Mutants(text)) {
    const absl::StatusOr<Policy> policy = ParsePolicy(mutant);
    if (!policy.ok()) continue;
    for (const Policy::Group& group : policy->groups) {
      EXPECT_GE(group.threshold, 1);
      EXPECT_LE(group.threshold, group.members.size());
    }
    EXPECT_OK(EvaluatePolicy(*policy, Cosigned({{1, 5}, {2, 6}}))) << mutant;
  }
}

TEST(PolicyTest, AcceptsWhatOtherProgramsSigned) {
  const Policy policy =
      *ParsePolicy(kLogLine + "witness w1 " + kWitnessVkey + "\nquorum w1\n");
  const absl::StatusOr<PolicyResult> result =
      EvaluatePolicy(policy, kNote7 + kWitnessLine7);
  ASSERT_OK(result);
  EXPECT_EQ(result->checkpoint, (Checkpoint{kLogName, 7, HashOf(kRoot7), {}}));
  EXPECT_EQ(result->log_key, Vkey(kLogVkey));
  EXPECT_TRUE(result->quorum_met);
  EXPECT_EQ(result->quorum_time_s, kCosignedAt);
  ASSERT_EQ(result->cosigners.size(), 1);
  EXPECT_EQ(result->cosigners[0].name, "w1");
  EXPECT_EQ(result->cosigners[0].time_s, kCosignedAt);
  EXPECT_FALSE(result->replay);
}

TEST(PolicyTest, NoSmallDamageIsAccepted) {
  const Policy policy =
      *ParsePolicy(kLogLine + "witness w1 " + kWitnessVkey + "\nquorum w1\n");
  for (const std::string& mutant : Mutants(kNote7 + kWitnessLine7)) {
    const absl::StatusOr<PolicyResult> result = EvaluatePolicy(policy, mutant);
    EXPECT_FALSE(result.ok() && result->log_key && result->quorum_met) << mutant;
  }
}

TEST(PolicyTest, WithoutAKnownLogTheCheckpointIsNobodys) {
  const std::string note = Cosigned({{1, 5}});
  const PolicyResult no_log =
      *EvaluatePolicy(*ParsePolicy(WitnessLine(1) + "quorum w1\n"), note);
  EXPECT_FALSE(no_log.log_key);
  EXPECT_TRUE(no_log.quorum_met);
  const std::string other =
      FormatVkey(KeyOfByte(kLogName, 1).Verifier(SignatureType::kEd25519));
  EXPECT_FALSE(
      EvaluatePolicy(*ParsePolicy("log " + other + "\nquorum none\n"), note)->log_key);
}

TEST(PolicyTest, AKnownLogSpeaksOnlyForItsOwnOrigin) {
  const SigningKey other = KeyOfByte("example.com/other", 1);
  const Note note{kText7, {*SignNote(kText7, other)}};
  const Policy policy = *ParsePolicy(
      "log " + FormatVkey(other.Verifier(SignatureType::kEd25519)) + "\nquorum none\n");
  const absl::StatusOr<PolicyResult> result = EvaluatePolicy(policy, FormatNote(note));
  ASSERT_OK(result);
  EXPECT_FALSE(result->log_key);
}

TEST(PolicyTest, OneWrongLineOfAnyKnownKeyRejectsTheNote) {
  const Policy policy = *ParsePolicy(kLogLine + WitnessLine(1) + WitnessLine(2) +
                                     "quorum w1\n");  // w2 decides nothing
  Note note = *ParseNote(Cosigned({{1, 5}, {2, 6}}));
  ASSERT_OK(EvaluatePolicy(policy, FormatNote(note)));
  for (NoteSignature& line : note.signatures) {
    const std::string right = line.signature;
    for (const std::string& wrong :
         {right.substr(1), right + "x", std::string(1, '\0'),
          right.substr(0, right.size() - 1) + static_cast<char>(right.back() ^ 1)}) {
      line.signature = wrong;
      EXPECT_STATUS(EvaluatePolicy(policy, FormatNote(note)), kDataLoss, "");
    }
    line.signature = right;
  }
}

TEST(PolicyTest, UnknownAndRepeatedLinesAreIgnored) {
  const Policy policy = *ParsePolicy(kLogLine + WitnessLine(1) + "quorum w1\n");
  Note note = *ParseNote(Cosigned({{1, 5}, {2, 6}, {1, 7}}));
  note.signatures.push_back({"w1.test", 12345, "another ID"});
  note.signatures.push_back(
      {"w9.test", Vkey(WitnessVkey(1)).id, "another name with the same ID"});
  note.signatures.push_back({"w1.test", Vkey(WitnessVkey(1)).id, "late and wrong"});
  const absl::StatusOr<PolicyResult> result = EvaluatePolicy(policy, FormatNote(note));
  ASSERT_OK(result);
  ASSERT_EQ(result->cosigners.size(), 1);
  EXPECT_EQ(result->quorum_time_s, 5);
}

// The public key has 1,312 bytes, a signature 8 + 2,420.
TEST(PolicyTest, AnMlDsaKeyIsRefusedWithTheReasonAndItsLinesAreIgnored) {
  const std::string vkey =
      "w6.test+00000000+" +
      ToBase64(AsBytes(std::string(1, 6) + std::string(1312, 'k')));
  const std::string named = kLogLine + "witness w6 " + vkey + "\nquorum w6\n";
  EXPECT_STATUS(ParsePolicy(named), kInvalid, "line 2: vkey: signature type 0x06");
  EXPECT_STATUS(ParsePolicy(named), kInvalid, "ML-DSA-44 cosignature: OpenSSL has");
  EXPECT_STATUS(ParsePolicy("log " + vkey + "\nquorum none\n"), kInvalid, "ML-DSA-44");

  const Policy policy = *ParsePolicy(kLogLine + WitnessLine(1) + "quorum w1\n");
  Note note = *ParseNote(Cosigned({{1, 5}}));
  for (uint32_t id = 0; id < 100; ++id) {
    note.signatures.insert(note.signatures.begin(),
                           {"w6.test", id, std::string(2428, 's')});
  }
  const std::string bytes = FormatNote(note);
  const absl::StatusOr<PolicyResult> result = EvaluatePolicy(policy, bytes);
  ASSERT_OK(result);
  EXPECT_TRUE(result->quorum_met);
  EXPECT_EQ(result->log_key, Vkey(kLogVkey));
}

TEST(PolicyTest, SaysWhoOfTheQuorumCosignedAndWhoDidNot) {
  const std::string w = WitnessLine(1) + WitnessLine(2) + WitnessLine(3);
  const Policy group =
      *ParsePolicy(kLogLine + w + "group g all w3 w1\nquorum g\n");  // w2 is of none
  PolicyResult result = *EvaluatePolicy(group, Cosigned({{1, 5}, {2, 5}}));
  EXPECT_FALSE(result.quorum_met);
  EXPECT_EQ(DescribeQuorum(group, result), "cosigned by w1; not by w3");
  result = *EvaluatePolicy(group, kNote7);
  EXPECT_EQ(DescribeQuorum(group, result), "cosigned by nobody; not by w1, w3");
  const Policy one = *ParsePolicy(kLogLine + w + "quorum w2\n");
  EXPECT_EQ(DescribeQuorum(one, *EvaluatePolicy(one, Cosigned({{2, 5}}))),
            "cosigned by w2; not by nobody");
  std::string text = kLogLine;
  std::string members;
  for (int i = 1; i <= 12; ++i) {
    text += WitnessLine(i);
    members += " w" + std::to_string(i);
  }
  const Policy many = *ParsePolicy(text + "group g any" + members + "\nquorum g\n");
  EXPECT_EQ(DescribeQuorum(many, *EvaluatePolicy(many, kNote7)),
            "cosigned by nobody; not by w1, w2, w3, w4, w5, w6, w7, w8, w9, w10 and 2 "
            "others");
}

TEST(PolicyTest, QuorumNoneIsMetButHasNoTime) {
  const Policy policy = *ParsePolicy(kLogLine + WitnessLine(1) + "quorum none\n");
  const absl::StatusOr<PolicyResult> result =
      EvaluatePolicy(policy, Cosigned({{1, 5}}));
  ASSERT_OK(result);
  EXPECT_TRUE(result->quorum_met);
  EXPECT_EQ(result->quorum_time_s, std::nullopt);
  EXPECT_EQ(result->cosigners.size(), 1);
}

TEST(PolicyTest, TheQuorumTimeIsTheOldestOfTheBestChoice) {
  const std::string text = kLogLine + WitnessLine(1) + WitnessLine(2) + WitnessLine(3);
  const std::string note = Cosigned({{1, 10}, {2, 30}, {3, 20}});
  const auto time_of = [&](const std::string& threshold) {
    const Policy policy =
        *ParsePolicy(text + "group g " + threshold + " w1 w2 w3\nquorum g\n");
    return EvaluatePolicy(policy, note)->quorum_time_s;
  };
  EXPECT_EQ(time_of("any"), 30);
  EXPECT_EQ(time_of("2"), 20);
  EXPECT_EQ(time_of("all"), 10);
}

TEST(PolicyTest, AClockThatIsAheadDoesNotMakeTheQuorumFresh) {
  const Policy policy = *ParsePolicy(kLogLine + WitnessLine(1) + WitnessLine(2) +
                                     "group g any w1 w2\nquorum g\n");
  const PolicyResult result =
      EvaluatePolicy(policy, Cosigned({{1, 4'000'000'000}, {2, 100}})).value();
  EXPECT_EQ(result.quorum_time_s, 4'000'000'000);
  EXPECT_EQ(QuorumTimeUpTo(policy, result, 1000), 100);
  EXPECT_EQ(QuorumTimeUpTo(policy, result, 99), std::nullopt);
}

TEST(PolicyTest, ReplayCountsTheWitnessesOfTheGroupAndOfItsGroups) {
  const Policy policy = *ParsePolicy(kLogLine + WitnessLine(1) + WitnessLine(2) +
                                     WitnessLine(3) + WitnessLine(4) +
                                     "group sub all w3 w2\ngroup replay all w4 sub\n"
                                     "quorum w1\n");
  const auto replay = [&](const std::vector<std::pair<int, uint64_t>>& cosigners) {
    return EvaluatePolicy(policy, Cosigned(cosigners))->replay.value();
  };
  EXPECT_EQ(replay({}).witnesses, 3);
  EXPECT_THAT(replay({}).cosigned, ElementsAre());
  EXPECT_FALSE(replay({}).met);
  EXPECT_THAT(replay({{1, 5}}).cosigned, ElementsAre());
  EXPECT_THAT(replay({{4, 5}, {2, 5}}).cosigned, ElementsAre("w2", "w4"));
  EXPECT_FALSE(replay({{4, 5}, {2, 5}}).met);
  EXPECT_THAT(replay({{4, 5}, {3, 1}, {2, 5}}).cosigned, ElementsAre("w2", "w3", "w4"));
  EXPECT_TRUE(replay({{4, 5}, {3, 1}, {2, 5}}).met);
}

TEST(PolicyTest, AWitnessCalledReplayIsNotTheGroup) {
  const Policy policy =
      *ParsePolicy("witness replay " + WitnessVkey(1) + "\nquorum replay\n");
  EXPECT_FALSE(EvaluatePolicy(policy, Cosigned({{1, 5}}))->replay);
}

TEST(PolicyTest, RefusesAnEmptyTreeWithAnotherRootAndNotesOfOtherThings) {
  const Policy policy = *ParsePolicy(kLogLine + "quorum none\n");
  const auto evaluate = [&](const std::string& text) {
    return EvaluatePolicy(policy, FormatNote({text, {*SignNote(text, LogKey())}}));
  };
  const std::string root7 = ToBase64(HashOf(kRoot7));
  EXPECT_STATUS(evaluate(kLogName + "\n0\n" + root7 + "\n"), kDataLoss, "size 0");
  EXPECT_OK(evaluate(kLogName + "\n0\n" + ToBase64(Sha256(Bytes())) + "\n"));
  EXPECT_STATUS(evaluate("hello\n"), kInvalid, "three lines");
  EXPECT_STATUS(EvaluatePolicy(policy, "hello"), kInvalid, "blank line");
}

// A rule of a random policy, and the slow model: is it met by the cosignatures that are
// no older than `since`?
struct Rule {
  std::string name;
  int witness = -1;  // or a group:
  size_t threshold = 0;
  std::vector<Rule> members;

  bool Met(const std::map<int, uint64_t>& times, uint64_t since) const {
    if (witness >= 0) return times.contains(witness) && times.at(witness) >= since;
    size_t met = 0;
    for (const Rule& member : members) met += member.Met(times, since);
    return met >= threshold;
  }
};

TEST(PolicyTest, MetSinceATimeMeansNotAfterTheQuorumTimeForRandomPolicies) {
  std::mt19937 random(1);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  int met = 0;
  int not_met = 0;
  for (int round = 0; round < 150; ++round) {
    const int witnesses = 1 + static_cast<int>(below(6));
    std::string text = kLogLine;
    std::vector<Rule> free;  // in no group yet
    for (int i = 0; i < witnesses; ++i) {
      text += WitnessLine(i);
      free.push_back({"w" + std::to_string(i), i});
    }
    for (size_t g = below(5); g > 0; --g) {
      Rule group{"g" + std::to_string(g)};
      for (size_t members = 1 + below(free.size()); members > 0; --members) {
        const size_t i = below(free.size());
        group.members.push_back(free[i]);
        free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
      }
      group.threshold = 1 + below(group.members.size());
      text += "group " + group.name + " " + std::to_string(group.threshold);
      for (const Rule& member : group.members) text += " " + member.name;
      text += "\n";
      free.push_back(group);
    }
    const Rule& quorum = free.back();
    const absl::StatusOr<Policy> policy =
        ParsePolicy(text + "quorum " + quorum.name + "\n");
    ASSERT_OK(policy) << text;

    std::map<int, uint64_t> times;
    for (int i = 0; i < witnesses; ++i) {
      if (below(4) > 0) times[i] = 1 + below(9);
    }
    const absl::StatusOr<PolicyResult> result =
        EvaluatePolicy(*policy, Cosigned({times.begin(), times.end()}));
    ASSERT_OK(result);
    EXPECT_EQ(result->cosigners.size(), times.size());
    EXPECT_EQ(result->quorum_met, quorum.Met(times, 0)) << text;
    EXPECT_EQ(result->quorum_time_s.has_value(), result->quorum_met);
    for (uint64_t since = 0; since <= 10; ++since) {
      EXPECT_EQ(result->quorum_time_s && since <= *result->quorum_time_s,
                quorum.Met(times, since))
          << text << since;
    }
    for (uint64_t latest = 0; latest <= 10; ++latest) {
      std::map<int, uint64_t> known = times;
      std::erase_if(known, [&](const auto& time) { return time.second > latest; });
      const absl::StatusOr<PolicyResult> without =
          EvaluatePolicy(*policy, Cosigned({known.begin(), known.end()}));
      ASSERT_OK(without);
      EXPECT_EQ(QuorumTimeUpTo(*policy, *result, latest), without->quorum_time_s)
          << text << latest;
    }
    ++(result->quorum_met ? met : not_met);
  }
  EXPECT_GT(met, 20);
  EXPECT_GT(not_met, 10);
}

TEST(PolicyLogsTest, NeedNoQuorumAndNothingElseIsForgiven) {
  const std::string log = "log " + kLogVkey + " grpc://127.0.0.1:7070\n";
  const auto logs = ParsePolicyLogs("# mine\n" + log);
  ASSERT_OK(logs);
  ASSERT_EQ(logs->size(), 1u);
  EXPECT_EQ(FormatVkey(logs->front().key), kLogVkey);
  EXPECT_EQ(logs->front().url, "grpc://127.0.0.1:7070");
  EXPECT_OK(ParsePolicyLogs(log + "witness w " + kWitnessVkey + "\nquorum w\n"));
  EXPECT_OK(ParsePolicyLogs(""));
  EXPECT_STATUS(ParsePolicyLogs(log + log), absl::StatusCode::kInvalidArgument,
                "line 2");
  EXPECT_STATUS(ParsePolicyLogs(log + "quorum w\n"), absl::StatusCode::kInvalidArgument,
                "line 2");
  EXPECT_STATUS(ParsePolicyLogs(log.substr(0, log.size() - 1)),
                absl::StatusCode::kInvalidArgument, "cut off");
}

}  // namespace
}  // namespace setlog
