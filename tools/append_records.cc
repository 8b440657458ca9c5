#include "tools/append_records.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/label_batch.h"
#include "client/pad_numbers.h"
#include "client/vrf_key_uses.h"
#include "log/scheme.h"
#include "log/show_bytes.h"
#include "log/vrf_pad.h"
#include "tools/append_session.h"
#include "tools/flags.h"
#include "tools/hash_spool.h"
#include "tools/label_inputs.h"
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
  absl::StatusOr<std::vector<Hash>> all = spool.All(0);
  if (!all.ok()) return all.status();
  return spool.size() - Distinct(*std::move(all)).size();
}

// How many pads so many records get.
uint64_t PadsWanted(const AppendFlags& flags, Operation operation, uint64_t records) {
  if (flags.no_pad || operation == Operation::kRemove) return 0;
  return PadCount(records);
}

ExitCode DryRun(const AppendFlags& flags, const Inputs& inputs, Operation operation,
                bool is_private, Output& out) {
  const absl::StatusOr<uint64_t> duplicates = CountDuplicates(inputs.spool);
  if (!duplicates.ok()) return out.Fail(duplicates.status());
  Json json{{"origin", flags.origin},
            {"dry_run", true},
            {"count", inputs.spool.size()},
            {"duplicates", *duplicates}};
  std::vector<std::string> details;
  if (is_private) {
    const uint64_t records = inputs.spool.size() - *duplicates;
    const uint64_t pads = PadsWanted(flags, operation, records);
    json["pads"] = pads;
    details.push_back(absl::StrFormat(
        "  a private log: %d labels and %d pads would be appended", records, pads));
  }
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
                                   VerbOf(operation).counted, inputs.spool.size(),
                                   *duplicates));
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

// What of a private log's batch is not in AppendResult.
struct PrivateCounts {
  uint64_t records = 0;
  uint64_t duplicates = 0;
  uint64_t pads = 0;
};

void Print(const AppendResult& result, const std::optional<PrivateCounts>& counts,
           const VerifiedHead& head, const Verb& verb, Output& out) {
  const Version& version = head.version;
  Json json{{"origin", version.manifest.origin}, {verb.counted, result.added}};
  std::string text = absl::StrFormat("%s %d records", verb.counted, result.added);
  if (counts) {
    json[verb.counted] = counts->records;
    json["duplicates"] = counts->duplicates;
    json["pads"] = counts->pads;
    json["appended"] = result.added;
    text = absl::StrFormat("%s %d records and %d pads; dropped %d duplicates",
                           verb.counted, counts->records, counts->pads,
                           counts->duplicates);
  }
  json["first"] = result.added > 0 ? Json(result.first) : Json(nullptr);
  json["size"] = version.checkpoint.size;
  json["index_size"] = version.index.m;
  json["set_count"] = version.index.n;
  out.Result(json, text);
  if (result.added > 0) {
    out.Detail(absl::StrFormat("  at positions from %d; the log %s has size %d",
                               result.first, version.manifest.origin,
                               version.checkpoint.size));
  }
  out.Detail(absl::StrFormat("  the set at size %d has %d members by its own count%s",
                             version.index.m, version.index.n,
                             counts ? ", pads among them" : ""));
}

AppendCommand CommandOf(const AppendFlags& flags, const Inputs& inputs,
                        const Hash& digest, const Verb& verb, const VerifierKey& key) {
  AppendCommand command{.command = verb.name,
                        .origin = flags.origin,
                        .vkey = FormatVkey(key),
                        .form = "files",
                        .inputs = flags.input.files,
                        .records = inputs.spool.size(),
                        .digest = digest};
  if (!flags.input.hashes_file.empty()) {
    command.form = "hashes";
    command.inputs = {flags.input.hashes_file};
  } else if (!flags.input.packed_file.empty()) {
    command.form = "packed";
    command.inputs = {flags.input.packed_file};
  }
  return command;
}

// After all was sent: waits, says what came of it, and forgets the session.
ExitCode Finish(const AppendFlags& flags, Operation operation,
                const AppendResult& result, const std::optional<PrivateCounts>& counts,
                AppendSession& session, LogSession& log, Output& out) {
  const absl::StatusOr<VerifiedHead> head = HeadWith(log, result, flags.no_wait, out);
  if (!head.ok()) return log.Fail(head.status());
  Print(result, counts, *head, VerbOf(operation), out);
  if (!out.Flush()) return ExitCode::kUnverified;  // success was not reported
  const absl::Status forgotten = session.Forget();
  return forgotten.ok() ? ExitCode::kHolds : out.Fail(forgotten);
}

