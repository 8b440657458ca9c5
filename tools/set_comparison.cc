#include "tools/set_comparison.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/set_members.h"
#include "log/comparable.h"
#include "log/set_tree.h"
#include "tools/progress.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

constexpr size_t kShownLines = 20;

// A bar for each thing that is done about one version.
class StepProgress {
 public:
  StepProgress(std::string version, const Output& out)
      : version_(std::move(version)), quiet_(out.quiet()) {}

  void operator()(const char* what, uint64_t done, uint64_t total) {
    if (doing_ != what) {
      doing_ = what;
      progress_.emplace(version_ + ": " + doing_, total, quiet_);
    }
    progress_->Update(done);
  }

 private:
  const std::string version_;
  const bool quiet_;
  std::string doing_;
  std::optional<Progress> progress_;
};

absl::StatusOr<std::vector<VersionName>> NamesOf(const ComparisonFlags& flags) {
  std::vector<VersionName> names;
  std::vector<std::string> texts = {flags.train};
  texts.insert(texts.end(), flags.others.begin(), flags.others.end());
  for (const std::string& text : texts) {
    absl::StatusOr<VersionName> name = ParseVersionName(text);
    if (!name.ok()) return name.status();
    names.push_back(*std::move(name));
  }
  return names;
}

}  // namespace

void AddComparisonFlags(CLI::App& app, ComparisonFlags& flags, const char* other,
                        const char* help) {
  app.add_option("TRAIN", flags.train,
                 "the version that is to be trained on: ORIGIN@TAG, or "
                 "ORIGIN, its newest")
      ->required()
      ->type_name("");
  app.add_option(other, flags.others, help)->required()->type_name("");
  AddSeveralLogsFlags(app, flags.logs);
}

std::variant<ExitCode, SetComparison> SetComparison::Open(const ComparisonFlags& flags,
                                                          const char* others,
                                                          Session& session) {
  Output& out = session.out;
  const absl::StatusOr<std::vector<VersionName>> names = NamesOf(flags);
  if (!names.ok()) return out.Fail(names.status());
  const absl::StatusOr<LogPlaces> places = LogPlaces::Of(flags.logs, *names);
  if (!places.ok()) return out.Fail(places.status());
  std::vector<LogVersion> versions;
  for (const VersionName& name : *names) {
    std::variant<ExitCode, LogVersion> opened =
        OpenVersion(name, places->For(name.origin), session);
    if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
    versions.push_back(std::get<LogVersion>(std::move(opened)));
    const absl::Status comparable = CheckComparable(versions.front().version().manifest,
                                                    versions.back().version().manifest);
    if (!comparable.ok()) return out.Fail(comparable);
  }
  // Of nothing everything holds; who asks has most likely named another version.
  const IndexEntry& train = versions.front().version().index;
  if (train.set_root == EmptySetRoot()) {
    return out.Fail(absl::FailedPreconditionError(absl::StrFormat(
        "%s has no record (the set at size %d): name the version that is meant",
        TextOf(versions.front().name), train.m)));
  }
  return SetComparison(std::move(versions), others, &session);
}

void SetComparison::Fail(const absl::Status& why, LogVersion& version) {
  failed_ = ReportUnverified(why, version.name, *version.log,
                             {{"train", TextOf(train().name)}}, session_->out);
}

std::optional<std::vector<Hash>> SetComparison::Members(LogVersion& version) {
  StepProgress progress(TextOf(version.name), session_->out);
  const uint64_t entries = version.version().index.m;
  absl::StatusOr<std::vector<Hash>> members = FetchMembers(
      version.log->connection(), version.version(),
      [&](uint64_t fetched) { progress("fetching members", fetched, entries); });
  if (members.ok()) return *std::move(members);
  Fail(members.status(), version);
  return std::nullopt;
}

std::optional<std::vector<Hash>> SetComparison::Among(LogVersion& version,
                                                      std::vector<Hash> values) {
  StepProgress progress(TextOf(version.name), session_->out);
  absl::StatusOr<std::vector<Hash>> found =
      MembersAmong(version.log->connection(), version.version(), std::move(values),
                   std::ref(progress));
  if (found.ok()) return *std::move(found);
  Fail(found.status(), version);
  return std::nullopt;
}

void SetComparison::Offends(const Hash& hash, const Json& fields,
                            const std::string& line) {
  ++lines_;
  Output& out = session_->out;
  if (out.json()) {
    Json json{{"hash", ToHex(hash)}};
    json.update(fields);
    return out.Result(json, "");
  }
  if (shown_.size() < kShownLines) {
    shown_.push_back(absl::StrFormat("  %s  %s", line, ToHex(hash)));
  }
}

std::string SetComparison::AuditWordsOfAll() const {
  const auto audited = std::ranges::count_if(versions_, [](const LogVersion& version) {
    return version.version().replay_met;
  });
  const size_t all = versions_.size();
  const size_t open = all - static_cast<size_t>(audited);
  if (open == 0) {
    return absl::StrFormat("all %d sets recomputed by %s", all, kReplayGroup);
  }
  return absl::StrFormat("set roots of %d of %d not audited", open, all);
}

Json SetComparison::Fields(const Summary& summary) const {
  const LogVersion& train = versions_.front();
  Json json{{"verdict", summary.offending == 0 ? kVerified : kRefused},
            {"train", TextOf(train.name)},
            {"train_index_size", train.version().index.m},
            {"set_count", train.version().index.n},
            {"pinned", train.head.pinned},
            {"replayed_by", train.version().replayed_by},
            {summary.offending_field, summary.offending}};
  Json others = Json::array();
  for (size_t i = 0; i < summary.counts.size(); ++i) {
    Json other = JsonOf(versions_[i + 1]);
    other[summary.count_field] = summary.counts[i];
    others.push_back(std::move(other));
  }
  json[others_] = std::move(others);
  return json;
}

ExitCode SetComparison::Print(const Summary& summary) {
  Output& out = session_->out;
  const bool holds = summary.offending == 0;
  out.Verdict(Fields(summary), holds ? kVerified : kRefused,
              absl::StrFormat(" %s; %s", summary.sentence, AuditWordsOfAll()));
  for (const std::string& line : shown_) out.Detail(line);
  if (lines_ > shown_.size()) {
    out.Detail(
        absl::StrFormat("  and %d more (--json lists all)", lines_ - shown_.size()));
  }
  for (size_t i = 0; i < summary.counts.size(); ++i) {
    const LogVersion& other = versions_[i + 1];
    out.Detail(absl::StrFormat("  %-8s %d of %d in %s; %s%s", summary.count_field,
                               summary.counts[i], other.version().index.n,
                               SetPhrase(other.version()), AuditWords(other.version()),
                               other.head.pinned ? "" : "; its key is not pinned"));
  }
  const LogVersion& train = versions_.front();
  out.Detail(VersionDetail(train.version(), train.head.seen_size));
  out.Detail(FreshnessDetail(train.version().cosigned_at_s));
  out.Detail(KeyDetail(train.version().log_key, train.head.pinned));
  return holds ? ExitCode::kHolds : ExitCode::kDoesNotHold;
}

}  // namespace setlog
