#include "log/witness_judge.h"

#include <algorithm>

#include "golden_notes.h"
#include "log/proof.h"
#include "log/sha256.h"
#include "log/tree.h"
#include "rfc6962_model.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr char kOrigin[] = "example.com/dataset-log";

Hash Leaf(uint64_t i) { return LeafHash(AsBytes("entry-" + std::to_string(i))); }

// Two histories that part at entry 4, and what either's key signs.
class WitnessJudgeTest : public testing::Test {
 protected:
  static constexpr uint64_t kMax = 9;
  struct History {
    explicit History(uint64_t fork)
        : tree([fork](uint64_t i) { return Leaf(i < fork ? i : i + 1000); }) {}
    Hash Root(uint64_t size) { return size == 0 ? EmptyRoot() : tree.Mth(0, size); }
    std::vector<Hash> Proof(uint64_t from, uint64_t to) {
      if (from == 0 || from >= to) return {};
      return tree.Proof(from, to);
    }
    Rfc6962Model tree;
  };

  static SubmittedHead Submitted(uint64_t old_size, std::vector<Hash> proof,
                                 uint64_t size, const Hash& root) {
    return {.request = {old_size, std::move(proof), ""},
            .note = {},
            .head = {kOrigin, size, root, {}},
            .log_key = Vkey(kLogVkey)};
  }
  // The list of C2SP tlog-witness, said once more with the tree itself at hand.
  int Expected(const std::optional<Checkpoint>& last, uint64_t old_size,
               const std::vector<Hash>& proof, uint64_t size, History& shown) {
    if (old_size > size) return 400;
    if (old_size != (last ? last->size : 0)) return 409;
    if (old_size == 0) return proof.empty() ? 200 : 422;
    if (proof != shown.Proof(old_size, size)) return 422;
    return shown.Root(old_size) == last->root ? 200 : 422;
  }

  History honest_{kMax};
  History forked_{4};
};

TEST_F(WitnessJudgeTest, EveryRequestOverEveryStateGetsTheListsAnswer) {
  uint64_t counts[5] = {};
  for (uint64_t cosigned = 0; cosigned <= kMax + 1; ++cosigned) {
    std::optional<Checkpoint> last;
    if (cosigned > 0) {
      last = Checkpoint{kOrigin, cosigned - 1, honest_.Root(cosigned - 1), {}};
    }
    for (uint64_t old_size = 0; old_size <= kMax; ++old_size) {
      for (uint64_t size = 0; size <= kMax; ++size) {
        for (History* shown : {&honest_, &forked_}) {
          std::vector<Hash> proof = shown->Proof(old_size, size);
          std::vector<std::vector<Hash>> proofs = {proof, {}};
          proof.push_back(Leaf(3));
          proofs.push_back(proof);
          for (const std::vector<Hash>& offered : proofs) {
            const WitnessVerdict verdict = JudgeSubmission(
                Submitted(old_size, offered, size, shown->Root(size)), last);
            const int expected = Expected(last, old_size, offered, size, *shown);
            ASSERT_EQ(verdict.status, expected)
                << "last " << (last ? std::to_string(last->size) : "none") << " old "
                << old_size << " size " << size << ": " << verdict.why;
            EXPECT_EQ(verdict.why.empty(), expected == 200);
            EXPECT_EQ(verdict.two_roots,
                      last && size == last->size && shown->Root(size) != last->root);
            ++counts[expected == 200   ? 0
                     : expected == 400 ? 1
                     : expected == 409 ? 2
                     : expected == 422 ? 3
                                       : 4];
          }
        }
      }
    }
  }
  for (int i = 0; i < 4; ++i) EXPECT_GT(counts[i], 50u) << i;
  EXPECT_EQ(counts[4], 0u);
}

TEST_F(WitnessJudgeTest, AnyFlippedHashOfAProofIs422) {
  const Checkpoint last{kOrigin, 3, honest_.Root(3), {}};
  const std::vector<Hash> proof = honest_.Proof(3, 8);
  ASSERT_EQ(JudgeSubmission(Submitted(3, proof, 8, honest_.Root(8)), last).status, 200);
  for (size_t i = 0; i < proof.size(); ++i) {
    std::vector<Hash> wrong = proof;
    wrong[i] = Leaf(77);
    const WitnessVerdict verdict =
        JudgeSubmission(Submitted(3, wrong, 8, honest_.Root(8)), last);
    EXPECT_EQ(verdict.status, 422);
    EXPECT_FALSE(verdict.two_roots);
  }
}

TEST_F(WitnessJudgeTest, TheEmptyTreeHasOneRoot) {
  const Checkpoint empty{kOrigin, 0, EmptyRoot(), {}};
  for (const std::optional<Checkpoint>& last :
       {std::optional<Checkpoint>(), std::optional<Checkpoint>(empty)}) {
    EXPECT_EQ(JudgeSubmission(Submitted(0, {}, 0, EmptyRoot()), last).status, 200);
    const WitnessVerdict wrong = JudgeSubmission(Submitted(0, {}, 0, Leaf(1)), last);
    EXPECT_EQ(wrong.status, 422);
    EXPECT_FALSE(wrong.two_roots);
    EXPECT_EQ(JudgeSubmission(Submitted(0, {Leaf(1)}, 0, EmptyRoot()), last).status,
              422);
  }
}

