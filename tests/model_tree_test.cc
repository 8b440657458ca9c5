#include "model/model_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "model/file_kind.h"
#include "model/open_below.h"
#include "model_files.h"
#include "testing.h"

namespace setlog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Names(const absl::StatusOr<ModelTree>& tree) {
  EXPECT_OK(tree);
  std::vector<std::string> names;
  if (!tree.ok()) return names;
  for (const ModelFile& file : tree->files) names.push_back(file.name);
  return names;
}

// "name: kind, detail" of each.
std::vector<std::string> Odd(const absl::StatusOr<ModelTree>& tree) {
  EXPECT_OK(tree);
  std::vector<std::string> odd;
  if (!tree.ok()) return odd;
  for (const OddFile& file : tree->odd) {
    const char* const kinds[] = {"symlink", "special", "unreadable", "bad name"};
    odd.push_back(file.name + ": " + kinds[static_cast<size_t>(file.kind)] + ", " +
                  file.detail);
  }
  return odd;
}

TEST(ModelTreeTest, FilesAreListedInTheOrderOfTheirNamesBytes) {
  const ModelFiles files;
  for (const char* name : {"sub/a.bin", "sub-b.bin", "sub/deep/er/c", "Z", "\xc3\xa9",
                           "sub0", "a b", "line\nfeed", ".hidden", "w:1:2"}) {
    files.Write(name, name);
  }
  const auto tree = ListModel(files.path(), {});
  EXPECT_THAT(Names(tree),
              ElementsAre(".hidden", "Z", "a b", "line\nfeed", "sub-b.bin", "sub/a.bin",
                          "sub/deep/er/c", "sub0", "w:1:2", "\xc3\xa9"));
  EXPECT_THAT(Odd(tree), IsEmpty());
  EXPECT_EQ(tree->files[0].bytes, 7u);
  EXPECT_GT(tree->files[0].mtime_ns, int64_t{1'600'000'000} * 1'000'000'000);
  EXPECT_EQ(tree->subject, "demo");
  EXPECT_EQ(tree->root, files.path());
  EXPECT_FALSE(tree->single_file);
}

TEST(ModelTreeTest, DirectoriesAreNotListedAndMayBeEmpty) {
  const ModelFiles files;
  std::filesystem::create_directories(files.At("empty/below"));
  const auto tree = ListModel(files.path(), {});
  EXPECT_THAT(Names(tree), IsEmpty());
  EXPECT_THAT(Odd(tree), IsEmpty());
}

TEST(ModelTreeTest, AnIgnoredPathCoversWhatIsBelowItAndNothingElse) {
  const ModelFiles files;
  for (const char* name : {"tok", "tok2/x", "a/tok", "a/tok2", "b/tok/x", ".git/config",
                           "sub/.git/config"}) {
    files.Write(name, "x");
  }
  files.Link(".git/link", "config");
  const auto tree =
      ListModel(files.path(), {.ignore_paths = {"tok", "b/tok", ".git", "absent"}});
  EXPECT_THAT(Names(tree), ElementsAre("a/tok", "a/tok2", "sub/.git/config", "tok2/x"));
  EXPECT_THAT(Odd(tree), IsEmpty());
}

TEST(ModelTreeTest, WhatIsNoFileIsOdd) {
  const ModelFiles files;
  files.Write("w", "x");
  files.Fifo("fifo");
  files.Socket("sub-socket");
  files.Link("to-file", "w");
  files.Link("to-directory", "..");
  files.Link("to-nothing", "absent");
  files.Write("bad\xff", "x");
  files.Write("bad\xff-dir/x", "x");
  const auto tree = ListModel(files.path(), {});
  EXPECT_THAT(Names(tree), ElementsAre("w"));
  EXPECT_THAT(Odd(tree),
              ElementsAre("bad\xff: bad name, its name is not UTF-8",
                          "bad\xff-dir: bad name, its name is not UTF-8",
                          "fifo: special, a FIFO", "sub-socket: special, a socket",
                          "to-directory: symlink, a symbolic link",
                          "to-file: symlink, a symbolic link",
                          "to-nothing: symlink, a symbolic link"));
}

TEST(ModelTreeTest, LinksToFilesAreFilesIfAskedFor) {
  const ModelFiles files;
  files.Write("w", "four");
  files.Write("sub/x", "x");
  files.Fifo("fifo");
  files.Link("to-file", "w");
  files.Link("to-link", "to-file");
  files.Link("to-directory", "sub");
  files.Link("to-itself", "to-itself");
  files.Link("to-fifo", "fifo");
  files.Link("to-nothing", "absent");
  const auto tree = ListModel(files.path(), {.allow_symlinks = true});
  EXPECT_THAT(Names(tree), ElementsAre("sub/x", "to-file", "to-link", "w"));
  EXPECT_EQ(tree->files[1].bytes, 4u);
  EXPECT_THAT(Odd(tree),
              ElementsAre("fifo: special, a FIFO",
                          "to-directory: symlink, a symbolic link to a directory",
                          "to-fifo: symlink, a symbolic link to a FIFO",
                          "to-itself: symlink, a symbolic link that leads nowhere: "
                          "Too many levels of symbolic links",
                          "to-nothing: symlink, a symbolic link that leads nowhere: "
                          "No such file or directory"));
}

// Root, to whom nothing is locked, is somebody else as long as this lives.
class NotRoot {
 public:
  NotRoot() { Be(65534); }
  ~NotRoot() { Be(0); }

 private:
  void Be(uid_t user) const { EXPECT_EQ(was_root_ ? ::seteuid(user) : 0, 0); }
  const bool was_root_ = ::geteuid() == 0;
};

// What `files` are listed as by somebody who may enter all but "locked".
absl::StatusOr<ModelTree> ListedFromOutside(const ModelFiles& files,
                                            const ListOptions& options) {
  ::chmod(std::filesystem::path(files.path()).parent_path().c_str(), 0755);
  ::chmod(files.At("locked").c_str(), 0);
  std::optional<NotRoot> not_root(std::in_place);
  auto tree = ListModel(files.path(), options);
  not_root.reset();
  ::chmod(files.At("locked").c_str(), 0700);
  return tree;
}

TEST(ModelTreeTest, ADirectoryThatCannotBeReadIsOdd) {
  const ModelFiles files;
  files.Write("locked/x", "x");
  const auto tree = ListedFromOutside(files, {});
  EXPECT_THAT(Names(tree), IsEmpty());
  EXPECT_THAT(Odd(tree), ElementsAre("locked: unreadable, Permission denied"));
}

TEST(ModelTreeTest, ALinkThatCannotBeFollowedHereMayLeadSomewhere) {
  const ModelFiles files;
  files.Write("locked/x", "x");
  files.Link("to-x", "locked/x");
  files.Link("to-long", std::string(300, 'x'));
  files.Link("to-nothing", "absent");
  const auto tree = ListedFromOutside(files, {.allow_symlinks = true});
  EXPECT_THAT(Odd(tree),
              ElementsAre("locked: unreadable, Permission denied",
                          "to-long: symlink, a symbolic link that leads nowhere: "
                          "File name too long",
                          "to-nothing: symlink, a symbolic link that leads nowhere: "
                          "No such file or directory",
                          "to-x: unreadable, Permission denied"));
}

TEST(ModelTreeTest, WhatThisMachineCannotReadIsUnreadableAndNothingElse) {
  for (int error : {EACCES, EPERM, EIO, ENOMEM, ESTALE, EMFILE, ENFILE, ETIMEDOUT}) {
    EXPECT_EQ(OddByError("w", error).kind, OddKind::kUnreadable) << error;
  }
  EXPECT_EQ(OddByError("w", ELOOP).kind, OddKind::kSymlink);
  EXPECT_EQ(OddByError("w", ENXIO).kind, OddKind::kSpecial);
}

TEST(ModelTreeTest, TimesThatAreOutOfRangeAreItsEnds) {
  EXPECT_EQ(FileTimeNs({.tv_sec = 1, .tv_nsec = 2}), 1'000'000'002);
  EXPECT_EQ(FileTimeNs({.tv_sec = -1, .tv_nsec = 2}), -999'999'998);
  EXPECT_EQ(FileTimeNs({.tv_sec = 9'223'372'036, .tv_nsec = 854'775'807}), INT64_MAX);
  EXPECT_EQ(FileTimeNs({.tv_sec = 9'223'372'036, .tv_nsec = 854'775'808}), INT64_MAX);
  for (int64_t seconds : {int64_t{10'413'792'000}, INT64_MAX}) {  // the year 2300
    EXPECT_EQ(FileTimeNs({.tv_sec = seconds}), INT64_MAX);
    EXPECT_EQ(FileTimeNs({.tv_sec = -seconds}), INT64_MIN);
  }
}

TEST(ModelTreeTest, ADirectoryTooDeepToBeNamedIsOdd) {
  const ModelFiles files;
  const std::string component(250, 'd');
  int at = ::open(files.path().c_str(), O_RDONLY | O_DIRECTORY);
  for (int depth = 0; depth < 20; ++depth) {
    ASSERT_EQ(::mkdirat(at, component.c_str(), 0700), 0);
    const int next = ::openat(at, component.c_str(), O_RDONLY | O_DIRECTORY);
    ::close(at);
    at = next;
  }
  ::close(at);
  const auto tree = ListModel(files.path(), {});
  ASSERT_EQ(Odd(tree).size(), 1u);
  EXPECT_EQ(tree->odd[0].kind, OddKind::kUnreadable);
  EXPECT_EQ(tree->odd[0].detail, "File name too long");
  EXPECT_EQ(tree->odd[0].name.size(), 17u * 251 - 1);
}

TEST(ModelTreeTest, AModelMayBeOneFile) {
  const ModelFiles files;
  files.Write("w.bin", "four");
  files.Write("other", "x");
  const auto tree = ListModel(files.At("w.bin"), {});
  EXPECT_THAT(Names(tree), ElementsAre("w.bin"));
  EXPECT_EQ(tree->files[0].bytes, 4u);
  EXPECT_TRUE(tree->single_file);
  EXPECT_EQ(tree->subject, "w.bin");
  EXPECT_EQ(tree->root, files.path());
}

TEST(ModelTreeTest, OneFileIsFoundFromItsOwnDirectory) {
  const ModelFiles files;
  files.Write("w.bin", "four");
  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::current_path(files.path());
  const auto file = ListModel("w.bin", {});
  const auto directory = ListModel(".", {});
  std::filesystem::current_path(here);
  EXPECT_THAT(Names(file), ElementsAre("w.bin"));
  EXPECT_EQ(file->root, ".");
  EXPECT_THAT(Names(directory), ElementsAre("w.bin"));
  EXPECT_EQ(directory->subject, "demo");
}

TEST(ModelTreeTest, TheRootMayBeALinkToADirectoryButNotToAFile) {
  const ModelFiles files;
  files.Write("sub/x", "x");
  files.Write("w", "four");
  files.Link("to-sub", "sub");
  files.Link("to-w", "w");
  const auto directory = ListModel(files.At("to-sub"), {});
  EXPECT_THAT(Names(directory), ElementsAre("x"));
  EXPECT_EQ(directory->subject, "to-sub");
  const auto file = ListModel(files.At("to-w"), {});
  EXPECT_THAT(Names(file), IsEmpty());
  EXPECT_THAT(Odd(file), ElementsAre("to-w: symlink, a symbolic link"));
  EXPECT_THAT(Names(ListModel(files.At("to-w"), {.allow_symlinks = true})),
              ElementsAre("to-w"));
}

TEST(ModelTreeTest, ARootThatIsNeitherIsOdd) {
  const ModelFiles files;
  files.Fifo("fifo");
  const auto tree = ListModel(files.At("fifo"), {});
  EXPECT_THAT(Names(tree), IsEmpty());
  EXPECT_THAT(Odd(tree), ElementsAre("fifo: special, a FIFO"));
}

TEST(ModelTreeTest, NothingThereIsNotFound) {
  const ModelFiles files;
  EXPECT_STATUS(ListModel(files.At("absent"), {}), absl::StatusCode::kNotFound,
                "absent");
  EXPECT_STATUS(ListModel("", {}), absl::StatusCode::kNotFound, "");
}

TEST(ModelTreeTest, TheSubjectIsTheLastPartOfThePath) {
  const ModelFiles files;
  files.Write("sub/x", "x");
  EXPECT_EQ(ListModel(files.path() + "/", {})->subject, "demo");
  EXPECT_EQ(ListModel(files.path() + "/.", {})->subject, "demo");
  EXPECT_EQ(ListModel(files.At("sub/.."), {})->subject, "demo");
}

using Opener = Descriptor (*)(int, const std::string&, const OpenBelowOptions&);

TEST(OpenBelowTest, NoComponentMayBeALink) {
  const ModelFiles files;
  files.Write("sub/x", "x");
  files.Link("link", "sub");
  files.Link("sub/to-x", "x");
  const Descriptor root = OpenDirectory(files.path());
  ASSERT_TRUE(root.ok());
  for (const Opener open : {Opener{OpenBelow}, Opener{OpenBelowStepwise}}) {
    EXPECT_TRUE(open(root.value(), "sub/x", {}).ok());
    EXPECT_TRUE(open(root.value(), "sub", {.directory = true}).ok());
    EXPECT_FALSE(open(root.value(), "link/x", {}).ok());
    EXPECT_EQ(errno, ELOOP);
    EXPECT_FALSE(open(root.value(), "sub/to-x", {}).ok());
    EXPECT_EQ(errno, ELOOP);
    EXPECT_TRUE(open(root.value(), "sub/to-x", {.follow_last = true}).ok());
    EXPECT_FALSE(open(root.value(), "link/x", {.follow_last = true}).ok());
    EXPECT_EQ(errno, ELOOP);
    EXPECT_FALSE(open(root.value(), "sub/absent", {}).ok());
    EXPECT_EQ(errno, ENOENT);
    EXPECT_FALSE(open(root.value(), "link", {.directory = true}).ok());
    EXPECT_EQ(errno, ELOOP);
    EXPECT_FALSE(open(root.value(), "sub/x", {.directory = true}).ok());
    EXPECT_EQ(errno, ENOTDIR);
    EXPECT_FALSE(open(root.value(), "sub/x/y", {}).ok());
    EXPECT_EQ(errno, ENOTDIR);
  }
}

}  // namespace
}  // namespace setlog
