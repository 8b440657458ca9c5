#include "model/hash_model.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <random>

#include "log/sha256.h"
#include "model_files.h"
#include "testing.h"

namespace setlog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Content(size_t size, size_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

Digest Sha256Digest(std::string_view content) {
  return DigestFromBytes(Sha256(AsBytes(content)));
}

HashedModel Hashed(const ModelTree& tree, const HashModelOptions& options) {
  auto hashed = HashModel(tree, options);
  EXPECT_OK(hashed);
  return hashed.ok() ? *std::move(hashed) : HashedModel();
}
ModelTree Listed(const ModelFiles& files) {
  auto tree = ListModel(files.path(), {});
  EXPECT_OK(tree);
  EXPECT_THAT(tree->odd, IsEmpty());
  return *std::move(tree);
}

std::vector<std::string> Names(const HashedModel& model) {
  std::vector<std::string> names;
  for (const ModelResource& resource : model.resources) names.push_back(resource.name);
  return names;
}
std::vector<std::string> Odd(const HashedModel& model) {
  std::vector<std::string> odd;
  for (const OddFile& file : model.odd) odd.push_back(file.name + ": " + file.detail);
  return odd;
}

// Files of all lengths around those at which something changes, and their contents.
class MixedModel : public ModelFiles {
 public:
  MixedModel() {
    for (size_t size : {0,      1,      55,     56,     63,     64,     65,     119,
                        120,    4095,   4096,   4097,   16384,  65536,  174762, 262143,
                        262144, 262145, 300000, 524288, 700000, 1500000}) {
      Add("file-" + std::to_string(size), size);
    }
    for (size_t i = 0; i < 100; ++i) Add("many/" + std::to_string(i), 4096);
    for (size_t i = 0; i < 60; ++i) Add("few/" + std::to_string(i), i * i * i);
  }
  const std::map<std::string, std::string>& contents() const { return contents_; }

  std::vector<ModelResource> Sha256s() const {
    std::vector<ModelResource> resources;
    for (const auto& [name, content] : contents_) {
      resources.push_back({name, Sha256Digest(content)});
    }
    return resources;
  }

 private:
  void Add(const std::string& name, size_t size) {
    Write(name, contents_[name] = Content(size, contents_.size()));
  }
  std::map<std::string, std::string> contents_;
};

TEST(HashModelTest, TheDigestsAreThoseOfTheContentsOnAnyNumberOfThreads) {
  const MixedModel files;
  const ModelTree tree = Listed(files);
  for (unsigned threads : {1, 2, 3, 4, 1000}) {
    const HashedModel hashed = Hashed(tree, {.threads = threads});
    EXPECT_THAT(Odd(hashed), IsEmpty());
    EXPECT_EQ(hashed.resources, files.Sha256s()) << threads;
    uint64_t bytes = 0;
    for (const auto& [name, content] : files.contents()) bytes += content.size();
    EXPECT_EQ(hashed.bytes, bytes);
  }
}

// Each has as many lanes as it is best with, so each has its own turns.
TEST(HashModelTest, EveryKernelFindsTheSameDigestsAndTheSameOddFiles) {
  const MixedModel files;
  ModelTree tree = Listed(files);
  std::vector<ModelResource> expected = files.Sha256s();
  std::filesystem::remove(files.At("file-300000"));
  std::erase_if(expected, [](const auto& of) { return of.name == "file-300000"; });
  for (const Sha256LanesKernel& kernel : Sha256LanesKernels()) {
    for (unsigned threads : {1, 2, 3}) {
      const HashedModel hashed = Hashed(tree, {.threads = threads, .sha256 = &kernel});
      EXPECT_THAT(Odd(hashed), ElementsAre("file-300000: No such file or directory"));
      EXPECT_EQ(hashed.resources, expected) << kernel.name << ", " << threads;
    }
  }
}

TEST(HashModelTest, AKernelHasNoMoreLanesThanItIsBestWith) {
  const ModelFiles files;
  for (size_t i = 0; i < 200; ++i) files.Write(std::to_string(i), Content(5000, i));
  const ModelTree tree = Listed(files);
  static size_t most;
  for (const size_t best : {1, 2, 3, 7, 32}) {
    most = 0;
    const Sha256LanesKernel counting = {"counting", best,
                                        [](std::span<Sha256Lane> lanes, size_t blocks) {
                                          most = std::max(most, lanes.size());
                                          CompressLanes(lanes, blocks);
                                        }};
    Hashed(tree, {.sha256 = &counting});
    EXPECT_EQ(most, best);
  }
}

TEST(HashModelTest, APartOfATreeIsHashedAlone) {
  const MixedModel files;
  ModelTree tree = Listed(files);
  std::vector<ModelResource> expected = files.Sha256s();
  size_t i = 0;
  const auto third = [&](const auto&) { return i++ % 3 != 0; };
  std::erase_if(tree.files, third);
  i = 0;
  std::erase_if(expected, third);
  EXPECT_EQ(Hashed(tree, {.threads = 2}).resources, expected);
  tree.files.clear();
  EXPECT_THAT(Hashed(tree, {.threads = 2}).resources, IsEmpty());
}

TEST(HashModelTest, Blake2bIsThatOfOpenSsl) {
  const MixedModel files;
  const HashedModel hashed =
      Hashed(Listed(files), {.digest = DigestKind::kBlake2b, .threads = 2});
  ASSERT_EQ(hashed.resources.size(), files.contents().size());
  for (const ModelResource& resource : hashed.resources) {
    const std::string& content = files.contents().at(resource.name);
    Digest expected{.size = 64};
    ASSERT_EQ(EVP_Digest(content.data(), content.size(), expected.bytes.data(), nullptr,
                         EVP_blake2b512(), nullptr),
              1);
    EXPECT_EQ(resource.digest, expected) << resource.name;
  }
  EXPECT_EQ(ToHex(hashed.resources[60].digest).size(), 128u);
}

TEST(HashModelTest, Blake2bOfNothing) {
  const ModelFiles files;
  files.Write("empty", "");
  EXPECT_EQ(
      ToHex(
          Hashed(Listed(files), {.digest = DigestKind::kBlake2b}).resources[0].digest),
      "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
      "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
}

// An OpenSSL that may do what it has been tested for by others and nothing else, as
// long as this lives; BLAKE2b is not among that.
class OnlyFips {
 public:
  OnlyFips() { Set("fips=yes"); }
  ~OnlyFips() { Set(""); }

 private:
  static void Set(const char* properties) {
    EXPECT_EQ(EVP_set_default_properties(nullptr, properties), 1);
  }
};

TEST(HashModelTest, Blake2bThatOpenSslDoesNotComputeIsNoDigestOfZeros) {
  const ModelFiles files;
  files.Write("w", "weights");
  const ModelTree tree = Listed(files);
  const OnlyFips only;
  EXPECT_STATUS(HashModel(tree, {.digest = DigestKind::kBlake2b}),
                absl::StatusCode::kUnimplemented, "blake2b");
  EXPECT_THAT(Hashed(tree, {}).resources,
              ElementsAre(ModelResource{"w", Sha256Digest("weights")}));
}

TEST(HashModelTest, Blake2bThatFailsOnTheWayFailsTheModel) {
  const ModelFiles files;
  for (const char* name : {"a", "b", "c"}) {
    files.Write(name, std::string(size_t{9} << 20, 'x'));
  }
  const ModelTree tree = Listed(files);
  for (unsigned threads : {1, 2}) {
    std::optional<OnlyFips> only;
    EXPECT_STATUS(HashModel(tree, {.digest = DigestKind::kBlake2b,
                                   .threads = threads,
                                   .progress =
                                       [&](uint64_t) {
                                         if (!only) only.emplace();
                                         return true;
                                       }}),
                  absl::StatusCode::kInternal, "blake2b");
    EXPECT_TRUE(only.has_value());
  }
}

TEST(HashModelTest, Blake3IsUnimplemented) {
  EXPECT_STATUS(HashModel({.root = "."}, {.digest = DigestKind::kBlake3}),
                absl::StatusCode::kUnimplemented, "BLAKE3");
}

TEST(HashModelTest, ShardsTileEachFile) {
  const MixedModel files;
  for (uint64_t shard_bytes : {100, 4096, 65536, 1000000}) {
    std::vector<ModelResource> expected;
    for (const auto& [name, content] : files.contents()) {
      for (size_t begin = 0; begin < content.size(); begin += shard_bytes) {
        const std::string shard = content.substr(begin, shard_bytes);
        expected.push_back({name + ":" + std::to_string(begin) + ":" +
                                std::to_string(begin + shard.size()),
                            Sha256Digest(shard)});
      }
    }
    // By the whole name: "w:1000:1100" before "w:100:200".
    std::sort(expected.begin(), expected.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    const HashedModel hashed = Hashed(
        Listed(files),
        {.method = ModelMethod::kShards, .shard_bytes = shard_bytes, .threads = 2});
    EXPECT_THAT(Odd(hashed), IsEmpty());
    EXPECT_EQ(hashed.resources, expected) << shard_bytes;
  }
}

TEST(HashModelTest, ShardsAreInTheOrderOfTheirNamesAndEmptyFilesHaveNone) {
  const ModelFiles files;
  files.Write("w", Content(1150, 1));
  files.Write("empty", "");
  const HashedModel hashed =
      Hashed(Listed(files), {.method = ModelMethod::kShards, .shard_bytes = 500});
  EXPECT_THAT(Names(hashed), ElementsAre("w:0:500", "w:1000:1150", "w:500:1000"));
}

TEST(HashModelTest, ShardsAreOfSomeBytesAndNotTooMany) {
  const ModelTree tree = {.root = ".", .files = {{"w", uint64_t{1} << 40}}};
  EXPECT_STATUS(HashModel(tree, {.method = ModelMethod::kShards}),
                absl::StatusCode::kInvalidArgument, "at least one byte");
  EXPECT_STATUS(HashModel(tree, {.method = ModelMethod::kShards, .shard_bytes = 1}),
                absl::StatusCode::kInvalidArgument, "choose longer ones");
}

TEST(HashModelTest, OneFileIsAModel) {
  const ModelFiles files;
  files.Write("w.bin", "weights");
  const auto tree = ListModel(files.At("w.bin"), {});
  ASSERT_OK(tree);
  EXPECT_THAT(Hashed(*tree, {.threads = 2}).resources,
              ElementsAre(ModelResource{"w.bin", Sha256Digest("weights")}));
}

TEST(HashModelTest, LinksAreFollowedOnlyIfAskedFor) {
  const ModelFiles files;
  files.Write("sub/w", "weights");
  files.Link("sub/link", "w");
  const auto tree = ListModel(files.path(), {.allow_symlinks = true});
  ASSERT_OK(tree);
  EXPECT_THAT(Hashed(*tree, {.follow_symlinks = true}).resources,
              ElementsAre(ModelResource{"sub/link", Sha256Digest("weights")},
                          ModelResource{"sub/w", Sha256Digest("weights")}));
  const HashedModel strict = Hashed(*tree, {});
  EXPECT_THAT(Names(strict), ElementsAre("sub/w"));
  EXPECT_THAT(Odd(strict), ElementsAre("sub/link: a symbolic link"));
  EXPECT_EQ(strict.odd[0].kind, OddKind::kSymlink);
}

TEST(HashModelTest, WhatWasSwappedAfterTheListingIsOddAndTheOthersAreHashed) {
  for (unsigned threads : {1, 2}) {
    const ModelFiles files;
    for (const char* name : {"a", "deleted", "directory", "fifo", "link", "longer",
                             "newer", "shorter", "socket", "sub/x", "z"}) {
      files.Write(name, "weights");
    }
    const ModelTree tree = Listed(files);
    for (const char* name : {"deleted", "directory", "fifo", "link", "socket", "sub"}) {
      std::filesystem::remove_all(files.At(name));
    }
    std::filesystem::create_directory(files.At("directory"));
    files.Fifo("fifo");
    files.Socket("socket");
    files.Link("link", "a");
    files.Write("elsewhere/x", "weights");
    files.Link("sub", "elsewhere");
    files.Write("longer", "weights and more");
    files.Write("shorter", "w");
    const timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    ASSERT_EQ(::utimensat(AT_FDCWD, files.At("newer").c_str(), times, 0), 0);
    const HashedModel hashed = Hashed(tree, {.threads = threads});
    EXPECT_THAT(Names(hashed), ElementsAre("a", "z"));
    EXPECT_THAT(Odd(hashed), ElementsAre("deleted: No such file or directory",
                                         "directory: a directory", "fifo: a FIFO",
                                         "link: a symbolic link",
                                         "longer: it changed while it was read",
                                         "newer: it changed while it was read",
                                         "shorter: it changed while it was read",
                                         "socket: a socket", "sub/x: a symbolic link"));
    EXPECT_EQ(hashed.bytes, 14u);
  }
}

// What is done to a file between its first bytes and its last.
void ChangeWhileRead(const std::function<void(const std::string& path)>& change,
                     const HashModelOptions& options) {
  const ModelFiles files;
  files.Write("a", "small");
  files.Write("w", std::string(size_t{24} << 20, 'w'));
  const ModelTree tree = Listed(files);
  bool changed = false;
  HashModelOptions with_change = options;
  with_change.progress = [&](uint64_t) {
    if (!changed) change(files.At("w"));
    return changed = true;
  };
  const HashedModel hashed = Hashed(tree, with_change);
  EXPECT_TRUE(changed);
  ASSERT_THAT(Odd(hashed), ElementsAre("w: it changed while it was read"));
  EXPECT_EQ(hashed.odd[0].kind, OddKind::kUnreadable);
  EXPECT_THAT(Names(hashed),
              ElementsAre(options.method == ModelMethod::kShards ? "a:0:5" : "a"));
}

TEST(HashModelTest, AFileThatChangesWhileItIsReadIsOdd) {
  const auto grow = [](const std::string& path) {
    std::ofstream(path, std::ios::binary | std::ios::app) << "more";
  };
  const auto shrink = [](const std::string& path) {
    ASSERT_EQ(::truncate(path.c_str(), 1 << 20), 0);
  };
  const auto overwrite = [](const std::string& path) {
    std::ofstream(path, std::ios::binary | std::ios::in) << "other";
  };
  const auto overwrite_in_secret = [&](const std::string& path) {
    struct stat before, after;
    ASSERT_EQ(::stat(path.c_str(), &before), 0);
    overwrite(path);
    const timespec times[2] = {before.st_atim, before.st_mtim};
    do {  // the time of a change is that of the system's last tick
      ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
      ASSERT_EQ(::stat(path.c_str(), &after), 0);
    } while (after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
             after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
  };
  for (const auto& change :
       std::initializer_list<std::function<void(const std::string&)>>{
           grow, shrink, overwrite, overwrite_in_secret}) {
    ChangeWhileRead(change, {});
    ChangeWhileRead(change, {.threads = 2});
    ChangeWhileRead(change, {.digest = DigestKind::kBlake2b});
    ChangeWhileRead(change, {.method = ModelMethod::kShards, .shard_bytes = 1000000});
  }
}

TEST(HashModelTest, ProgressOnlyGrowsAndReachesAllBytes) {
  const ModelFiles files;
  uint64_t bytes = 0;
  for (size_t i = 0; i < 10; ++i) {
    files.Write(std::to_string(i), std::string(size_t{3} << 20, 'x'));
    bytes += size_t{3} << 20;
  }
  for (unsigned threads : {1, 2}) {
    uint64_t last = 0;
    unsigned calls = 0;
    Hashed(Listed(files), {.threads = threads, .progress = [&](uint64_t now) {
                             EXPECT_GE(now, last);
                             last = now;
                             return ++calls > 0;
                           }});
    EXPECT_EQ(last, bytes);
    EXPECT_GE(calls, 3u);
  }
}

TEST(HashModelTest, FilesOfFewBytesAreProgressToo) {
  const ModelFiles files;
  for (size_t i = 0; i < 700; ++i) files.Write(std::to_string(i), "");
  const ModelTree tree = Listed(files);
  for (const DigestKind digest : {DigestKind::kSha256, DigestKind::kBlake2b}) {
    unsigned calls = 0;
    Hashed(tree, {.digest = digest, .progress = [&](uint64_t) { return ++calls > 0; }});
    EXPECT_GE(calls, 3u);
  }
}

// The process may have this many files open, as long as this lives.
class OpenFileLimit {
 public:
  explicit OpenFileLimit(rlim_t files) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    Set({.rlim_cur = files, .rlim_max = before_.rlim_max});
  }
  ~OpenFileLimit() { Set(before_); }

 private:
  static void Set(const rlimit& limit) {
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  rlimit before_;
};

// All descriptors but some are taken, as long as this lives. UBSan opens a pipe for the
// first call through each vtable: what is hashed under this was hashed once before.
class FewDescriptors {
 public:
  explicit FewDescriptors(size_t left) : limit_(64) {
    for (int taken; (taken = ::dup(STDERR_FILENO)) >= 0;) taken_.emplace_back(taken);
    EXPECT_EQ(errno, EMFILE);
    for (size_t i = 0; i < left; ++i) taken_.pop_back();
  }

 private:
  const OpenFileLimit limit_;
  std::vector<Descriptor> taken_;
};

class ManyFiles : public ModelFiles {
 public:
  ManyFiles() {
    for (size_t i = 0; i < 300; ++i) Write(std::to_string(i), Content(5000, i));
  }
};

std::atomic<size_t> lanes_seen;
constexpr Sha256LanesKernel kManyLanes = {
    "many", 1000, [](std::span<Sha256Lane> lanes, size_t blocks) {
      size_t seen = lanes_seen;
      while (seen < lanes.size() &&
             !lanes_seen.compare_exchange_weak(seen, lanes.size())) {
      }
      CompressLanes(lanes, blocks);
    }};

TEST(HashModelTest, NoMoreFilesAreOpenThanTheProcessMayHave) {
  const ManyFiles files;
  const ModelTree tree = Listed(files);
  const std::vector<ModelResource> expected = Hashed(tree, {}).resources;
  for (const auto& [threads, most] : {std::pair{1, 96}, {2, 48}, {4, 24}, {1000, 3}}) {
    lanes_seen = 0;
    std::optional<OpenFileLimit> limit(128);
    const HashedModel hashed = Hashed(
        tree, {.threads = static_cast<unsigned>(threads), .sha256 = &kManyLanes});
    limit.reset();
    EXPECT_THAT(Odd(hashed), IsEmpty());
    EXPECT_EQ(hashed.resources, expected);
    EXPECT_EQ(lanes_seen, static_cast<size_t>(most)) << threads;
  }
}

TEST(HashModelTest, AModelIsReadWithTheDescriptorsThatAreLeft) {
  const ManyFiles files;
  const ModelTree tree = Listed(files);
  for (const DigestKind digest : {DigestKind::kSha256, DigestKind::kBlake2b}) {
    const std::vector<ModelResource> expected =
        Hashed(tree, {.digest = digest}).resources;
    for (unsigned threads : {1, 2, 8, 32}) {
      const HashModelOptions options = {
          .digest = digest, .threads = threads, .sha256 = &kManyLanes};
      Hashed(tree, options);
      for (size_t left : {1, 2, 5}) {
        std::optional<FewDescriptors> few(left);
        const HashedModel hashed = Hashed(tree, options);
        few.reset();
        EXPECT_THAT(Odd(hashed), IsEmpty());
        EXPECT_EQ(hashed.resources, expected) << threads << ", " << left;
      }
    }
  }
}

TEST(HashModelTest, WithoutADescriptorFilesAreUnreadableAndNothingElse) {
  const ManyFiles files;
  const ModelTree tree = Listed(files);
  for (const DigestKind digest : {DigestKind::kSha256, DigestKind::kBlake2b}) {
    for (unsigned threads : {1, 2}) {
      const HashModelOptions options = {.digest = digest, .threads = threads};
      Hashed(tree, options);
      std::optional<FewDescriptors> few(0);
      const HashedModel hashed = Hashed(tree, options);
      few.reset();
      EXPECT_THAT(hashed.resources, IsEmpty());
      EXPECT_EQ(hashed.odd.size(), 300u);
      for (const OddFile& file : hashed.odd) {
        EXPECT_EQ(file.kind, OddKind::kUnreadable);
        EXPECT_EQ(file.error, EMFILE);
      }
    }
  }
}

TEST(HashModelTest, ItCanBeStopped) {
  const ModelFiles files;
  for (size_t i = 0; i < 10; ++i) {
    files.Write(std::to_string(i), std::string(size_t{3} << 20, 'x'));
  }
  for (const DigestKind digest : {DigestKind::kSha256, DigestKind::kBlake2b}) {
    for (unsigned threads : {1, 2}) {
      unsigned calls = 0;
      EXPECT_STATUS(HashModel(Listed(files), {.digest = digest,
                                              .threads = threads,
                                              .progress =
                                                  [&](uint64_t) {
                                                    ++calls;
                                                    return false;
                                                  }}),
                    absl::StatusCode::kCancelled, "");
      EXPECT_EQ(calls, 1u);
    }
  }
}

TEST(HashModelTest, TheBytesAreThoseOfTheDirectoryThatWasListed) {
  const ModelFiles files;
  files.Write("w", "weights");
  const ModelTree tree = Listed(files);
  std::filesystem::rename(files.path(), files.path() + "-moved");
  EXPECT_THAT(Hashed(tree, {}).resources,
              ElementsAre(ModelResource{"w", Sha256Digest("weights")}));
  files.Write("w", "strange");
  const HashedModel hashed = Hashed(tree, {});
  EXPECT_THAT(Odd(hashed), IsEmpty());
  EXPECT_THAT(hashed.resources,
              ElementsAre(ModelResource{"w", Sha256Digest("weights")}));
}

TEST(HashModelTest, ATreeThatNobodyListedHasNoBytes) {
  EXPECT_STATUS(HashModel({.root = "."}, {}), absl::StatusCode::kFailedPrecondition,
                "listed");
}

TEST(HashModelTest, AFileThatSaysItIsEmptyAndIsNotIsOdd) {
  const auto tree = ListModel("/proc/version", {});
  ASSERT_OK(tree);
  ASSERT_EQ(tree->files.size(), 1u);
  ASSERT_EQ(tree->files[0].bytes, 0u);
  for (const DigestKind digest : {DigestKind::kSha256, DigestKind::kBlake2b}) {
    const HashedModel hashed = Hashed(*tree, {.digest = digest});
    EXPECT_THAT(hashed.resources, IsEmpty());
    EXPECT_THAT(Odd(hashed), ElementsAre("version: a file without a size"));
  }
}

}  // namespace
}  // namespace setlog
