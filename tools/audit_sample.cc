#include "tools/audit_sample.h"

#include <sodium.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/sample_audit.h"
#include "log/sampling.h"
#include "tools/interrupt.h"
#include "tools/print_conviction.h"
#include "tools/progress.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

constexpr double kConfidence = 0.95;
constexpr std::string_view kSampled = "SAMPLED";

uint64_t RandomBits() {
  uint64_t bits = 0;
  randombytes_buf(&bits, sizeof(bits));
  return bits;
}

class Report {
 public:
  Report(Session& session, LogSession& log, const VerifiedHead& head,
         const SampleAudit& audit, uint64_t sampled)
      : out_(session.out),
        log_(log),
        head_(head),
        audit_(audit),
        size_(head.version.checkpoint.size),
        sampled_(sampled) {}

  ExitCode Clean() const {
    const uint64_t least = LeastDetected(size_, sampled_, kConfidence).value_or(size_);
    const double fraction = static_cast<double>(least) / static_cast<double>(size_);
    Json json = Fields(kSampled);
    json["confidence"] = kConfidence;
    json["detects_entries"] = least;
    json["detects_fraction"] = fraction;
    const std::optional<double> one_percent = OnePercent();
    json["detects_1_percent"] = one_percent ? Json(*one_percent) : Json(nullptr);
    out_.Verdict(json, kSampled,
                 absl::StrFormat(": %d of %d entries of %s, drawn at random under its "
                                 "head; nothing wrong was met",
                                 sampled_, size_, log_.origin()));
    out_.Detail(absl::StrFormat(
        "  shows   had %d entries (%.3g %%) or more been missing, unreadable or\n"
        "          malformed, or denied by the newest set, this would have met one "
        "with\n"
        "          probability %.0f %% or more%s",
        least, 100 * fraction, 100 * kConfidence,
        one_percent ? absl::StrFormat("; had 1 %% of them, with %.4g %%",
                                      std::min(100 * *one_percent, 99.99))
                    : ""));
    out_.Detail(
        "  not     what `setlog audit` shows: fewer bad entries, a remove that the set "
        "ignores,\n"
        "          a member that no entry added or a wrong older version may be there "
        "all the\n"
        "          same; and a run that ended without a verdict counts as a bad one");
    const IndexEntry& index = head_.version.index;
    out_.Detail(absl::StrFormat(
        "  drawn   %d adds, %d removes, %d index entries, %d tags; %d values looked up "
        "at m = %d,\n"
        "          %d not indexed yet; %s",
        audit_.count(EntryType::kAdd), audit_.count(EntryType::kRemove),
        audit_.count(EntryType::kIndex), audit_.count(EntryType::kTag),
        audit_.looked_up(), index.m, audit_.not_indexed(), AuditWords(head_.version)));
    out_.Detail(KeyDetail(head_.version.log_key, head_.pinned));
    return ExitCode::kHolds;
  }

  ExitCode Faulty(const SampleAudit::Fault& fault) const {
    if (fault.evidence.ok()) {
      return ReportEvidence(*fault.evidence, head_.version.log_key, head_.pinned,
                            log_.state(), Fields(kMisbehaviour), out_);
    }
    return Unverified(absl::DataLossError(
        absl::StrFormat("%s; evidence of it could not be made: %s", fault.what,
                        std::string(fault.evidence.status().message()))));
  }

  ExitCode Unverified(const absl::Status& why) const {
    const std::string words = log_.Explain(why);
    Json json = Fields(WordOf(why));
    json["error"] = words;
    out_.Verdict(json, WordOf(why), ": " + words);
    if (absl::IsDataLoss(why)) {
      out_.Detail(
          "  Whose fault it is was not shown: the server's, its disk's or the log's.\n"
          "  Ask again, and another server if there is one; a run without a verdict\n"
          "  counts as a bad one.");
    }
    return ExitCode::kUnverified;
  }

 private:
  // Of the largest number of entries that is no more than that; nothing below 100.
  std::optional<double> OnePercent() const {
    if (size_ < 100) return std::nullopt;
    return DetectionProbability(size_, sampled_, size_ / 100);
  }
  Json Fields(std::string_view verdict) const {
    const IndexEntry& index = head_.version.index;
    return {{"verdict", verdict},
            {"origin", log_.origin()},
            {"size", size_},
            {"root", ToHex(head_.version.checkpoint.root)},
            {"index_size", index.m},
            {"set_count", index.n},
            {"set_root", ToHex(index.set_root)},
            {"sampled", sampled_},
            {"looked_up", audit_.looked_up()},
            {"not_indexed", audit_.not_indexed()},
            {"replayed_by", head_.version.replayed_by},
            {"pinned", head_.pinned}};
  }

  Output& out_;
  LogSession& log_;
  const VerifiedHead& head_;
  const SampleAudit& audit_;
  const uint64_t size_;
  const uint64_t sampled_;
};

// Before there is a head.
ExitCode NoHead(const absl::Status& why, Session& session, LogSession& log) {
  if (log.CodeOf(why) != ExitCode::kUnverified) return log.Fail(why);
  const std::string words = log.Explain(why);
  session.out.Verdict(
      {{"verdict", WordOf(why)}, {"origin", log.origin()}, {"error", words}},
      WordOf(why), ": " + words);
  return ExitCode::kUnverified;
}

}  // namespace

ExitCode RunAuditSample(Session& session, LogSession& log, uint64_t count) {
  const absl::StatusOr<VerifiedHead> head = log.Head({}, {});
  if (!head.ok()) return NoHead(head.status(), session, log);
  // Not before the head is signed: nobody can suit it to the draw.
  const std::vector<uint64_t> positions =
      DrawPositions(head->version.checkpoint.size, count, RandomBits);
  SampleAudit audit(&log.connection(), &log.client(), &*head);
  const Interrupt interrupt;
  absl::StatusOr<bool> clean = false;
  {
    Progress progress("sampling", positions.size(), session.out.quiet());
    clean = audit.Run(positions, [&](uint64_t done) -> absl::Status {
      progress.Update(done);
      if (!interrupt.requested()) return absl::OkStatus();
      return absl::CancelledError("interrupted: a part of a sample is none");
    });
  }
  const Report report(session, log, *head, audit, positions.size());
  if (!clean.ok()) {
    if (log.CodeOf(clean.status()) == ExitCode::kMisbehaviour) {
      return log.Fail(clean.status());
    }
    return report.Unverified(clean.status());
  }
  return *clean ? report.Clean() : report.Faulty(*audit.fault());
}

}  // namespace setlog
