#include "tools/append_records.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "log/scheme.h"
#include "log/show_bytes.h"
#include "tools/append_session.h"
#include "tools/flags.h"
#include "tools/hash_spool.h"
#include "tools/log_session.h"
#include "tools/progress.h"
#include "tools/record_source.h"
#include "tools/upload.h"

namespace setlog {
namespace {

constexpr size_t kShownBytes = 200;
constexpr uint64_t kProgressEvery = 4096;

struct Verb {
  const char* name;     // the command
  const char* gerund;   // on the progress bar
  const char* counted;  // the JSON field, and the word for people
};
Verb VerbOf(Operation operation) {
  return operation == Operation::kAdd ? Verb{"add", "adding", "added"}
                                      : Verb{"remove", "removing", "removed"};
}

// All records of the inputs, checked.
struct Inputs {
  HashSpool spool{HashSpool::kMemoryHashes};
  std::optional<SourceRecord> first;
  Hash digest;
};

absl::Status ReadInputs(const AppendFlags& flags, const RecordScheme& scheme,
                        Inputs& inputs, Output& out) {
  absl::StatusOr<RecordSource> source =
      RecordSource::Open(flags.input, {}, scheme, kShownBytes);
  if (!source.ok()) return source.status();
  Progress progress("reading", 0, out.quiet());
  while (true) {
    absl::StatusOr<std::optional<SourceRecord>> record = source->Next();
    if (!record.ok()) return record.status();
    if (!*record) break;
    const absl::Status status = inputs.spool.Append((*record)->hash);
    if (!status.ok()) return status;
    if (!inputs.first) inputs.first = **std::move(record);
    if (inputs.spool.size() % kProgressEvery == 0) {
      progress.Update(inputs.spool.size());
    }
  }
  if (source->skipped() > 0) {
    out.Error(absl::StrFormat(
        "passed over %d records that %s refuses:", source->skipped(), scheme.name()));
    for (const std::string& why : source->skipped_messages()) out.Error("  " + why);
  }
  inputs.digest = inputs.spool.Finish();
  return absl::OkStatus();
}

// Sorts a copy: 32 bytes of memory a record.
absl::StatusOr<uint64_t> CountDuplicates(const HashSpool& spool) {
  std::vector<Hash> all;
  all.reserve(spool.size());
  const absl::Status read = spool.Read(0, [&all](std::span<const Hash> piece) {
    all.insert(all.end(), piece.begin(), piece.end());
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  std::sort(all.begin(), all.end());
  const auto distinct = std::unique(all.begin(), all.end());
  return static_cast<uint64_t>(all.end() - distinct);
}

ExitCode DryRun(const AppendFlags& flags, const Inputs& inputs, const Verb& verb,
                Output& out) {
  const absl::StatusOr<uint64_t> duplicates = CountDuplicates(inputs.spool);
  if (!duplicates.ok()) return out.Fail(duplicates.status());
  Json json{{"origin", flags.origin},
            {"dry_run", true},
            {"count", inputs.spool.size()},
            {"duplicates", *duplicates}};
  std::vector<std::string> details;
  if (inputs.first) {
    json["first_hash"] = ToHex(inputs.first->hash);
    details.push_back("  first   " + ToHex(inputs.first->hash));
    if (!inputs.first->name.empty()) {
      json["first_record"] = inputs.first->name;
      json["first_canonical"] = inputs.first->canonical;
      details.push_back(absl::StrFormat(
          "          %s: %s", inputs.first->name,
          ShowBytes(inputs.first->canonical, kShownBytes, inputs.first->complete)));
    }
  }
  out.Result(json, absl::StrFormat("would have %s %d records, %d of them duplicates; "
                                   "nothing was sent",
                                   verb.counted, inputs.spool.size(), *duplicates));
  for (const std::string& line : details) out.Detail(line);
  return ExitCode::kHolds;
}

// A verified head that holds all records; indexed, if that was asked for.
absl::StatusOr<VerifiedHead> HeadWith(LogSession& log, const AppendResult& result,
                                      bool no_wait, Output& out) {
  if (no_wait || result.added == 0) {
    absl::StatusOr<VerifiedHead> head = log.Head({}, {});
    if (head.ok() && head->version.checkpoint.size < result.size) {
      return absl::DataLossError(absl::StrFormat(
          "the server acknowledged records in a head of size %d, but its signed head "
          "has size %d",
          result.size, head->version.checkpoint.size));
    }
    return head;
  }
  Progress progress("indexing", result.end, out.quiet());
  return log.client().WaitIndexed(
      result.end - 1, [&progress](uint64_t size) { progress.Update(size); });
}

void Print(const AppendResult& result, const VerifiedHead& head, const Verb& verb,
           Output& out) {
  const Version& version = head.version;
  Json json{{"origin", version.manifest.origin}, {verb.counted, result.added}};
  json["first"] = result.added > 0 ? Json(result.first) : Json(nullptr);
  json["size"] = version.checkpoint.size;
  json["index_size"] = version.index.m;
  json["set_count"] = version.index.n;
  out.Result(json, absl::StrFormat("%s %d records", verb.counted, result.added));
  if (result.added > 0) {
    out.Detail(absl::StrFormat("  at positions from %d; the log %s has size %d",
                               result.first, version.manifest.origin,
                               version.checkpoint.size));
  }
  out.Detail(absl::StrFormat("  the set at size %d has %d members by its own count",
                             version.index.m, version.index.n));
}

AppendCommand CommandOf(const AppendFlags& flags, const Inputs& inputs,
                        const Verb& verb, const VerifierKey& key) {
  AppendCommand command{.command = verb.name,
                        .origin = flags.origin,
                        .vkey = FormatVkey(key),
                        .form = "files",
                        .inputs = flags.input.files,
                        .records = inputs.spool.size(),
                        .digest = inputs.digest};
  if (!flags.input.hashes_file.empty()) {
    command.form = "hashes";
    command.inputs = {flags.input.hashes_file};
  } else if (!flags.input.packed_file.empty()) {
    command.form = "packed";
    command.inputs = {flags.input.packed_file};
  }
  return command;
}

ExitCode SendAll(const AppendFlags& flags, const Inputs& inputs, Operation operation,
                 const VerifiedHead& before, LogSession& log, Output& out) {
  const Verb verb = VerbOf(operation);
  absl::StatusOr<AppendSession> session = AppendSession::Find(
      log.state().path(), CommandOf(flags, inputs, verb, before.version.log_key),
      flags.restart);
  if (!session.ok()) return out.Fail(session.status());
  const absl::StatusOr<AppendResult> result =
      Upload(log, inputs.spool, *session, operation, verb.gerund, out);
  if (!result.ok()) return log.Fail(result.status());
  const absl::StatusOr<VerifiedHead> head = HeadWith(log, *result, flags.no_wait, out);
  if (!head.ok()) return log.Fail(head.status());
  Print(*result, *head, verb, out);
  if (!out.Flush()) return ExitCode::kUnverified;  // success was not reported
  const absl::Status forgotten = session->Forget();
  return forgotten.ok() ? ExitCode::kHolds : out.Fail(forgotten);
}

}  // namespace

void DeclareAppend(CLI::App& app, AppendFlags& flags) {
  AddOrigin(app, flags.origin);
  AddInputFlags(app, flags.input);
  app.add_flag("--dry-run", flags.dry_run,
               "count the records and their duplicates, show the first one's canonical "
               "bytes and hash, send nothing");
  app.add_flag("--no-wait", flags.no_wait,
               "return when all are in a signed head, not when they are indexed");
  app.add_flag("--restart", flags.restart,
               "do not go on with an interrupted run: append all records anew");
  AddTrustFlags(app, flags.trust);
}

ExitCode AppendRecords(const AppendFlags& flags, Operation operation,
                       Session& session) {
  Output& out = session.out;
  if (const absl::Status status = CheckOneInput(flags.input); !status.ok()) {
    return out.Fail(status);
  }
  absl::StatusOr<LogSession> log =
      LogSession::Open(session, flags.trust, flags.origin, {.without_quorum = true});
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = log->Head({}, {});
  if (!head.ok()) return log->Fail(head.status());
  const Manifest& manifest = head->version.manifest;
  if (manifest.labels) {
    return out.Fail(absl::UnimplementedError(absl::StrFormat(
        "UNSUPPORTED: %s is a private log; this version writes to plain logs only",
        flags.origin)));
  }
  const absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(manifest);
  if (!scheme.ok()) return out.Fail(scheme.status());

  Inputs inputs;
  if (const absl::Status read = ReadInputs(flags, *scheme, inputs, out); !read.ok()) {
    return out.Fail(read);
  }
  if (flags.dry_run) return DryRun(flags, inputs, VerbOf(operation), out);
  return SendAll(flags, inputs, operation, *head, *log, out);
}

}  // namespace setlog
