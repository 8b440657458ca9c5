#include "witness/witness_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client/atomic_file.h"
#include "client/key_file.h"
#include "witness/cosigned_heads.h"
#include "witness_fixture.h"

namespace setlog {
namespace {

constexpr auto kRefused = absl::StatusCode::kFailedPrecondition;

class WitnessKeyTest : public WitnessTest {
 protected:
  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string Read(const std::string& name) const {
    return ReadSmallFile(Path(name), 1 << 20).value_or("");
  }
  bool Exists(const std::string& name) const {
    return std::filesystem::exists(Path(name));
  }
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
  }
  absl::StatusOr<SigningKey> Open(bool new_state = false,
                                  const std::string& state = "state",
                                  const std::string& name = "") {
    return OpenWitnessKey({.directory = Path(state),
                           .file = Path("w.key"),
                           .name = name,
                           .new_state = new_state});
  }
  absl::StatusOr<SigningKey> Make(const std::string& state = "state") {
    return Open(false, state, "witness.example/w");
  }
  static std::string Text(const SigningKey& key) {
    return FormatVkey(key.Verifier(SignatureType::kCosignature));
  }
  // As a witness with the key leaves it.
  void Cosign(const std::string& state = "state") {
    WitnessOptions options = Options();
    options.directory = Path(state);
    absl::StatusOr<SigningKey> key = ReadKeyFile(Path("w.key"));
    ASSERT_OK(key);
    absl::StatusOr<std::unique_ptr<Witness>> witness =
        Witness::Start(std::move(options), *std::move(key));
    ASSERT_OK(witness);
    const HttpAnswered answer = HttpPost((*witness)->http_address(), Request(0, 1));
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
};

TEST_F(WitnessKeyTest, AKeyIsMadeWithItsStateAndBothNameIt) {
  EXPECT_STATUS(Open(), absl::StatusCode::kInvalidArgument, "--name NAME");
  EXPECT_FALSE(Exists("w.key"));
  const auto key = Make();
  ASSERT_OK(key);
  const std::string marker = Read("w.key.state");
  EXPECT_EQ(marker, Read("state/cosigned/state"));
  constexpr std::string_view kBegins = "setlog witness state\nid ";
  EXPECT_TRUE(marker.starts_with(kBegins)) << marker;
  EXPECT_EQ(marker.substr(kBegins.size() + 32), "\nkey " + Text(*key) + "\n");
  for (const char* name : {"w.key.state", "state/cosigned/state"}) {
    struct stat info = {};
    ASSERT_EQ(stat(Path(name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
  for (int i = 0; i < 2; ++i) {
    const auto again = Open();
    ASSERT_OK(again);
    EXPECT_EQ(Text(*again), Text(*key));
    EXPECT_EQ(Read("w.key.state"), marker);
  }
  EXPECT_STATUS(Open(false, "state", "another.example/w"),
                absl::StatusCode::kInvalidArgument, "a key keeps its name");
}

TEST_F(WitnessKeyTest, AKeyWhoseStateIsLostIsRefusedUntilItIsAccepted) {
  ASSERT_OK(Make());
  Cosign();
  const std::string before = Read("w.key.state");
  for (const char* lost : {"state", "state/cosigned"}) {
    std::filesystem::remove_all(Path(lost));
    for (int i = 0; i < 2; ++i) {  // what a refused start leaves changes nothing
      const auto refused = Open();
      EXPECT_STATUS(refused, kRefused, "--new-state");
      EXPECT_STATUS(refused, kRefused, before.substr(24, 32));  // which one it was
      EXPECT_STATUS(Make(), kRefused, "a second history");
    }
    EXPECT_EQ(Read("w.key.state"), before);
  }
  // Nor does it help to lose the marker too.
  unlink(Path("w.key.state").c_str());
  EXPECT_STATUS(Open(), kRefused, "--new-state");
  ASSERT_OK(Open(true));
  EXPECT_NE(Read("w.key.state"), before);
  EXPECT_EQ(Read("w.key.state"), Read("state/cosigned/state"));
  EXPECT_OK(Open());
}

TEST_F(WitnessKeyTest, AKeyOfAnotherCommandBeginsOnlyWhenItIsSaid) {
  ASSERT_OK(CreateKeyFile(Path("w.key"), "witness.example/w"));
  EXPECT_STATUS(Open(), kRefused, "--new-state");
  EXPECT_FALSE(Exists("w.key.state"));
  ASSERT_OK(Open(true));
  EXPECT_OK(Open());
}

TEST_F(WitnessKeyTest, AcceptingIsNoHabit) {
  EXPECT_STATUS(Open(true, "state", "witness.example/w"), kRefused, "start without it");
  EXPECT_FALSE(Exists("w.key"));
  ASSERT_OK(Make());
  EXPECT_STATUS(Open(true), kRefused, "nothing to accept");
  EXPECT_OK(Open());
}

TEST_F(WitnessKeyTest, TheStateOfBeforeIsRefusedAfterANewOneWasAccepted) {
  ASSERT_OK(Make("first"));
  Cosign("first");
  ASSERT_OK(Open(true, "second"));
  Cosign("second");
  EXPECT_STATUS(Open(false, "first"), kRefused, "not known to be the state");
  EXPECT_OK(Open(false, "second"));
  // Whoever knows better can say so; then the other is refused.
  ASSERT_OK(Open(true, "first"));
  EXPECT_OK(Open(false, "first"));
  EXPECT_STATUS(Open(false, "second"), kRefused, "--new-state");
}

TEST_F(WitnessKeyTest, AMovedStateAndALostMarkerAreNoLoss) {
  ASSERT_OK(Make());
  const std::string marker = Read("w.key.state");
  std::filesystem::rename(Path("state"), Path("moved"));
  EXPECT_OK(Open(false, "moved"));
  unlink(Path("w.key.state").c_str());
  EXPECT_OK(Open(false, "moved"));
  EXPECT_EQ(Read("w.key.state"), marker);
}

TEST_F(WitnessKeyTest, AStateOfTheReleaseBeforeIsTakenByWhatItCosigned) {
  ASSERT_OK(CreateKeyFile(Path("w.key"), "witness.example/w"));
  Cosign();
  ASSERT_FALSE(Exists("state/cosigned/state"));
  ASSERT_OK(Open());
  EXPECT_EQ(Read("w.key.state"), Read("state/cosigned/state"));
  EXPECT_OK(Open());
  // Once marked, such a state is an old copy.
  unlink(Path("state/cosigned/state").c_str());
  EXPECT_STATUS(Open(), kRefused, "--new-state");
}

TEST_F(WitnessKeyTest, AStateIsOfOneKey) {
  const auto first = Make();
  ASSERT_OK(first);
  Cosign();
  std::filesystem::rename(Path("w.key"), Path("first.key"));
  // Neither a new one nor one from elsewhere, whatever is accepted.
  EXPECT_STATUS(Make(), kRefused, "the state of another key, " + Text(*first));
  EXPECT_FALSE(Exists("w.key"));
  ASSERT_OK(CreateKeyFile(Path("w.key"), "witness.example/w"));
  for (const bool new_state : {false, true}) {
    EXPECT_STATUS(Open(new_state), kRefused, "the state of another key");
  }
  std::filesystem::rename(Path("first.key"), Path("w.key"));
  EXPECT_OK(Open());
}

TEST_F(WitnessKeyTest, HeadsThatNoKeyHereCosignedAreNotTakenOver) {
  ASSERT_OK(CreateKeyFile(Path("w.key"), "witness.example/w"));
  Cosign();
  unlink(Path("w.key").c_str());
  ASSERT_OK(CreateKeyFile(Path("w.key"), "witness.example/w"));
  for (const bool new_state : {false, true}) {
    EXPECT_STATUS(Open(new_state), kRefused, "was cosigned by the key in");
  }
  EXPECT_FALSE(Exists("state/cosigned/state"));
}

TEST_F(WitnessKeyTest, AStartThatWasKilledIsBegunAgain) {
  ASSERT_OK(Make());
  // The key comes last, so all that a kill leaves is of a key that nobody has.
  unlink(Path("w.key").c_str());
  ASSERT_OK(Make());
  EXPECT_EQ(Read("w.key.state"), Read("state/cosigned/state"));
  unlink(Path("w.key").c_str());
  unlink(Path("w.key.state").c_str());
  ASSERT_OK(Make());
  EXPECT_OK(Open());
}

TEST_F(WitnessKeyTest, NoByteOfEitherFileMayBeAnother) {
  ASSERT_OK(Make());
  const std::string good = Read("w.key.state");
  const auto never = [&](const std::string& bad) {
    Write("w.key.state", bad);
    EXPECT_STATUS(Open(), kRefused, "w.key.state");
    Write("w.key.state", good);
    Write("state/cosigned/state", bad);
    const absl::Status status = Open().status();
    EXPECT_FALSE(status.ok()) << bad;
    EXPECT_FALSE(absl::IsUnavailable(status)) << status;
    Write("state/cosigned/state", good);
    EXPECT_OK(Open());
  };
  for (size_t i = 0; i < good.size(); i += 9) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    never(bad);
    never(good.substr(0, i));
  }
  never(good + "\n");
  never(std::string(5000, 'x'));
  // What cannot be used can be made anew, deliberately.
  Write("state/cosigned/state", "rubbish");
  EXPECT_STATUS(Open(), absl::StatusCode::kDataLoss, "cosigned/state");
  ASSERT_OK(Open(true));
  EXPECT_OK(Open());
}

TEST_F(WitnessKeyTest, NothingBeginsWithoutTheMarkerOnTheDisk) {
  std::filesystem::create_directories(Path("w.key.state"));
  EXPECT_FALSE(Make().ok());
  EXPECT_FALSE(Exists("w.key"));
}

TEST_F(WitnessKeyTest, AStateInUseIsLeftAlone) {
  ASSERT_OK(Make());
  const auto held = CosignedHeads::Open(Path("state"));
  ASSERT_OK(held);
  EXPECT_STATUS(Open(), kRefused, "another witness");
  EXPECT_STATUS(Open(true), kRefused, "another witness");
}

}  // namespace
}  // namespace setlog
