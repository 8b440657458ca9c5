#include "report.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

double RatioOf(const Figure& figure) {
  return figure.ceiling > 0 ? figure.value / figure.ceiling : 0;
}

bool Met(const Figure& figure) {
  const double judged = figure.target->of_ratio ? RatioOf(figure) : figure.value;
  return figure.target->at_most ? judged <= figure.target->bound
                                : judged >= figure.target->bound;
}

std::string TargetText(const Target& target) {
  return absl::StrFormat("%s %.4g%s", target.at_most ? "<=" : ">=", target.bound,
                         target.of_ratio ? " of it" : "");
}

}  // namespace

Report::Report() {
  std::printf(
      "| figure | value | ceiling of this run | ratio | target | met |\n"
      "|---|---|---|---|---|---|\n");
}

void Report::Add(Figure figure) {
  std::string ceiling, ratio, target, met;
  if (figure.ceiling > 0) {
    ceiling = absl::StrFormat("%s %.4g", figure.ceiling_name, figure.ceiling);
    ratio = absl::StrFormat("%.2f", RatioOf(figure));
  }
  if (figure.target) {
    target = TargetText(*figure.target);
    met = Met(figure) ? "yes" : "NO";
  }
  std::printf("| %s | %.4g %s | %s | %s | %s | %s |\n", figure.name.c_str(),
              figure.value, figure.unit.c_str(), ceiling.c_str(), ratio.c_str(),
              target.c_str(), met.c_str());
  std::fflush(stdout);
  figures_.push_back(std::move(figure));
}

void Report::WriteJson(const std::string& path) const {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Figure& figure : figures_) {
    nlohmann::ordered_json row = {
        {"figure", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
    if (figure.ceiling > 0) {
      row["ceiling_name"] = figure.ceiling_name;
      row["ceiling"] = figure.ceiling;
      row["ratio"] = RatioOf(figure);
    }
    if (figure.target) {
      row["target"] = TargetText(*figure.target);
      row["met"] = Met(figure);
    }
    all.push_back(std::move(row));
  }
  std::ofstream file(path);
  file << all.dump(1) << "\n";
  if (!file.flush()) {
    std::fprintf(stderr, "cannot write %s\n", path.c_str());
    std::exit(1);
  }
}

}  // namespace setlog
