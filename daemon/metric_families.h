// daemon/metric_families.h -- figures that are read when somebody asks for /metrics.
//
//   MetricFamilies families;
//   families.Gauge("setlog_log_size", "Entries", 18, {{"origin", origin}});
//   std::string text = prometheus::TextSerializer().Serialize(families.Take());
//
// Not thread-safe.
#ifndef SETLOG_DAEMON_METRIC_FAMILIES_H_
#define SETLOG_DAEMON_METRIC_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <utility>
#include <vector>

namespace setlog {

class MetricFamilies {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  void Gauge(const char* name, const char* help, double value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    Add(name, help, prometheus::MetricType::Gauge, std::move(metric));
  }
  void Counter(const char* name, const char* help, double value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;
    Add(name, help, prometheus::MetricType::Counter, std::move(metric));
  }
  std::vector<prometheus::MetricFamily> Take() { return std::move(families_); }

 private:
  void Add(const char* name, const char* help, prometheus::MetricType type,
           prometheus::ClientMetric metric) {
    for (prometheus::MetricFamily& family : families_) {
      if (family.name == name) return family.metric.push_back(std::move(metric));
    }
    families_.push_back({name, help, type, {std::move(metric)}});
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace setlog

#endif  // SETLOG_DAEMON_METRIC_FAMILIES_H_
