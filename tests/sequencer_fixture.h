// tests/sequencer_fixture.h -- one log under a sequencer, on a store that can fail.
#ifndef SETLOG_TESTS_SEQUENCER_FIXTURE_H_
#define SETLOG_TESTS_SEQUENCER_FIXTURE_H_

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "log/checkpoint.h"
#include "log/manifest.h"
#include "log/replay.h"
#include "log/sha256.h"
#include "log/tile.h"
#include "server/sequencer.h"
#include "testing.h"

namespace setlog {

inline constexpr char kOrigin[] = "example.org/a";

// A memory store that can be told to fail, and to wait before it commits.
class FaultyStore final : public Store {
 public:
  absl::Status Commit(const GroupCommit& commit) override {
    if (gate_.valid()) gate_.wait();
    if (!failure_.ok()) return failure_;
    if (!once_.ok()) return std::exchange(once_, absl::OkStatus());
    std::this_thread::sleep_for(duration_);
    ++commits_;
    return store_->Commit(commit);
  }
  StoreState state() const override { return store_->state(); }
  absl::StatusOr<std::string> Read(LogNumber log, Table table,
                                   std::string_view key) const override {
    if (fail_reads_ && table == Table::kBundle) {
      return absl::UnavailableError("the disk does not answer");
    }
    return store_->Read(log, table, key);
  }
  absl::Status Scan(LogNumber log, Table table, std::string_view first,
                    std::string_view last,
                    const std::function<bool(std::string_view, std::string_view)>&
                        visit) const override {
    if (fail_reads_ && table == Table::kBundle) {
      return absl::UnavailableError("the disk does not answer");
    }
    return store_->Scan(log, table, first, last, visit);
  }
  absl::StatusOr<std::pair<std::string, std::string>> ReadLast(
      LogNumber log, Table table, std::string_view key) const override {
    return store_->ReadLast(log, table, key);
  }
  absl::StatusOr<std::vector<LogRecord>> Logs() const override {
    return store_->Logs();
  }

  void FailReads(bool fail) { fail_reads_ = fail; }
  void Fail(absl::Status failure) { failure_ = std::move(failure); }
  void FailOnce(absl::Status failure) { once_ = std::move(failure); }
  void Take(std::chrono::milliseconds duration) { duration_ = duration; }
  void WaitFor(std::shared_future<void> gate) { gate_ = std::move(gate); }
  int commits() const { return commits_; }

 private:
  std::unique_ptr<Store> store_ = NewMemoryStore();
  absl::Status failure_;
  absl::Status once_;
  std::chrono::milliseconds duration_{};
  std::atomic<bool> fail_reads_ = false;
  std::shared_future<void> gate_;
  std::atomic<int> commits_ = 0;
};

inline std::string Values(uint64_t begin, uint64_t end) {
  std::string hashes;
  for (uint64_t i = begin; i < end; ++i) {
    hashes.append(AsText(Sha256(AsBytes(std::to_string(i)))));
  }
  return hashes;
}

class SequencerTest : public ::testing::Test {
 protected:
  SequencerTest()
      : reader_(&store_, 1 << 20), log_(1, kOrigin, NewKey(), NewManifest()) {}

  static SigningKey NewKey() {
    const std::array<uint8_t, 32> seed = {1, 2, 3};
    return *MakeSigningKey(kOrigin, *Ed25519PrivateKey::FromSeed(seed));
  }
  static std::string NewManifest() {
    Manifest manifest;
    manifest.origin = kOrigin;
    manifest.scheme = "bytes/1";
    return *FormatManifest(manifest);
  }
  void Start(Sequencer::Options options = {}) {
    sequencer_.emplace(&store_, &reader_, options);
    ASSERT_OK(Append(AppendGenesis{}));
  }
  std::future<absl::StatusOr<Sequenced>> Submit(Sequencer::Step step) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<Sequenced>>>();
    std::future<absl::StatusOr<Sequenced>> future = promise->get_future();
    sequencer_->Append(&log_, std::move(step),
                       [promise](absl::StatusOr<Sequenced> sequenced) {
                         promise->set_value(std::move(sequenced));
                       });
    return future;
  }
  absl::StatusOr<Sequenced> Append(Sequencer::Step step) {
    return Submit(std::move(step)).get();
  }
  void ExpectLogReplays() {
    const PublishedHead head = log_.head();
    Replay replay(kOrigin);
    for (uint64_t b = 0; b * kTileWidth < head.head.size; ++b) {
      const uint32_t width = static_cast<uint32_t>(
          std::min<uint64_t>(kTileWidth, head.head.size - b * kTileWidth));
      const auto bundle = reader_.Bundle(1, b, width);
      ASSERT_OK(bundle);
      const auto fault = replay.Feed(*ParseBundle(AsBytes(*bundle)));
      ASSERT_FALSE(fault) << fault->reason;
    }
    EXPECT_EQ(replay.Root(), head.head.root);
    const auto checkpoint =
        OpenCheckpoint(head.note, log_.key().Verifier(SignatureType::kEd25519));
    ASSERT_OK(checkpoint);
    EXPECT_EQ(checkpoint->size, head.head.size);
    EXPECT_EQ(checkpoint->root, head.head.root);
  }

  FaultyStore store_;
  TreeReader reader_;
  LogState log_;
  std::optional<Sequencer> sequencer_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_SEQUENCER_FIXTURE_H_
