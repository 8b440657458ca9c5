#include "tools/watch_report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

std::string Now() {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
}

}  // namespace

std::string_view WordOf(const WatchEvent& event) {
  return event.entered ? "entered" : "left";
}

Json WatchReport::Fields(std::string_view event, const VerifiedHead& head) const {
  return {{"event", event},
          {"origin", origin_},
          {"index_size", head.version.index.m},
          {"size", head.version.checkpoint.size},
          {"at", Now()}};
}

void WatchReport::Labelled(std::vector<LabelledRecord> records) {
  is_private_ = true;
  records_ = std::move(records);
  std::sort(records_.begin(), records_.end());
}

const Hash& WatchReport::RecordOf(const Hash& value) const {
  const auto found = std::lower_bound(
      records_.begin(), records_.end(), value,
      [](const auto& pair, const Hash& label) { return pair.first < label; });
  return found == records_.end() || found->first != value ? value : found->second;
}

void WatchReport::AddRecord(const Hash& value, Json& json) const {
  const Hash& record = RecordOf(value);
  json["hash"] = ToHex(record);
  if (is_private_) json["label"] = ToHex(value);
  const std::string name = NameOf(record);
  if (!name.empty()) json["record"] = name;
}

std::string WatchReport::NameOf(const Hash& record) const {
  const auto found = names_.find(record);
  return found == names_.end() ? "" : found->second;
}

void WatchReport::Start(const RecordWatch& watch, const VerifiedHead& head,
                        uint64_t since) const {
  const size_t count = watch.values().size();
  const uint64_t present = watch.present_count();
  Json json = Fields("watching", head);
  json["records"] = count;
  json["present"] = present;
  json["since"] = since > 0 ? Json(since) : Json(nullptr);
  json["pinned"] = head.pinned;
  json["replayed_by"] = head.version.replayed_by;
  out_.Result(
      json, absl::StrFormat(
                "watching %d records (%s) in %s%s: %d in the set at m = %d, %d not; %s",
                count, input_, origin_, is_private_ ? ", by their labels" : "", present,
                head.version.index.m, count - present, AuditWords(head.version)));
  if (since > 0) {
    out_.Note(
        absl::StrFormat("goes on from m = %d, where an earlier run came to", since));
    if (watch.new_values() + watch.dropped_values() > 0) {
      out_.Note(absl::StrFormat(
          "the input was changed since: %d records are new in it, and what they are "
          "now is\n  where they begin; %d are no more in it",
          watch.new_values(), watch.dropped_values()));
    }
  }
  if (count > kShownValues) return;
  for (size_t i = 0; i < count; ++i) {
    const Hash& value = watch.values()[i];
    const std::string_view word =
        WordOf(watch.state().present[i] ? SetVerdict::kPresent : SetVerdict::kAbsent);
    Json status = Fields("status", head);
    status["verdict"] = word;
    AddRecord(value, status);
    const Hash& record = RecordOf(value);
    out_.Verdict(status, word,
                 absl::StrFormat(" %s %s", ToHex(record), NameOf(record)));
  }
}

void WatchReport::Event(const RecordWatch& watch, const VerifiedHead& head,
                        uint64_t since, const WatchEvent& event) const {
  const Hash& value = watch.values()[event.place];
  Json json = Fields(WordOf(event), head);
  AddRecord(value, json);
  json["since"] = since;
  json["position"] = OrNull(event.position);
  const Hash& record = RecordOf(value);
  const std::string name = NameOf(record);
  const std::string where =
      event.position
          ? absl::StrFormat("by entry %d", *event.position)
          : absl::StrFormat("between m = %d and m = %d", since, head.version.index.m);
  out_.Result(json, absl::StrFormat("%s %s %s, %s; set at m = %d of %s%s%s",
                                    json["at"].get<std::string>(),
                                    event.entered ? "ENTERED" : "LEFT", ToHex(record),
                                    where, head.version.index.m, origin_,
                                    name.empty() ? "" : "; ", name));
}

void WatchReport::Behind(const VerifiedHead& head, const WatchAhead& ahead) const {
  const uint64_t lag = head.version.checkpoint.size - head.version.index.m;
  Json json = Fields("lag", head);
  json["lag"] = lag;
  json["changes"] = ahead.changes;
  json["watched"] = ahead.watched;
  const std::string words = absl::StrFormat(
      "the set of m = %d is %d entries behind the head of size %d: %d adds and removes "
      "are not in it, %d of them of watched records; --max-lag bounds that",
      head.version.index.m, lag, head.version.checkpoint.size, ahead.changes,
      ahead.watched);
  if (out_.json()) out_.Result(json, words);
  out_.Note(words);
}

void WatchReport::BeyondMaxLag(const VerifiedHead& head, uint64_t max_lag,
                               const absl::Status& why,
                               const std::string& words) const {
  Json json = Fields("lag", head);
  json["verdict"] = WordOf(why);
  json["lag"] = head.version.checkpoint.size - head.version.index.m;
  json["max_lag"] = max_lag;
  out_.Verdict(json, WordOf(why), ": " + words + "; the watch goes on");
}

void WatchReport::Ended(const absl::Status& why, const std::string& words) const {
  Json json = EndedFields();
  json["verdict"] = WordOf(why);
  json["origin"] = origin_;
  json["error"] = words;
  out_.Verdict(json, WordOf(why), ": " + words);
  out_.Detail("  The watch ends: nothing after its last line was shown.");
}

Json WatchReport::EndedFields() { return {{"event", "ended"}, {"at", Now()}}; }

}  // namespace setlog
