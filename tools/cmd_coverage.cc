// `setlog coverage`: is every record of a set in one of those it was made from?

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "tools/commands.h"
#include "tools/set_comparison.h"
#include "tools/units.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

ExitCode Coverage(const ComparisonFlags& flags, Session& session) {
  std::variant<ExitCode, SetComparison> opened =
      SetComparison::Open(flags, "upstreams", session);
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
  SetComparison& sets = std::get<SetComparison>(opened);
  std::optional<std::vector<Hash>> members = sets.Members(sets.train());
  if (!members) return sets.failed();
  std::vector<Hash> uncovered = *std::move(members);
  std::ranges::sort(uncovered);
  const size_t all = uncovered.size();
  std::vector<uint64_t> counts;
  for (LogVersion& upstream : sets.others()) {
    const std::optional<std::vector<Hash>> found = sets.Among(upstream, uncovered);
    if (!found) return sets.failed();
    std::vector<Hash> left;
    std::ranges::set_difference(uncovered, *found, std::back_inserter(left));
    uncovered = std::move(left);
    counts.push_back(found->size());
  }
  for (const Hash& hash : uncovered) {
    sets.Offends(hash, {{"covered", false}}, "uncovered");
  }
  const std::string set = SetPhrase(sets.train().version());
  const std::string upstreams = FormatCount(counts.size(), "upstream");
  const std::string sentence =
      uncovered.empty()
          ? absl::StrFormat("each of the %s of %s is in one of %s",
                            FormatCount(all, "record"), set, upstreams)
          : absl::StrFormat("%d of the %s of %s are in none of %s", uncovered.size(),
                            FormatCount(all, "record"), set, upstreams);
  return sets.Print({uncovered.size(), sentence, "uncovered", "covered", counts});
}

}  // namespace

Runner DeclareCoverage(CLI::App& app) {
  auto flags = std::make_unique<ComparisonFlags>();
  AddComparisonFlags(
      app, *flags, "UPSTREAM",
      "versions that its records were taken from, named in the same way");
  app.footer(
      "  setlog coverage example.org/mix@v1 example.org/web@v3 example.net/books@v1 "
      "\\\n"
      "      --server-of example.net/books=books.example.net:7070\n"
      "  VERIFIED each of the 1300 records of the set that example.org/mix committed "
      "to "
      "...\n\n"
      "All members of TRAIN are fetched and verified; what one UPSTREAM has is not "
      "asked of\n"
      "the next, so each counts what those before it left. A record is its canonical "
      "bytes:\n"
      "one changed pixel or space is another record, and logs that hash records in "
      "other ways\n"
      "are refused. This shows what was committed, not what was trained on. Exit code: "
      "0 it\n"
      "holds, 1 it does not, and --json names every record that is in none, 2 these "
      "sets\n"
      "cannot be compared, 3 something could not be verified, 4 a log contradicts "
      "itself.");
  return [flags = std::move(flags)](Session& session) {
    return Coverage(*flags, session);
  };
}

}  // namespace setlog
