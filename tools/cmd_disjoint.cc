// `setlog disjoint`: is no record of a set in one that is to be left out?

#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "tools/commands.h"
#include "tools/set_comparison.h"
#include "tools/units.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

// The records that TRAIN and others have in common.
class CommonRecords {
 public:
  explicit CommonRecords(SetComparison* sets) : sets_(sets) {}

  // With one other; nothing after it was said why not.
  std::optional<std::vector<Hash>> With(LogVersion& other) {
    LogVersion& train = sets_->train();
    // The set with fewer entries is fetched, and looked for in the other: of a list of
    // a thousand that is to be left out, a set of millions has few to be asked about.
    if (other.version().index.m < train.version().index.m) {
      std::optional<std::vector<Hash>> members = sets_->Members(other);
      return members ? sets_->Among(train, *std::move(members)) : std::nullopt;
    }
    if (!train_members_) train_members_ = sets_->Members(train);
    return train_members_ ? sets_->Among(other, *train_members_) : std::nullopt;
  }

 private:
  SetComparison* sets_;
  std::optional<std::vector<Hash>> train_members_;
};

ExitCode Disjoint(const ComparisonFlags& flags, Session& session) {
  std::variant<ExitCode, SetComparison> opened =
      SetComparison::Open(flags, "exclusions", session);
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
  SetComparison& sets = std::get<SetComparison>(opened);
  CommonRecords common(&sets);
  std::set<Hash> found;
  std::vector<uint64_t> counts;
  for (LogVersion& exclusion : sets.others()) {
    const std::optional<std::vector<Hash>> here = common.With(exclusion);
    if (!here) return sets.failed();
    const std::string name = TextOf(exclusion.name);
    for (const Hash& hash : *here) sets.Offends(hash, {{"in", name}}, "in " + name);
    found.insert(here->begin(), here->end());
    counts.push_back(here->size());
  }
  const Version& train = sets.train().version();
  const std::string records = FormatCount(train.index.n, "record");
  const std::string exclusions = FormatCount(counts.size(), "exclusion");
  const std::string sentence =
      found.empty()
          ? absl::StrFormat("none of the %s of %s is in any of %s", records,
                            SetPhrase(train), exclusions)
          : absl::StrFormat("%d of the %s of %s are in one of %s", found.size(),
                            records, SetPhrase(train), exclusions);
  return sets.Print({found.size(), sentence, "common", "common", counts});
}

}  // namespace

Runner DeclareDisjoint(CLI::App& app) {
  auto flags = std::make_unique<ComparisonFlags>();
  AddComparisonFlags(app, *flags, "EXCLUSION",
                     "versions that none of its records may be in, named in the same "
                     "way");
  app.footer(
      "  setlog disjoint example.org/mix@v1 example.net/opt-outs@2026-11 \\\n"
      "      --server-of example.net/opt-outs=opt-outs.example.net:7070\n"
      "  VERIFIED none of the 1300 records of the set that example.org/mix committed "
      "to ...\n\n"
      "Of TRAIN and an EXCLUSION the one with fewer entries is fetched and verified, "
      "and\n"
      "looked for in the other. A record is its canonical bytes: one changed pixel or "
      "space\n"
      "is another record, and logs that hash records in other ways are refused. This "
      "shows\n"
      "what was committed, not what was trained on. Exit code: 0 they have nothing in "
      "common,\n"
      "1 they do, and --json names every such record, 2 these sets cannot be compared, "
      "3\n"
      "something could not be verified, 4 a log contradicts itself.");
  return [flags = std::move(flags)](Session& session) {
    return Disjoint(*flags, session);
  };
}

}  // namespace setlog
