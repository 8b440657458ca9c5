#include "tools/hook_command.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

// A process that was ended, and that nobody may have waited for yet.
bool IsGone(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  if (!std::getline(file, stat)) return true;
  return stat[stat.rfind(')') + 2] == 'Z';
}

// Started in the background, and stopped once `path` has the id of that process.
struct Hook {
  explicit Hook(const std::string& background) {
    const std::string path = dir.path() + "/pid";
    status = RunHook(
        "(" + background + ") & echo $! >" + path + ".new; mv " + path + ".new " +
            path + "; wait",
        {}, [&] { return std::filesystem::exists(path); }, [] {});
    std::ifstream(path) >> pid;
  }
  ~Hook() {
    if (pid > 0 && !IsGone(pid)) kill(pid, SIGKILL);
  }

  TempDir dir;
  absl::Status status;
  pid_t pid = 0;
};

TEST(HookCommandTest, NothingThatAStoppedHookStartedStays) {
  for (const char* background : {"trap '' TERM; exec sleep 311", "exec sleep 311",
                                 "trap '' TERM; while :; do sleep 1; done"}) {
    const Clock::time_point begin = Clock::now();
    const Hook hook(background);
    EXPECT_STATUS(hook.status, absl::StatusCode::kCancelled, "ended before");
    ASSERT_GT(hook.pid, 0);
    // SIGKILL was sent; it takes its time to be seen.
    for (int i = 0; i < 200 && !IsGone(hook.pid); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(IsGone(hook.pid)) << background;
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(30));
  }
}

TEST(HookCommandTest, WhatAHookLeavesRunningWhenItIsDoneStays) {
  const TempDir dir;
  const std::string path = dir.path() + "/pid";
  EXPECT_OK(RunHook(
      "sleep 311 & echo $! >" + path, {}, [] { return false; }, [] {}));
  pid_t pid = 0;
  std::ifstream(path) >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_FALSE(IsGone(pid));
  kill(pid, SIGKILL);
}

}  // namespace
}  // namespace setlog
