// bench/index_fill.cc -- the set index of one log at any size, without the log.
//
//   index_fill DIR open fill:10000000:1000000 fill:10262144:262144 small:1000:100
//       lookup:1000000 check
//
// DIR is kept, so the next run goes on where this one ended: entry i of the log adds a
// key that follows from i alone. Steps, in order, each with a line of figures:
//   open              what is in DIR; also the figure of a restart
//   fill:N:B          batches of B keys, which are known to come, up to N members
//   batch:K:B         K batches of B keys, none known to come
//   small:B:K         K batches of B keys, a moment apart: the latency of each
//   lookup:K          K lookups of members and strangers, in random order
//   old:M:K           the same at an old version, whose top is made first
//   finish            waits for merges
//   check             every page, and that the rows lead to the set root
//   kill              ends like kill -9, in the middle of whatever runs
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "index/disk_index.h"

namespace setlog {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t Mixed(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

Hash KeyAt(uint64_t i) {
  Hash key;
  for (uint64_t word = 0; word < 4; ++word) {
    const uint64_t bytes = Mixed(4 * i + word);
    std::memcpy(key.data() + 8 * word, &bytes, 8);
  }
  return key;
}

std::vector<SetChange> Adds(uint64_t begin, uint64_t end) {
  std::vector<SetChange> changes;
  changes.reserve(end - begin);
  for (uint64_t i = begin; i < end; ++i) changes.push_back({KeyAt(i), i, true});
  return changes;
}

// A number after a name in a file of /proc.
uint64_t Field(const char* path, const std::string& name) {
  std::ifstream in(path);
  std::string word;
  uint64_t value = 0;
  while (in >> word) {
    if (word == name && in >> value) return value;
  }
  return 0;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Run {
 public:
  Run(std::string directory, unsigned threads, uint64_t max_recent_rows)
      : directory_(std::move(directory)), parallel_(threads) {
    DiskIndex::Options options;
    options.directory = directory_;
    options.log = 1;
    if (max_recent_rows != 0) options.max_recent_rows = max_recent_rows;
    options.parallel = std::ref(parallel_);
    index_ = std::make_unique<DiskIndex>(options);
  }

  absl::Status Step(const std::string& step) {
    const std::vector<std::string> words = absl::StrSplit(step, ':');
    uint64_t a = 0;
    uint64_t b = 0;
    if (words.size() > 1 && !absl::SimpleAtoi(words[1], &a)) return Unknown(step);
    if (words.size() > 2 && !absl::SimpleAtoi(words[2], &b)) return Unknown(step);
    const uint64_t m0 = index_->m();
    const uint64_t written0 = Field("/proc/self/io", "write_bytes:");
    const double cpu0 = CpuSeconds();
    const auto start = Clock::now();
    uint64_t items = 0;
    std::string note;
    absl::Status status;
    if (words[0] == "open") {
      status = index_->Open();
    } else if (words[0] == "fill" && b > 0) {
      while (status.ok() && index_->m() < a) {
        status = Add(std::min(b, a - index_->m()), a);
      }
    } else if (words[0] == "batch" && b > 0) {
      for (uint64_t i = 0; status.ok() && i < a; ++i) status = Add(b, 0);
    } else if (words[0] == "small") {
      status = Small(a, b, &note);
    } else if (words[0] == "lookup") {
      status = Lookups(a, index_->current(), nullptr, &note);
      items = a;
    } else if (words[0] == "old") {
      status = Old(a, b, &note);
      items = b;
    } else if (words[0] == "finish") {
      status = index_->FinishMerges();
    } else if (words[0] == "check") {
      status = index_->TopAt(index_->current()).status();
    } else if (words[0] == "kill") {
      _exit(9);
    } else {
      return Unknown(step);
    }
    if (!status.ok()) return status;
    const double wall = std::chrono::duration<double>(Clock::now() - start).count();
    const double cpu = CpuSeconds() - cpu0;
    const uint64_t written = Field("/proc/self/io", "write_bytes:") - written0;
    if (items == 0) items = index_->m() - m0;
    std::string line =
        absl::StrFormat("%-24s m %d  %.2f s  cpu %.2f s", step, index_->m(), wall, cpu);
    if (items > 0) {
      absl::StrAppendFormat(&line, "  %.3f M/s  %.2f us cpu each",
                            static_cast<double>(items) / wall / 1e6,
                            cpu / static_cast<double>(items) * 1e6);
    }
    if (index_->m() > m0 && words[0] != "open") {
      absl::StrAppendFormat(
          &line, "  %.0f B written a key",
          static_cast<double>(written) / static_cast<double>(index_->m() - m0));
    }
    absl::StrAppendFormat(
        &line, "  disk %.1f B/member  anon %.2f GB  merges %d%s",
        static_cast<double>(DiskBytes()) /
            static_cast<double>(std::max<uint64_t>(1, index_->m())),
        static_cast<double>(Field("/proc/self/status", "RssAnon:")) / 1e6,
        index_->merges(), note);
    std::puts(line.c_str());
    std::fflush(stdout);
    return absl::OkStatus();
  }

 private:
  static absl::Status Unknown(const std::string& step) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: no such step", step));
  }

  absl::Status Add(uint64_t count, uint64_t target) {
    const uint64_t m = index_->m();
    const uint64_t end = m + count;
    auto batch = index_->Prepare(Adds(m, end), end, target > end ? target - end : 0);
    if (!batch.ok()) return batch.status();
    return index_->Publish(*std::move(batch));
  }

  absl::Status Small(uint64_t size, uint64_t count, std::string* note) {
    std::vector<double> took;
    for (uint64_t i = 0; i < count; ++i) {
      const auto start = Clock::now();
      if (absl::Status s = Add(size, 0); !s.ok()) return s;
      took.push_back(
          std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    std::sort(took.begin(), took.end());
    *note = absl::StrFormat("  p50 %.2f ms  p99 %.2f ms  max %.2f ms",
                            took[took.size() / 2], took[took.size() * 99 / 100],
                            took.back());
    return absl::OkStatus();
  }

  absl::Status Lookups(uint64_t count, const IndexEntry& at, const TopView* version,
                       std::string* note) {
    std::mt19937_64 random(index_->m());
    std::vector<uint64_t> ids(count);
    for (uint64_t& id : ids) id = random() % (2 * at.m);  // half are strangers
    std::vector<float> took(count);
    uint64_t present = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const Hash key = KeyAt(ids[i]);
      const auto start = Clock::now();
      const auto found = index_->Lookup(at, key, version);
      took[i] = std::chrono::duration<float, std::micro>(Clock::now() - start).count();
      if (!found.ok()) return found.status();
      if (found->answer.present != (ids[i] < at.m)) {
        return absl::InternalError("a wrong answer");
      }
      present += found->answer.present;
    }
    std::sort(took.begin(), took.end());
    *note = absl::StrFormat("  present %d  p50 %.2f us  p99 %.2f us", present,
                            took[count / 2], took[count * 99 / 100]);
    return absl::OkStatus();
  }

  absl::Status Old(uint64_t m, uint64_t count, std::string* note) {
    // Its root is what a set of the first m keys has: computed apart, from nothing.
    std::vector<Hash> keys;
    for (uint64_t i = 0; i < m; ++i) keys.push_back(KeyAt(i));
    std::sort(keys.begin(), keys.end());
    const size_t end = keys.size();
    const SetForest forest(keys, std::span(&end, 1));
    const IndexEntry at{m, m, SetRoot(m, forest.hash(forest.root(0)))};
    const auto start = Clock::now();
    const auto top = index_->TopAt(at);
    if (!top.ok()) return top.status();
    const double wall = std::chrono::duration<double>(Clock::now() - start).count();
    const TopView view(m, m, top->depth(), top->nodes());
    absl::Status looked = Lookups(count, at, &view, note);
    absl::StrAppendFormat(note, "  top made in %.2f s", wall);
    return looked;
  }

  uint64_t DiskBytes() const {
    uint64_t bytes = 0;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory_, error)) {
      const uint64_t size = file.file_size(error);
      if (!error) bytes += size;
    }
    return bytes;
  }

  const std::string directory_;
  Parallel parallel_;
  std::unique_ptr<DiskIndex> index_;
};

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs(
        "usage: index_fill DIR STEP...  (see the head of bench/index_fill.cc;\n"
        "SETLOG_THREADS, default 2, and SETLOG_RECENT_ROWS are read)\n",
        stderr);
    return 2;
  }
  const char* threads = std::getenv("SETLOG_THREADS");
  const char* rows = std::getenv("SETLOG_RECENT_ROWS");
  setlog::Run run(argv[1], threads == nullptr ? 2 : std::atoi(threads),
                  rows == nullptr ? 0 : std::strtoull(rows, nullptr, 10));
  for (int i = 2; i < argc; ++i) {
    if (absl::Status s = run.Step(argv[i]); !s.ok()) {
      std::fprintf(stderr, "%s: %s\n", argv[i], s.ToString().c_str());
      return 1;
    }
  }
  return 0;
}
