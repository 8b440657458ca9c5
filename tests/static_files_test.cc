#include "client/static_files.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "absl/strings/str_format.h"
#include "client/retry.h"
#include "http/http_server.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

bool Never() { return false; }

absl::StatusOr<std::string> Read(const StaticFiles& files, const std::string& name,
                                 size_t max_bytes = 1000) {
  const auto fetcher = files.NewFetcher(max_bytes);
  if (!fetcher.ok()) return fetcher.status();
  (*fetcher)->Want(name);
  return (*fetcher)->Next(Never);
}

TEST(StaticFiles, HttpAndHttpsAreUrlsTheRestIsDirectories) {
  EXPECT_TRUE(IsUrl("http://a"));
  EXPECT_TRUE(IsUrl("https://a/b"));
  for (const char* path :
       {"/srv/www", "http", "./http://a", "ftp://a", "a.example/b"}) {
    EXPECT_FALSE(IsUrl(path)) << path;
  }
  EXPECT_STATUS(OpenStaticFiles("", {}), absl::StatusCode::kInvalidArgument, "empty");
  for (const char* url : {"http://", "https://a/b?c=d", "http://a/#b"}) {
    EXPECT_STATUS(OpenStaticFiles(url, {}), absl::StatusCode::kInvalidArgument, "URL");
  }
  EXPECT_STATUS(OpenStaticFiles("https://a", {.ca_file = "/no/such/file"}),
                absl::StatusCode::kInvalidArgument, "/no/such/file");
}

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() : files_(OpenStaticFiles(dir_.path() + "//", {}).value()) {}
  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(Path(name), std::ios::binary) << bytes;
  }

  TempDir dir_;
  std::unique_ptr<StaticFiles> files_;
};

TEST_F(DirectoryTest, FilesComeInTheOrderInWhichTheyWereWanted) {
  const auto fetcher = files_->NewFetcher(100);
  ASSERT_OK(fetcher);
  for (int i = 0; i < 20; ++i) Write(std::to_string(i), std::to_string(i * i));
  for (int i = 0; i < 20; ++i) (*fetcher)->Want(std::to_string(i));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ((*fetcher)->Next(Never).value(), std::to_string(i * i));
  }
}

TEST_F(DirectoryTest, LengthsAreBounded) {
  for (size_t size : {0, 1, 999, 1000, 1001, 200000}) {
    Write("file", std::string(size, 'x'));
    if (size <= 1000) {
      EXPECT_EQ(Read(*files_, "file").value().size(), size);
    } else {
      EXPECT_STATUS(Read(*files_, "file"), absl::StatusCode::kResourceExhausted,
                    Path("file"));
    }
  }
  Write("file", std::string(200000, 'x'));
  EXPECT_EQ(Read(*files_, "file", 200000).value().size(), 200000);
}

TEST_F(DirectoryTest, WhatIsNoFileIsNamed) {
  EXPECT_STATUS(Read(*files_, "nothing"), absl::StatusCode::kNotFound, Path("nothing"));
  EXPECT_STATUS(Read(*files_, "."), absl::StatusCode::kFailedPrecondition,
                "regular file");
  // A pipe that nobody writes to would never end, /dev/zero neither.
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_STATUS(Read(*files_, "pipe"), absl::StatusCode::kFailedPrecondition, "pipe");
  std::filesystem::create_symlink("/dev/zero", Path("zero"));
  EXPECT_STATUS(Read(*files_, "zero"), absl::StatusCode::kFailedPrecondition, "zero");
  std::filesystem::create_symlink("loop", Path("loop"));
  EXPECT_FALSE(Read(*files_, "loop").ok());
  // Mirrors are made of links.
  Write("file", "content");
  std::filesystem::create_symlink("file", Path("link"));
  EXPECT_EQ(Read(*files_, "link").value(), "content");
}

class HttpTest : public testing::Test {
 protected:
  HttpTest()
      : server_(HttpServer::Start("127.0.0.1", 0,
                                  {.pages =
                                       [this](const HttpRequest& request) {
                                         ++requests_;
                                         return Page(request.path);
                                       }})
                    .value()),
        url_(absl::StrFormat("http://127.0.0.1:%d/log", server_->port())),
        files_(OpenStaticFiles(url_ + "/", {}).value()) {}

