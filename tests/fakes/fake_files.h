// tests/fakes/fake_files.h -- the published files of a log, in memory, to be damaged at
// will.
//
//   Published published = PublishedOf(log, log.size());      // name -> bytes
//   published["tile/0/000.p/9"].pop_back();
//   StaticConnection files(std::make_unique<FakeFiles>(&published), 100ms);
//
// Made by the slow model of RFC 6962 and the definition of C2SP tlog-tiles, not by the
// code that exports.
#ifndef SETLOG_TESTS_FAKES_FAKE_FILES_H_
#define SETLOG_TESTS_FAKES_FAKE_FILES_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/static_files.h"
#include "fakes/fake_log.h"
#include "log/tile.h"

namespace setlog {

using Published = std::map<std::string, std::string>;

// The name of tile or bundle `number`, which is below 1000.
inline std::string FileName(const std::string& folder, uint64_t number,
                            uint64_t width) {
  const std::string name = absl::StrFormat("tile/%s/%03d", folder, number);
  return width == 256 ? name : absl::StrFormat("%s.p/%d", name, width);
}

// Adds the files of the head of `size`; those of earlier ones stay.
inline void Publish(FakeLog& log, uint64_t size, Published& files) {
  files["checkpoint"] = log.NoteAt(size);
  uint64_t leaves = 1;  // below a hash of the level
  for (int level = 0; size / leaves > 0; ++level, leaves *= 256) {
    const uint64_t count = size / leaves;
    for (uint64_t begin = 0; begin < count; begin += 256) {
      const uint64_t width = std::min<uint64_t>(256, count - begin);
      std::string tile;
      std::string bundle;
      for (uint64_t i = begin; i < begin + width; ++i) {
        tile += AsText(log.tree().Mth(i * leaves, leaves));
        if (level > 0) continue;
        const std::string& entry = log.entry(i);
        bundle += static_cast<char>(entry.size() >> 8);
        bundle += static_cast<char>(entry.size() & 255);
        bundle += entry;
      }
      files[FileName(std::to_string(level), begin / 256, width)] = tile;
      if (level == 0) files[FileName("entries", begin / 256, width)] = bundle;
    }
  }
}

inline Published PublishedOf(FakeLog& log, uint64_t size) {
  Published files;
  Publish(log, size, files);
  return files;
}

class FakeFiles final : public StaticFiles {
 public:
  // `on_read` may change what is published, and fail.
  using OnRead = std::function<absl::Status(const std::string& name)>;

  explicit FakeFiles(const Published* files, OnRead on_read = nullptr)
      : files_(files), on_read_(std::move(on_read)) {}

  const std::string& place() const override { return place_; }
  size_t ahead() const override { return 3; }
  bool local() const override { return true; }
  absl::StatusOr<std::unique_ptr<FileFetcher>> NewFetcher(
      size_t max_bytes) const override {
    return std::make_unique<Fetcher>(this, max_bytes);
  }

 private:
  class Fetcher final : public FileFetcher {
   public:
    Fetcher(const FakeFiles* files, size_t max_bytes)
        : files_(*files), max_bytes_(max_bytes) {}
    void Want(const std::string& name) override { wanted_.push_back(name); }
    absl::StatusOr<std::string> Next(const Stopped&) override {
      const std::string name = wanted_.front();
      wanted_.pop_front();
      if (files_.on_read_) {
        if (absl::Status s = files_.on_read_(name); !s.ok()) return s;
      }
      const auto found = files_.files_->find(name);
      if (found == files_.files_->end()) {
        return absl::NotFoundError(files_.NameOf(name) + " is not there");
      }
      if (found->second.size() > max_bytes_) {
        return absl::ResourceExhaustedError(files_.NameOf(name) + " is too long");
      }
      return found->second;
    }

   private:
    const FakeFiles& files_;
    const size_t max_bytes_;
    std::deque<std::string> wanted_;
  };

  const Published* const files_;
  const OnRead on_read_;
  const std::string place_ = "memory";
};

}  // namespace setlog

#endif  // SETLOG_TESTS_FAKES_FAKE_FILES_H_
