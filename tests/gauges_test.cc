#include "server/gauges.h"

#include <future>
#include <memory>

#include "log/manifest.h"
#include "server/metrics.h"
#include "temp_dir.h"
#include "testing.h"

namespace setlog {
namespace {

class GaugesTest : public ::testing::Test {
 protected:
  GaugesTest()
      : store_(NewMemoryStore()),
        reader_(store_.get(), 1 << 20),
        logs_(directory_.path(), store_.get(), &reader_, 1 << 10) {
    EXPECT_OK(logs_.Open());
    sequencer_ = std::make_unique<Sequencer>(store_.get(), &reader_,
                                             Sequencer::Options{.max_queue_bytes = 77});
    indexer_ =
        std::make_unique<Indexer>(sequencer_.get(), &reader_, Indexer::Options());
    logs_.Start(sequencer_.get(), indexer_.get());
  }
  ~GaugesTest() override {
    indexer_.reset();
    sequencer_.reset();
  }

  void Create(const std::string& origin) {
    Manifest manifest;
    manifest.origin = origin;
    manifest.scheme = "bytes/1";
    std::promise<absl::Status> made;
    logs_.Create(*FormatManifest(manifest),
                 [&](absl::StatusOr<HostedLog*> log) { made.set_value(log.status()); });
    EXPECT_OK(made.get_future().get());
  }

  Gauges Make() const {
    return Gauges({.logs = &logs_,
                   .sequencer = sequencer_.get(),
                   .events = &events_,
                   .data_dir = directory_.path()});
  }
  static const prometheus::MetricFamily* Find(
      const std::vector<prometheus::MetricFamily>& families, std::string_view name) {
    for (const prometheus::MetricFamily& family : families) {
      if (family.name == name) return &family;
    }
    ADD_FAILURE() << "no " << name;
    return nullptr;
  }

  TempDir directory_;
  std::unique_ptr<Store> store_;
  TreeReader reader_;
  LogDirectory logs_;
  std::unique_ptr<Sequencer> sequencer_;
  std::unique_ptr<Indexer> indexer_;
  EventLog events_{LogLevel::kError, LogFormat::kJson,
                   [](const std::string&) { return true; }};
};

TEST_F(GaugesTest, SeriesOfLogsAreBoundedAndTheSumsLeaveOutNone) {
  const Gauges gauges = Make();
  const auto value = [](const std::vector<prometheus::MetricFamily>& families,
                        std::string_view name) {
    return Find(families, name)->metric.at(0).gauge.value;
  };
  auto none = gauges.Read();
  EXPECT_EQ(value(none, "setlog_logs"), 0);
  EXPECT_EQ(value(none, "setlog_newest_head_timestamp_seconds"), 0);
  EXPECT_EQ(value(none, "setlog_queue_limit_bytes"), 77);
  constexpr size_t kLogs = Gauges::kLogSeries + 3;
  for (size_t i = 0; i < kLogs; ++i) Create("example.org/" + std::to_string(i));

  auto families = gauges.Read();
  EXPECT_EQ(value(families, "setlog_logs"), kLogs);
  EXPECT_EQ(value(families, "setlog_logs_without_series"), 3);
  EXPECT_EQ(value(families, "setlog_entries"), 2 * kLogs);
  size_t with_origin = 0;
  for (const prometheus::MetricFamily& family : families) {
    if (!family.name.starts_with("setlog_log_") ||
        family.type != prometheus::MetricType::Gauge) {
      EXPECT_EQ(family.metric.size(), 1u) << family.name;
      continue;
    }
    ++with_origin;
    ASSERT_EQ(family.metric.size(), Gauges::kLogSeries) << family.name;
    for (size_t i = 0; i < Gauges::kLogSeries; ++i) {  // those that were made first
      EXPECT_EQ(family.metric[i].label.at(0).value, "example.org/" + std::to_string(i));
    }
  }
  EXPECT_EQ(with_origin, 5u);
}

TEST_F(GaugesTest, HealthIsWhatHealthzSays) {
  for (const absl::Status& health :
       {absl::OkStatus(), absl::UnavailableError("writes have stopped")}) {
    const Gauges gauges({.logs = &logs_,
                         .sequencer = sequencer_.get(),
                         .events = &events_,
                         .data_dir = directory_.path(),
                         .health = [&] { return health; },
                         .reserve_bytes = 5});
    const auto families = gauges.Read();
    EXPECT_EQ(Find(families, "setlog_healthy")->metric[0].gauge.value, health.ok());
    EXPECT_EQ(Find(families, "setlog_store_reserve_bytes")->metric[0].gauge.value, 5);
  }
}

TEST_F(GaugesTest, HeadTimesAreThoseOfTheNewestAndOldestHeads) {
  Create("example.org/a");
  Create("example.org/b");
  const int64_t a = (*logs_.Find("example.org/a"))->state.figures().published_us;
  const int64_t b = (*logs_.Find("example.org/b"))->state.figures().published_us;
  EXPECT_LE(a, b);
  const auto families = Make().Read();
  EXPECT_EQ(
      Find(families, "setlog_oldest_head_timestamp_seconds")->metric[0].gauge.value,
      static_cast<double>(a) / 1e6);
  EXPECT_EQ(
      Find(families, "setlog_newest_head_timestamp_seconds")->metric[0].gauge.value,
      static_cast<double>(b) / 1e6);
}

}  // namespace
}  // namespace setlog
