#include "tools/data_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/set_members.h"
#include "client/staged_file.h"
#include "log/show_bytes.h"
#include "tools/progress.h"
#include "tools/units.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

constexpr size_t kShownStrays = 20;

}  // namespace

ExitCode DataCheck::Run(RecordSource& source) {
  absl::StatusOr<RecordList> list = RecordList::Create();
  if (!list.ok()) return out_->Fail(list.status());
  const absl::Status read = ReadAll(source, *list);
  if (!read.ok()) return log_failed_ ? Unverified(read) : out_->Fail(read);
  records_ = list->size();
  if (records_ == 0) {
    return out_->Fail(absl::InvalidArgumentError("there is no record in the input"));
  }
  const absl::StatusOr<SetSummary> here = here_.Summarize();
  if (!here.ok()) return out_->Fail(here.status());
  const IndexEntry& index = version_->version().index;
  DataCounts counts{.members = index.n,
                    .distinct = here->distinct,
                    .same_root = here->root == index.set_root};
  if (!counts.same_root) {
    if (absl::Status s = LookUp(here->distinct); !s.ok()) return Unverified(s);
    counts.not_members = strays_.size();
  }
  const absl::StatusOr<bool> holds = JudgeData(counts, options_.subset);
  if (!holds.ok()) return Unverified(holds.status());
  if (!options_.missing_file.empty()) {
    if (absl::Status s = WriteMissing(counts); !s.ok()) return Unverified(s);
  }
  if (absl::Status s = CountStrays(*list); !s.ok()) return out_->Fail(s);
  return Print(counts, *holds);
}

absl::Status DataCheck::ReadAll(RecordSource& source, RecordList& list) {
  Progress progress("reading", 0, out_->quiet());
  std::vector<SourceRecord> batch;
  const auto flush = [&]() -> absl::Status {
    std::vector<Hash> records;
    for (const SourceRecord& record : batch) records.push_back(record.hash);
    const absl::StatusOr<std::vector<LoggedValue>> found =
        version_->log->client().ValuesOf(version_->head, records,
                                         WithProofs::kUnlessOwn);
    log_failed_ = !found.ok();
    if (log_failed_) return found.status();
    std::vector<Hash> values;
    for (size_t i = 0; i < batch.size(); ++i) {
      values.push_back((*found)[i].value);
      const absl::Status listed =
          list.Append({records[i], values.back(), std::move(batch[i].name)});
      if (!listed.ok()) return listed;
    }
    batch.clear();
    progress.Update(list.size());
    return here_.Add(values);
  };
  while (true) {
    absl::StatusOr<std::optional<SourceRecord>> record = source.Next();
    if (!record.ok()) return record.status();
    if (!*record) return flush();
    batch.push_back(**std::move(record));
    if (batch.size() < LogClient::kBatchRecords) continue;
    if (absl::Status s = flush(); !s.ok()) return s;
  }
}

absl::Status DataCheck::LookUp(uint64_t distinct) {
  Progress progress("looking up", distinct, out_->quiet());
  uint64_t done = 0;
  const absl::Status read = here_.Read([&](std::span<const Hash> values) {
    while (!values.empty()) {
      const std::span<const Hash> piece =
          values.first(std::min(values.size(), LogClient::kBatchRecords));
      // What stands in the log, whatever records it is of.
      std::vector<LoggedValue> asked;
      for (const Hash& value : piece)
        asked.push_back({.record = value, .value = value});
      const absl::StatusOr<std::vector<SetVerdict>> verdicts =
          version_->log->client().BatchLookup(version_->head, asked);
      if (!verdicts.ok()) return verdicts.status();
      for (size_t i = 0; i < piece.size(); ++i) {
        if ((*verdicts)[i] == SetVerdict::kPresent) continue;
        strays_.push_back({piece[i], (*verdicts)[i]});
      }
      values = values.subspan(piece.size());
      progress.Update(done += piece.size());
    }
    return absl::OkStatus();
  });
  std::ranges::sort(strays_, {}, &Stray::value);
  return read;
}

const DataCheck::Stray* DataCheck::FindStray(const Hash& value) const {
  const auto found = std::ranges::lower_bound(strays_, value, {}, &Stray::value);
  return found != strays_.end() && found->value == value ? &*found : nullptr;
}

absl::Status DataCheck::CountStrays(const RecordList& list) {
  if (strays_.empty()) return absl::OkStatus();
  return list.Read([this](const ListedRecord& record) {
    if (const Stray* stray = FindStray(record.value)) {
      ++(stray->verdict == SetVerdict::kRemoved ? removed_ : absent_);
      PrintStray(record, stray->verdict);
    }
    return absl::OkStatus();
  });
}