  static HttpAnswer Page(const std::string& path) {
    if (path.starts_with("/log/status/")) {
      return HttpReply{.status = static_cast<unsigned>(std::stoul(path.substr(12)))};
    }
    if (path == "/log/zeros") {
      return HttpReply{.body = std::string(200000, '\0'), .compressible = true};
    }
    // Those that were asked for first come last.
    return [path] {
      const int number = std::stoi(path.substr(5));
      std::this_thread::sleep_for(milliseconds(20 - number));
      return HttpReply{.body = path};
    };
  }

  std::atomic<int> requests_ = 0;
  std::unique_ptr<HttpServer> server_;
  const std::string url_;
  std::unique_ptr<StaticFiles> files_;
};

TEST_F(HttpTest, FilesComeInTheOrderInWhichTheyWereWanted) {
  const auto fetcher = files_->NewFetcher(100);
  ASSERT_OK(fetcher);
  for (int i = 0; i < 20; ++i) (*fetcher)->Want(std::to_string(i));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ((*fetcher)->Next(Never).value(), absl::StrFormat("/log/%d", i));
  }
  EXPECT_EQ(requests_, 20);
}

TEST_F(HttpTest, EachStatusHasItsMeaning) {
  EXPECT_EQ(files_->place(), url_);
  EXPECT_OK(Read(*files_, "status/200"));
  const std::pair<int, absl::StatusCode> kMeanings[] = {
      {404, absl::StatusCode::kNotFound},
      {410, absl::StatusCode::kNotFound},
      {401, absl::StatusCode::kPermissionDenied},
      {403, absl::StatusCode::kPermissionDenied},
      {429, absl::StatusCode::kUnavailable},
      {500, absl::StatusCode::kUnavailable},
      {503, absl::StatusCode::kUnavailable},
      {206, absl::StatusCode::kFailedPrecondition},
      {301, absl::StatusCode::kFailedPrecondition},
      {400, absl::StatusCode::kFailedPrecondition},
  };
  for (const auto& [status, code] : kMeanings) {
    const std::string name = absl::StrFormat("status/%d", status);
    EXPECT_STATUS(Read(*files_, name), code, url_ + "/" + name);
  }
}

TEST_F(HttpTest, LengthsAreBoundedAlsoWhenCompressed) {
  EXPECT_EQ(Read(*files_, "zeros", 200000).value(), std::string(200000, '\0'));
  EXPECT_STATUS(Read(*files_, "zeros", 199999), absl::StatusCode::kResourceExhausted,
                "/zeros");
}

TEST_F(HttpTest, AServerThatIsNotThereMayComeBack) {
  server_.reset();
  const absl::StatusOr<std::string> read = Read(*files_, "1");
  EXPECT_STATUS(read, absl::StatusCode::kUnavailable, url_);
  EXPECT_TRUE(MayPass(read.status()));
}

// One that takes the connection and is silent.
TEST_F(HttpTest, ARequestTakesNoLongerThanIsTried) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const auto files =
      OpenStaticFiles(absl::StrFormat("http://127.0.0.1:%d", ntohs(address.sin_port)),
                      {.retry_for = milliseconds(1)});
  ASSERT_OK(files);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_STATUS(Read(**files, "checkpoint"), absl::StatusCode::kUnavailable, "");
  const auto passed = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(passed, std::chrono::seconds(2)) << "a slow mirror is given some time";
  EXPECT_LE(passed, std::chrono::seconds(15));
  ::close(listener);
}

TEST_F(HttpTest, WaitingEndsWhenNobodyWantsItAnyMore) {
  const auto fetcher = files_->NewFetcher(100);
  ASSERT_OK(fetcher);
  (*fetcher)->Want("1");
  EXPECT_STATUS((*fetcher)->Next([] { return true; }), absl::StatusCode::kCancelled,
                "");
}

}  // namespace
}  // namespace setlog
