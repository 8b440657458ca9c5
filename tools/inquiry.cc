#include "tools/inquiry.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/proof_file.h"
#include "log/show_bytes.h"
#include "tools/absent_hint.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

constexpr size_t kBatchBytes = size_t{64} << 20;  // of canonical bytes
constexpr size_t kShownBytes = 100;
constexpr unsigned kFileMode = 0644;

}  // namespace

absl::StatusOr<ProofPlace> ProofPlace::Open(std::string path) {
  std::error_code error;
  if (path.ends_with('/')) {
    std::filesystem::create_directories(path, error);
    if (error) return absl::ErrnoToStatus(error.value(), path);
    return ProofPlace(std::move(path), true);
  }
  const bool is_directory = std::filesystem::is_directory(path, error);
  if (is_directory) path.push_back('/');
  return ProofPlace(std::move(path), is_directory);
}

std::string ProofPlace::FileFor(const Hash& record) const {
  return is_directory_ ? path_ + ToHex(record) + ".setproof" : path_;
}

Json InFields(std::string_view word, const Hash* record, const std::string& origin,
              const Json& at, const VerifiedHead* head) {
  Json json{{"verdict", word}};
  json["hash"] = record ? Json(ToHex(*record)) : Json(nullptr);
  json["origin"] = origin;
  json["at"] = at;
  json["index_size"] = head ? Json(head->version.index.m) : Json(nullptr);
  json["set_count"] = head ? Json(head->version.index.n) : Json(nullptr);
  json["pinned"] = head != nullptr && head->pinned;
  json["replayed_by"] = head ? Json(head->version.replayed_by) : Json::array();
  if (head) {
    const uint64_t size = head->version.checkpoint.size;
    json["size"] = size;
    if (head->seen_size > size) json["seen_size"] = head->seen_size;
  }
  return json;
}

Inquiry::Inquiry(LogSession* log, const VerifiedHead* head, SchemeKind scheme,
                 InquiryOptions options, Output* out)
    : log_(log),
      head_(head),
      scheme_(scheme),
      options_(std::move(options)),
      is_private_(head->version.manifest.labels.has_value()),
      out_(out) {}

ExitCode Inquiry::Run(RecordSource& source) {
  ExitCode worst = ExitCode::kHolds;
  bool may_have_more = true;
  while (may_have_more) {
    std::vector<Question> batch;
    const absl::StatusOr<bool> more = NextBatch(source, batch);
    may_have_more = more.ok() && *more;
    if (options_.out && !options_.out->takes_many() && asked_ + batch.size() > 1) {
      return out_->Fail(absl::InvalidArgumentError(
          "--out names one file, and there are several records: name a directory, "
          "with a '/' at its end"));
    }
    absl::Status answered = FindValues(batch);
    if (!answered.ok() && log_->CodeOf(answered) == ExitCode::kUsage) {
      return Worst(worst, log_->Fail(answered));
    }
    if (answered.ok()) answered = Ask(batch);
    asked_ += batch.size();
    for (const Question& question : batch) {
      worst = Worst(
          worst, answered.ok() ? Print(question) : PrintUnverified(question, answered));
    }
    if (!answered.ok()) {
      return Worst(worst, log_->Fail(answered));
    }
    if (!more.ok()) worst = Worst(worst, out_->Fail(more.status()));
  }
  if (source.skipped() > 0) {
    out_->Error(absl::StrFormat("passed over %d records that the scheme refuses:",
                                source.skipped()));
    for (const std::string& why : source.skipped_messages()) out_->Error("  " + why);
    // Nothing is known of those: that is not "it holds".
    worst = Worst(worst, ExitCode::kUnverified);
  } else if (asked_ == 0 && worst == ExitCode::kHolds) {
    return out_->Fail(absl::InvalidArgumentError("there is no record in the input"));
  }
  if (asked_ > 0) PrintVersion();
  return worst;
}

absl::StatusOr<bool> Inquiry::NextBatch(RecordSource& source,
                                        std::vector<Question>& batch) {
  size_t kept_bytes = 0;
  while (batch.size() < LogClient::kBatchRecords && kept_bytes < kBatchBytes) {
    absl::StatusOr<std::optional<SourceRecord>> record = source.Next();
    if (!record.ok()) return record.status();
    if (!*record) return false;
    kept_bytes += (*record)->canonical.size();
    batch.push_back({.record = **std::move(record)});
  }
  return true;
}

absl::Status Inquiry::FindValues(std::vector<Question>& batch) {
  std::vector<Hash> records;
  for (const Question& question : batch) records.push_back(question.record.hash);
  absl::StatusOr<std::vector<LoggedValue>> values = log_->client().ValuesOf(
      *head_, records, options_.out ? WithProofs::kYes : WithProofs::kUnlessOwn);
  if (!values.ok()) return values.status();
  for (size_t i = 0; i < batch.size(); ++i) batch[i].value = std::move((*values)[i]);
  return absl::OkStatus();
}

