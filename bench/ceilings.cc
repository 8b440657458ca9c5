#include "ceilings.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "log/sha256.h"
#include "need.h"
#include "storage/anchored_store.h"
#include "tools/bench_records.h"

namespace setlog {
namespace {

constexpr size_t kHashed = 1 << 18;
constexpr uint64_t kPerCommit = 1 << 16;
constexpr int kSyncs = 300;

}  // namespace

double HashingCeiling() {
  const std::vector<uint8_t> bodies(kHashed * 65, 3);
  std::vector<Hash> out(kHashed);
  const auto run = [&](std::initializer_list<uint8_t> prefix, size_t body) {
    HashMany(std::vector<uint8_t>(prefix), bodies.data(), body, kHashed, out.data());
  };
  const auto all = [&] {
    run({0, 1}, 32);
    run({1}, 64);
    run({0x10}, 32);
    run({0x11}, 65);
  };
  all();  // the pages are there from now on
  return kHashed / Seconds(all);
}

double StoreCeiling(const std::string& dir, uint64_t records) {
  const std::string path = dir + "/raw";
  double seconds = 0;
  {
    auto store = Need(OpenAnchoredStore(
        {.path = path, .memory_bytes = 64 << 20, .create_if_missing = true},
        dir + "/raw-anchor"));
    const BenchRecords source(1);
    for (uint64_t i = 0; i < records; i += kPerCommit) {
      GroupCommit commit{.number = store->commit().number + 1};
      const uint64_t end = std::min(records, i + kPerCommit);
      for (uint64_t b = i; b < end; b += 256) {
        std::string bundle;
        for (uint64_t r = b; r < std::min(end, b + 256); ++r) {
          bundle.append("\0\x21\x01", 3);
          bundle.append(AsText(source.At(r)));
        }
        commit.writes.push_back(
            {1, Table::kBundle, U64Key(b / 256), std::move(bundle)});
      }
      commit.heads.push_back({1, "raw", {end, source.At(end - 1)}});
      seconds += Seconds([&] { Need(store->Commit(commit)); });
    }
  }
  std::filesystem::remove_all(path);
  return static_cast<double>(records) / seconds;
}

double SyncRate(const std::string& dir) {
  const std::string path = dir + "/sync-probe";
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) Need(absl::UnavailableError("cannot write below " + dir));
  const std::vector<char> block(4096, 's');
  const double seconds = Seconds([&] {
    for (int i = 0; i < kSyncs; ++i) {
      if (write(file, block.data(), block.size()) < 0 || fdatasync(file) != 0) {
        Need(absl::UnavailableError("cannot sync below " + dir));
      }
    }
  });
  close(file);
  std::filesystem::remove(path);
  return kSyncs / seconds;
}

}  // namespace setlog