ExitCode SendRecords(const AppendFlags& flags, const Inputs& inputs,
                     Operation operation, const VerifierKey& log_key, LogSession& log,
                     Output& out) {
  const Verb verb = VerbOf(operation);
  absl::StatusOr<AppendSession> session = AppendSession::Find(
      log.state().path(), CommandOf(flags, inputs, inputs.digest, verb, log_key),
      flags.restart);
  if (!session.ok()) return out.Fail(session.status());
  const absl::StatusOr<AppendResult> result =
      Upload(log, inputs.spool, *session, operation, verb.gerund, out);
  if (!result.ok()) return log.Fail(result.status());
  return Finish(flags, operation, *result, std::nullopt, *session, log, out);
}

// The same for a private log.
ExitCode SendLabels(const AppendFlags& flags, const Inputs& inputs, Operation operation,
                    const Version& version, const VrfSource& source, LogSession& log,
                    Output& out) {
  const Verb verb = VerbOf(operation);
  const absl::StatusOr<VrfPublicKey> public_key = LabelKeyOf(version.manifest);
  if (!public_key.ok()) return out.Fail(public_key.status());
  const VrfKeyUses uses(log.state().path());
  const absl::Status ours = uses.Settle(public_key->bytes(), version.log_key);
  if (!ours.ok()) return out.Fail(ours);
  absl::StatusOr<LabelledInputs> labelled =
      LabelInputs(inputs.spool, source, *public_key, operation, out);
  if (!labelled.ok()) return log.Fail(labelled.status());

  absl::StatusOr<AppendSession> session = AppendSession::Find(
      log.state().path(),
      CommandOf(flags, inputs, labelled->digest, verb, version.log_key), flags.restart);
  if (!session.ok()) return out.Fail(session.status());
  PrivateCounts counts{.records = labelled->labels.size(),
                       .duplicates = labelled->duplicates};
  const absl::StatusOr<PadRange> pads =
      PadsFor(log, source, *public_key, PadsWanted(flags, operation, counts.records),
              *session, out);
  if (!pads.ok()) return log.Fail(pads.status());
  counts.pads = pads->count;
  HashSpool spool(HashSpool::kMemoryHashes);
  const absl::Status spooled =
      SpoolLabels(source, std::move(labelled->labels), *pads, spool);
  if (!spooled.ok()) return log.Fail(spooled);
  const absl::StatusOr<AppendResult> result =
      Upload(log, spool, *session, operation, verb.gerund, out);
  if (!result.ok()) {
    // Nothing was sent, or the session would still be there.
    if (session->is_forgotten()) {
      uses.ReturnPads(public_key->bytes(), *pads).IgnoreError();
    }
    return log.Fail(result.status());
  }
  return Finish(flags, operation, *result, counts, *session, log, out);
}

}  // namespace

void DeclareAppend(CLI::App& app, Operation operation, AppendFlags& flags) {
  AddOrigin(app, flags.origin);
  AddInputFlags(app, flags.input);
  app.add_flag("--dry-run", flags.dry_run,
               "count the records and their duplicates, show the first one's canonical "
               "bytes and hash, send nothing");
  app.add_flag("--no-wait", flags.no_wait,
               "return when all are in a signed head, not when they are indexed");
  app.add_flag("--restart", flags.restart,
               "do not go on with an interrupted run: append all records anew");
  AddVrfFlags(app, flags.vrf);
  if (operation == Operation::kAdd) {
    app.add_flag(
        "--no-pad", flags.no_pad,
        "private logs: append no pads, so that everybody sees how many records "
        "there are");
  }
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
  // Before the inputs: a passphrase may be asked for, on a terminal where they end.
  std::unique_ptr<VrfSource> source;
  if (flags.vrf.named() || (manifest.labels && !flags.dry_run)) {
    absl::StatusOr<std::unique_ptr<VrfSource>> opened =
        OpenVrfSource(flags.vrf, session.server, manifest, log->connection());
    if (!opened.ok()) return out.Fail(opened.status());
    source = *std::move(opened);
  }
  const absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(manifest);
  if (!scheme.ok()) return out.Fail(scheme.status());

  Inputs inputs;
  if (const absl::Status read = ReadInputs(flags, *scheme, inputs, out); !read.ok()) {
    return out.Fail(read);
  }
  if (flags.dry_run) {
    return DryRun(flags, inputs, operation, manifest.labels.has_value(), out);
  }
  if (source) {
    return SendLabels(flags, inputs, operation, head->version, *source, *log, out);
  }
  return SendRecords(flags, inputs, operation, head->version.log_key, *log, out);
}

}  // namespace setlog