absl::Status Inquiry::Ask(std::vector<Question>& batch) {
  if (batch.empty()) return absl::OkStatus();
  // One alone in a private log gets the answer whose length says nothing.
  const bool hides = head_->version.manifest.labels && batch.size() == 1;
  if (options_.out || hides) {
    for (Question& question : batch) {
      if (absl::Status status = AskWithProof(question); !status.ok()) return status;
    }
  } else {
    std::vector<LoggedValue> values;
    for (const Question& question : batch) values.push_back(*question.value);
    const absl::StatusOr<std::vector<SetVerdict>> verdicts =
        log_->client().BatchLookup(*head_, values);
    if (!verdicts.ok()) return verdicts.status();
    for (size_t i = 0; i < batch.size(); ++i) batch[i].verdict = (*verdicts)[i];
  }
  AddHints(batch);
  return absl::OkStatus();
}

absl::Status Inquiry::AskWithProof(Question& question) {
  const absl::StatusOr<LookupResult> found =
      log_->client().Lookup(*head_, *question.value, Positions::kProven);
  if (!found.ok()) return found.status();
  question.verdict = found->answer.verdict;
  if (!options_.out) return absl::OkStatus();
  question.proof = FormatProofFile({head_->proof, found->proof});
  return absl::OkStatus();
}

absl::Status Inquiry::WriteProof(const Question& question) {
  if (!options_.out) return absl::OkStatus();
  return ReplaceFile(options_.out->FileFor(question.record.hash), question.proof,
                     kFileMode);
}

void Inquiry::AddHints(std::vector<Question>& batch) {
  if (!options_.hints || (out_->quiet() && !out_->json())) return;
  std::vector<Hash> hashes;
  std::vector<std::pair<Question*, std::string>> asked;
  for (Question& question : batch) {
    if (question.verdict != SetVerdict::kAbsent || question.record.name.empty() ||
        !question.record.complete) {
      continue;
    }
    for (Variant& variant : VariantsOf(scheme_, question.record.canonical)) {
      hashes.push_back(variant.hash);
      asked.emplace_back(&question, std::move(variant.change));
    }
  }
  if (hashes.empty()) return;
  const absl::StatusOr<std::vector<SetVerdict>> verdicts =
      log_->client().BatchLookup(*head_, hashes);
  // The verdicts stand without the hints.
  if (!verdicts.ok()) return;
  for (size_t i = 0; i < asked.size(); ++i) {
    if ((*verdicts)[i] == SetVerdict::kPresent) {
      asked[i].first->hints.push_back(asked[i].second);
    }
  }
}

ExitCode Inquiry::Print(const Question& question) {
  // Before the verdict, which names the file.
  if (const absl::Status status = WriteProof(question); !status.ok()) {
    return out_->Fail(status);
  }
  const SourceRecord& record = question.record;
  const std::string_view word = WordOf(question.verdict);
  Json json = InFields(word, &record.hash, log_->origin(), options_.at, head_);
  AddLabel(question, json);
  if (!record.name.empty()) json["record"] = record.name;
  if (options_.out) json["file"] = options_.out->FileFor(record.hash);
  if (!question.hints.empty()) json["present_if"] = question.hints;
  out_->Verdict(json, word, VerdictSentence(head_->version, question.verdict));

  std::string detail = "  record  " + ToHex(record.hash);
  if (!record.name.empty()) detail += " (" + record.name + ")";
  out_->Detail(detail);
  if (is_private_) out_->Detail("  label   " + ToHex(question.value->value));
  if (options_.out) out_->Detail("  proof   " + options_.out->FileFor(record.hash));
  if (question.verdict == SetVerdict::kAbsent && !record.name.empty()) {
    out_->Detail("  hashed  " +
                 ShowBytes(record.canonical, kShownBytes, record.complete));
    for (const std::string& hint : question.hints) {
      out_->Detail(
          absl::StrFormat("  hint    the same record %s would be PRESENT", hint));
    }
  }
  const ExitCode code = CodeOf(question.verdict);
  return options_.expect_absent ? ExpectAbsent(code) : code;
}

void Inquiry::AddLabel(const Question& question, Json& json) const {
  if (!is_private_) return;
  json["label"] = question.value ? Json(ToHex(question.value->value)) : Json(nullptr);
}

ExitCode Inquiry::PrintUnverified(const Question& question, const absl::Status& why) {
  const std::string_view word = WordOf(why);
  Json json = InFields(word, &question.record.hash, log_->origin(), options_.at, head_);
  AddLabel(question, json);
  json["error"] = std::string(why.message());
  out_->Verdict(json, word, ": nothing was shown, neither presence nor absence");
  out_->Detail("  record  " + ToHex(question.record.hash) +
               (question.record.name.empty() ? "" : " (" + question.record.name + ")"));
  return ExitCode::kUnverified;
}

void Inquiry::PrintVersion() {
  const Version& version = head_->version;
  out_->Detail(VersionDetail(version, head_->seen_size));
  out_->Detail(FreshnessDetail(version.cosigned_at_s));
  out_->Detail(KeyDetail(version.log_key, head_->pinned));
  if (is_private_) out_->Detail(PrivateDetail());
}

}  // namespace setlog
