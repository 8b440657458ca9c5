// What the length of an answer, and the time that it takes, tell of it: single lookups
// in a private log, with all that a proof file needs, for labels that are present,
// absent and removed, one after the other in no order, over loopback.
//
//   answers_alike [--records N] [--calls N] [--out FILE.json]
//
// An observer is given one figure of one answer and guesses if the label is present: by
// the best threshold that half of the calls show, judged on the other half. 0.5 is a
// coin. Labels are random bytes here, as they are to who has no key.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/appender.h"
#include "log/manifest.h"
#include "log/vrf.h"
#include "need.h"
#include "random_hashes.h"
#include "report.h"
#include "subject.h"

namespace setlog {
namespace {

constexpr char kOrigin[] = "bench.example.org/private";
constexpr std::array kKinds = {"present", "absent", "removed"};

struct Seen {
  double us = 0;
  double bytes = 0;
};

AppendResult Send(const Connection& connection, Operation operation,
                  std::span<const Hash> labels) {
  Appender appender(
      &connection,
      {.origin = kOrigin, .session = NewSessionId(), .operation = operation});
  Need(appender.Open().status());
  Need(appender.Write(labels));
  return Need(appender.Finish());
}

// How often the best rule of the form "present if the figure is beyond a threshold" is
// right about the other answers.
double RightGuesses(const std::vector<Seen>& present, const std::vector<Seen>& absent,
                    double Seen::*figure) {
  const auto half = [&](const std::vector<Seen>& all, size_t parity) {
    std::vector<double> figures;
    for (size_t i = parity; i < all.size(); i += 2) figures.push_back(all[i].*figure);
    std::sort(figures.begin(), figures.end());
    return figures;
  };
  const auto below = [](const std::vector<double>& sorted, double threshold) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), threshold);
    return static_cast<double>(at - sorted.begin()) /
           static_cast<double>(sorted.size());
  };
  const std::vector<double> p = half(present, 0), a = half(absent, 0);
  double best = 0, threshold = 0;
  for (double candidate : p) {
    const double lead = below(a, candidate) - below(p, candidate);
    if (std::abs(lead) > std::abs(best)) {
      best = lead;
      threshold = candidate;
    }
  }
  const double lead =
      below(half(absent, 1), threshold) - below(half(present, 1), threshold);
  return 0.5 + (best < 0 ? -lead : lead) / 2;
}

double Quantile(std::vector<Seen> seen, double Seen::*figure, double q) {
  std::sort(seen.begin(), seen.end(),
            [&](const Seen& a, const Seen& b) { return a.*figure < b.*figure; });
  return seen[static_cast<size_t>(q * static_cast<double>(seen.size() - 1))].*figure;
}

void Measure(const BenchOptions& options, Report& report) {
  Subject subject(options, "alike");
  const VrfSecretKey key = Need(VrfSecretKey::Generate());
  Manifest manifest{.origin = kOrigin, .scheme = "bytes/1"};
  manifest.labels = VrfLabels{std::string(kVrfSuite), key.PublicKey().bytes()};
  LogClient& log = subject.NewLog(manifest);

  const std::vector<Hash> labels = RandomHashes(options.records + options.calls);
  const std::span<const Hash> members = std::span(labels).first(options.records);
  const std::span<const Hash> removed = members.first(options.calls);
  Send(subject.connection(), Operation::kAdd, members);
  const AppendResult last = Send(subject.connection(), Operation::kRemove, removed);
  const VerifiedHead head = Need(log.WaitIndexed(last.end - 1, {}));

  std::array<std::vector<Seen>, 3> seen;
  std::mt19937 random(1);
  std::vector<std::pair<size_t, const Hash*>> questions;
  for (size_t i = 0; i < options.calls; ++i) {
    questions.emplace_back(0, &members[options.calls + i]);
    questions.emplace_back(1, &labels[options.records + i]);
    questions.emplace_back(2, &removed[i]);
  }
  // Twice, and only the second time counts: then what can be in memory is.
  for (const bool counts : {false, true}) {
    std::shuffle(questions.begin(), questions.end(), random);
    for (const auto& [kind, label] : questions) {
      v1::LookupRequest request;
      request.set_origin(kOrigin);
      request.set_record(std::string(AsText(*label)));
      request.set_index_size(head.version.index.m);
      request.set_size(head.version.checkpoint.size);
      double seconds = 0;
      v1::LookupResponse response;
      seconds = Seconds([&] {
        response = Need(subject.connection().Call(subject.connection().reader(),
                                                  &v1::Reader::Stub::Lookup, request));
      });
      if (response.has_removed() != (kind == 2) ||
          response.has_added() != (kind != 1)) {
        Need(absl::InternalError("an answer of another kind"));
      }
      if (counts) {
        seen[kind].push_back(
            {seconds * 1e6, static_cast<double>(response.ByteSizeLong())});
      }
    }
  }
  for (size_t kind = 0; kind < kKinds.size(); ++kind) {
    const std::string name = kKinds[kind];
    report.Add({name + ", least", Quantile(seen[kind], &Seen::bytes, 0), "bytes"});
    report.Add({name + ", most", Quantile(seen[kind], &Seen::bytes, 1), "bytes"});
    for (const double q : {0.1, 0.5, 0.9}) {
      report.Add({absl::StrFormat("%s, p%.0f", name, q * 100),
                  Quantile(seen[kind], &Seen::us, q), "us"});
    }
  }
  for (size_t kind : {1, 2}) {
    const std::string name = std::string("present or ") + kKinds[kind];
    report.Add({name + ", by length", RightGuesses(seen[0], seen[kind], &Seen::bytes),
                "right"});
    report.Add(
        {name + ", by time", RightGuesses(seen[0], seen[kind], &Seen::us), "right"});
  }
}

int Main(int argc, char** argv) {
  BenchOptions options{.records = 100'000, .calls = 5000};
  std::string out;
  CLI::App app("what the length and the time of an answer tell of it");
  app.add_option("--records", options.records)->capture_default_str();
  app.add_option("--calls", options.calls, "of each kind")->capture_default_str();
  app.add_option("--out", out, "JSON");
  CLI11_PARSE(app, argc, argv);
  if (options.records < 2 * options.calls) {
    std::cerr << "answers_alike: --records must be at least twice --calls\n";
    return 2;
  }
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  options.program = self.string();
  options.setlogd = (self.parent_path() / "setlogd").string();
  std::string dir = std::filesystem::temp_directory_path() / "setlog-alike-XXXXXX";
  if (mkdtemp(dir.data()) == nullptr) Need(absl::ErrnoToStatus(errno, dir));
  options.dir = dir;
  {
    Report report;
    Measure(options, report);
    if (!out.empty()) report.WriteJson(out);
  }
  std::filesystem::remove_all(dir);
  return 0;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) { return setlog::Main(argc, argv); }
