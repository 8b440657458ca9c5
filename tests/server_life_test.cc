// A server's life: keys, starts that are refused, stops, a disk without room.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server/key_files.h"
#include "server_fixture.h"

namespace setlog {
namespace {

using ServerLifeTest = ServerTest;

TEST_F(ServerLifeTest, RefusesToStartWithAForeignOrMissingKey) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  ASSERT_TRUE(Create(ManifestOf("example.org/other")).ok());
  StopServer();
  ServerOptions options;
  options.data_dir = dir_ + "/data";
  options.listen = options.http = "127.0.0.1:0";
  std::vector<std::filesystem::path> keys;
  for (const auto& file : std::filesystem::directory_iterator(dir_ + "/data/keys")) {
    keys.push_back(file.path());
  }
  ASSERT_EQ(keys.size(), 2u);
  std::filesystem::rename(keys[0], dir_ + "/saved");
  EXPECT_STATUS(Server::Start(options), absl::StatusCode::kNotFound, keys[0].string());
  std::filesystem::copy_file(keys[1], keys[0]);
  EXPECT_STATUS(Server::Start(options), absl::StatusCode::kDataLoss,
                "is not the signing key of");
  std::filesystem::remove(keys[0]);
  std::filesystem::copy_file(dir_ + "/saved", keys[0]);
  std::filesystem::permissions(keys[0], std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_STATUS(Server::Start(options), absl::StatusCode::kFailedPrecondition,
                "chmod 600");
  std::filesystem::remove(keys[0]);
  // A new key of the right name would sign another log.
  const std::array<uint8_t, 32> seed = {7};
  for (const char* origin : {kOrigin, "example.org/other"}) {
    if (SigningKeyPath(dir_ + "/data", origin) != keys[0].string()) continue;
    std::ofstream(keys[0]) << FormatSkey(
        *MakeSigningKey(origin, *Ed25519PrivateKey::FromSeed(seed)));
  }
  std::filesystem::permissions(keys[0], std::filesystem::perms::owner_read);
  EXPECT_STATUS(Server::Start(options), absl::StatusCode::kDataLoss,
                "holds another key than the one that signed");
  std::filesystem::remove(keys[0]);
  std::filesystem::rename(dir_ + "/saved", keys[0]);
  EXPECT_OK(Server::Start(options));
}

TEST_F(ServerLifeTest, AKeyWhoseStoreIsGoneSignsNoSecondHistory) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  StopServer();
  std::filesystem::remove_all(dir_ + "/data/store");
  std::filesystem::remove(dir_ + "/data/anchor");
  StartServer();
  const grpc::Status again = Create(ManifestOf(kOrigin));
  EXPECT_EQ(again.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_NE(again.error_message().find(SigningKeyPath(dir_ + "/data", kOrigin)),
            std::string::npos)
      << again.error_message();
  EXPECT_NE(again.error_message().find("setlogd restore"), std::string::npos);
  std::filesystem::rename(SigningKeyPath(dir_ + "/data", kOrigin), dir_ + "/away");
  EXPECT_TRUE(Create(ManifestOf(kOrigin)).ok());
}

TEST_F(ServerLifeTest, ACreationThatACrashCutShortIsFinishedOrForgotten) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  const VerifierKey key = Key();
  StopServer();
  const std::string path = SigningKeyPath(dir_ + "/data", kOrigin);
  const std::string other = SigningKeyPath(dir_ + "/data", "example.org/other");
  // After the commit, before the key had its name.
  std::filesystem::rename(path, path + ".new");
  // Before the commit of another log.
  std::ofstream(other + ".new") << "cut sh";
  StartServer();
  EXPECT_EQ(Key(), key);
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_TRUE(Create(ManifestOf("example.org/other")).ok());
  EXPECT_TRUE(std::filesystem::exists(other));
  EXPECT_FALSE(std::filesystem::exists(other + ".new"));
}

TEST_F(ServerLifeTest, StopsAtOnceWithWatchersAndAppendersThatWouldStay) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  grpc::ClientContext watching;
  v1::GetHeadRequest request;
  request.set_origin(kOrigin);
  auto watch = reader_->WatchHeads(&watching, request);
  v1::Head head;
  ASSERT_TRUE(watch->Read(&head));
  const auto begin = std::chrono::steady_clock::now();
  std::thread stop([&] { server_.reset(); });
  EXPECT_FALSE(watch->Read(&head));
  const grpc::Status ended = watch->Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE) << ended.error_message();
  stop.join();
  // The drain alone would be five seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST_F(ServerLifeTest, ALivingServersUnixSocketIsNotTakenFromIt) {
  ServerOptions first;
  first.data_dir = dir_ + "/first";
  first.listen = "unix:" + dir_ + "/socket";
  first.http = "127.0.0.1:0";
  first.min_free_bytes = 0;
  auto living = Server::Start(first);
  ASSERT_OK(living);
  ServerOptions second = first;
  second.data_dir = dir_ + "/second";
  EXPECT_STATUS(Server::Start(second), absl::StatusCode::kFailedPrecondition,
                "another server answers there");
  living->reset();
  EXPECT_OK(Server::Start(second));
}

TEST_F(ServerLifeTest, WithoutRoomItIsReadOnlyAndSaysSo) {
  ASSERT_TRUE(Create(ManifestOf(kOrigin)).ok());
  ASSERT_OK(Append(std::string(16, 'a'), Records(0, 10)));
  StopServer();
  min_free_bytes_ = uint64_t{1} << 60;
  StartServer();
  EXPECT_STATUS(Append(std::string(16, 'a'), Records(0, 10)),
                absl::StatusCode::kResourceExhausted, "--min-free");
  EXPECT_OK(GetHead());
  min_free_bytes_ = 0;
  StopServer();
  StartServer();
  EXPECT_OK(Append(std::string(16, 'b'), Records(10, 20)));
}

}  // namespace
}  // namespace setlog