// With --json at once; for people after the verdict, the first ones.
void DataCheck::PrintStray(const ListedRecord& record, SetVerdict verdict) {
  if (out_->json()) {
    Json json{{"verdict", WordOf(verdict)}, {"hash", ToHex(record.record)}};
    if (version_->version().manifest.labels) json["label"] = ToHex(record.value);
    json["record"] = record.name.empty() ? Json(nullptr) : Json(record.name);
    return out_->Result(json, "");
  }
  if (shown_.size() == kShownStrays) return;
  const char* word = verdict == SetVerdict::kRemoved ? "removed" : "absent ";
  shown_.push_back(absl::StrFormat("  %s  %s%s%s", word, ShowLine(record.name),
                                   record.name.empty() ? "" : "  ",
                                   ToHex(record.record)));
}

absl::Status DataCheck::WriteMissing(const DataCounts& counts) {
  std::vector<Hash> members;
  if (counts.missing() > 0) {
    const Version& version = version_->version();
    Progress progress("fetching members", version.index.m, out_->quiet());
    absl::StatusOr<std::vector<Hash>> all =
        FetchMembers(version_->log->connection(), version,
                     [&progress](uint64_t entries) { progress.Update(entries); });
    if (!all.ok()) return all.status();
    members = *std::move(all);
    std::ranges::sort(members);
  }
  std::vector<bool> is_here(members.size());
  const absl::Status read = here_.Read([&](std::span<const Hash> values) {
    for (const Hash& value : values) {
      const auto found = std::ranges::lower_bound(members, value);
      if (found != members.end() && *found == value) {
        is_here[static_cast<size_t>(found - members.begin())] = true;
      }
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  absl::StatusOr<StagedFile> file = StagedFile::Create(options_.missing_file, 0644);
  if (!file.ok()) return file.status();
  for (size_t i = 0; i < members.size(); ++i) {
    if (is_here[i]) continue;
    if (absl::Status s = file->Write(ToHex(members[i]) + "\n"); !s.ok()) return s;
  }
  return file->Commit();
}

Json DataCheck::Fields(const DataCounts& counts, bool holds) const {
  Json json{{"verdict", holds ? kVerified : kRefused}};
  json.update(JsonOf(*version_));
  json["records"] = records_;
  json["distinct"] = counts.distinct;
  json["present"] = records_ - absent_ - removed_;
  json["absent"] = absent_;
  json["removed"] = removed_;
  json["missing"] = counts.missing();
  return json;
}

ExitCode DataCheck::Print(const DataCounts& counts, bool holds) {
  const Version& version = version_->version();
  const std::string records = FormatCount(records_, "record");
  const uint64_t strays = absent_ + removed_;
  const std::string set = SetPhrase(version);
  const char* are = records_ == 1 ? "is" : "are";
  std::string words;
  if (holds && !options_.subset) {
    words = absl::StrFormat("the %s here %s %s", records, are, set);
  } else if (holds) {
    words = absl::StrFormat("all %s here %s in %s", records, are, set);
  } else if (strays > 0) {
    words = absl::StrFormat("%d of %s here %s not in %s", strays, records,
                            strays == 1 ? "is" : "are", set);
  } else {
    words = absl::StrFormat("the %s here %s not all of %s", records, are, set);
  }
  const bool tells_missing = !options_.subset && counts.missing() > 0;
  if (tells_missing) {
    absl::StrAppendFormat(&words, "; %s not here",
                          counts.missing() == 1
                              ? "1 member is"
                              : FormatCount(counts.missing(), "member") + " are");
  }
  out_->Verdict(Fields(counts, holds), holds ? kVerified : kRefused,
                absl::StrFormat(" %s; %s", words, AuditWords(version)));
  for (const std::string& line : shown_) out_->Detail(line);
  if (strays > shown_.size()) {
    out_->Detail(
        absl::StrFormat("  and %d more (--json lists all)", strays - shown_.size()));
  }
  if (tells_missing && !options_.missing_file.empty()) {
    out_->Detail("  missing  " + options_.missing_file);
  }
  if (tells_missing && version.manifest.labels) {
    out_->Detail(
        "  private  members that are not here may be pads, or records: --subset "
        "asks only for those here");
  }
  if (counts.distinct != records_) {
    out_->Detail(absl::StrFormat("  records  %d, %d of them distinct", records_,
                                 counts.distinct));
  }
  out_->Detail(VersionDetail(version, version_->head.seen_size));
  out_->Detail(FreshnessDetail(version.cosigned_at_s));
  out_->Detail(KeyDetail(version.log_key, version_->head.pinned));
  return holds ? ExitCode::kHolds : ExitCode::kDoesNotHold;
}

ExitCode DataCheck::Unverified(const absl::Status& why) {
  return ReportUnverified(why, version_->name, *version_->log, {{"records", records_}},
                          *out_);
}

}  // namespace setlog
