// bench/report.h -- figures beside their ceilings and our targets, as a table and JSON.
//
//   Report report;
//   report.Add({.name = "Lookup", .value = 37000, .unit = "calls/s",
//               .ceiling_name = "bare echo", .ceiling = 49000,
//               .target = RatioAtLeast(0.75)});
//   report.WriteJson("service.json");
//
// A row is printed as soon as it is known. A target without a ceiling is one on the
// value itself. Not thread-safe.
#ifndef SETLOG_BENCH_REPORT_H_
#define SETLOG_BENCH_REPORT_H_

#include <optional>
#include <string>
#include <vector>

namespace setlog {

struct Target {
  double bound = 0;
  bool of_ratio = false;  // else of the value
  bool at_most = false;
};
inline Target AtLeast(double bound) { return {bound, false, false}; }
inline Target AtMost(double bound) { return {bound, false, true}; }
inline Target RatioAtLeast(double bound) { return {bound, true, false}; }
inline Target RatioAtMost(double bound) { return {bound, true, true}; }

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::string ceiling_name;  // measured in the same run
  double ceiling = 0;        // in the same unit; 0: none
  std::optional<Target> target;
};

class Report {
 public:
  // Prints the table's head.
  Report();
  void Add(Figure figure);
  // Ends the program if it cannot be written.
  void WriteJson(const std::string& path) const;

 private:
  std::vector<Figure> figures_;
};

}  // namespace setlog

#endif  // SETLOG_BENCH_REPORT_H_