TEST_F(WitnessJudgeTest, TwoRootsOfOneSizeAreSeenWhateverTheRequestSaysElse) {
  const Checkpoint last{kOrigin, 7, honest_.Root(7), {}};
  for (const uint64_t old_size : {0u, 3u, 7u, 8u}) {
    const WitnessVerdict verdict =
        JudgeSubmission(Submitted(old_size, {}, 7, forked_.Root(7)), last);
    EXPECT_TRUE(verdict.two_roots);
    EXPECT_EQ(verdict.status, old_size == 8 ? 400 : old_size == 7 ? 422 : 409);
  }
}

// --- Whose signature counts.

KeysOf Knows(std::vector<VerifierKey> keys) {
  static std::vector<VerifierKey> known;
  known = std::move(keys);
  return [](std::string_view origin) {
    return origin == kOrigin ? std::span<const VerifierKey>(known)
                             : std::span<const VerifierKey>();
  };
}
int StatusOf(const std::string& body, const KeysOf& keys) {
  const auto read = ReadSubmission(body, keys);
  const auto* refusal = std::get_if<WitnessRefusal>(&read);
  if (refusal == nullptr) return 200;
  EXPECT_FALSE(refusal->why.empty());
  return refusal->status;
}

const std::string kBody = "old 0\n\n" + kNote7;

TEST(ReadSubmissionTest, TheLogsNoteIsRead) {
  const auto read = ReadSubmission(kBody, Knows({Vkey(kLogVkey)}));
  const auto* submitted = std::get_if<SubmittedHead>(&read);
  ASSERT_NE(submitted, nullptr);
  EXPECT_EQ(submitted->head.size, 7u);
  EXPECT_EQ(ToHex(submitted->head.root), kRoot7);
  EXPECT_EQ(FormatVkey(submitted->log_key), kLogVkey);
  EXPECT_EQ(submitted->note.text, kText7);
}

TEST(ReadSubmissionTest, EachFaultHasItsStatusInTheListsOrder) {
  const KeysOf log = Knows({Vkey(kLogVkey)});
  EXPECT_EQ(StatusOf("", log), 400);
  EXPECT_EQ(StatusOf("old 0\n" + kNote7, log), 400);
  EXPECT_EQ(StatusOf("old 0\n\n" + kText7, log), 400);
  EXPECT_EQ(StatusOf("old 0\n\nx\n\n" + kLogLine7, log), 400);
  // Malformed comes first, then the origin, then the signature.
  std::string other = kBody;
  other.replace(other.find("example.com"), 11, "example.net");
  EXPECT_EQ(StatusOf(other, log), 404);
  EXPECT_EQ(StatusOf("old -" + other.substr(4), log), 400);
  EXPECT_EQ(StatusOf("old 9" + kBody.substr(5), log), 200);  // for the second part
  std::string wrong = kBody;
  wrong.replace(wrong.find("\n7\n"), 3, "\n8\n");
  EXPECT_EQ(StatusOf(wrong, log), 403);
  EXPECT_EQ(StatusOf("old 0\n\n" + kText7 + "\n" + kWitnessLine7, log), 403);
}

TEST(ReadSubmissionTest, AnyFlippedByteIsRefused) {
  const KeysOf log = Knows({Vkey(kLogVkey)});
  const size_t note = kBody.size() - kNote7.size();
  for (size_t i = note; i < kBody.size(); ++i) {
    std::string body = kBody;
    body[i] = static_cast<char>(body[i] ^ 1);
    const int status = StatusOf(body, log);
    EXPECT_TRUE(status == 400 || status == 403 || status == 404) << i << ": " << status;
  }
}

TEST(ReadSubmissionTest, EitherKeyOfALogWillDoAndAWrongLineOfAnyIs403) {
  const SigningKey second = KeyOfByte(kOrigin, 5);
  const VerifierKey second_key = second.Verifier(SignatureType::kEd25519);
  const KeysOf both = Knows({second_key, Vkey(kLogVkey)});
  EXPECT_EQ(StatusOf(kBody, both), 200);
  const std::string line = FormatSignatureLine(SignNote(kText7, second).value());
  const auto read = ReadSubmission(kBody + line, both);
  ASSERT_TRUE(std::holds_alternative<SubmittedHead>(read));
  EXPECT_EQ(std::get<SubmittedHead>(read).log_key, second_key);
  // The right line of one key does not make up for the wrong one of the other.
  const std::string lie =
      FormatSignatureLine(SignNote("another text\n", second).value());
  EXPECT_EQ(StatusOf(kBody + lie, both), 403);
  EXPECT_EQ(StatusOf(kBody + lie, Knows({Vkey(kLogVkey)})), 200);
}

TEST(ReadSubmissionTest, ACosignatureByTheLogsKeyIsNoSignatureOfTheLog) {
  const KeysOf cosigner = Knows({Vkey(kLogCosignerVkey)});
  EXPECT_EQ(StatusOf(kBody, cosigner), 403);
}

TEST(ReadSubmissionTest, StrangersLinesAreNotKept) {
  const Note note = ParseNote(kNote7 + kWitnessLine7).value();
  const VerifierKey key = Vkey(kLogVkey);
  EXPECT_EQ(FormatNote(WithoutStrangers(note, std::span(&key, 1))), kNote7);
}

}  // namespace
}  // namespace setlog
