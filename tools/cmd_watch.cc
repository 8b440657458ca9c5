// `setlog watch`: tells when records enter or leave a log's set.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/watch_store.h"
#include "log/sha256.h"
#include "proto/forms.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"
#include "tools/record_source.h"
#include "tools/watch_loop.h"

namespace setlog {
namespace {

// As many records of FILEs keep their names.
constexpr size_t kNames = 4096;
// A watch tries again by itself, and notices signals between two tries.
constexpr int64_t kLongestTryUs = 1'000'000;

struct WatchFlags {
  std::string origin;
  InputFlags input;
  std::vector<Hash> hashes;
  WatchOptions options;
  VrfFlags vrf;
  TrustFlags trust;
};

std::string Absolute(const std::string& file) {
  if (file == "-") return file;
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(file, error);
  return error ? file : path.lexically_normal().string();
}

// Where the values come from: the same words mean that a watch goes on. Of hashes on
// the command line they are a digest of them: beside the labels of a private log no
// record's hash is kept.
std::string InputKey(const WatchFlags& flags) {
  std::string key;
  const auto add = [&key](std::string_view kind, const std::string& what) {
    key += absl::StrFormat("%s%s %s", key.empty() ? "" : "\n", kind, what);
  };
  std::vector<Hash> hashes = flags.hashes;
  std::sort(hashes.begin(), hashes.end());
  if (!hashes.empty()) {
    add("--hash", absl::StrFormat("(%d, %s)", hashes.size(),
                                  ToHex(Sha256(AsBytes(ConcatHashes(hashes))))));
  }
  for (const std::string& file : flags.input.files) add("FILE", Absolute(file));
  if (!flags.input.hashes_file.empty())
    add("--hashes", Absolute(flags.input.hashes_file));
  if (!flags.input.packed_file.empty())
    add("--packed", Absolute(flags.input.packed_file));
  return key;
}

// The first of them, for people.
std::string InputWords(const std::string& key) {
  const std::string first = key.substr(0, key.find('\n'));
  return first.size() == key.size() ? first : first + " ...";
}

absl::StatusOr<WatchInput> ReadAll(RecordSource& source) {
  WatchInput watched;
  while (true) {
    absl::StatusOr<std::optional<SourceRecord>> record = source.Next();
    if (!record.ok()) return record.status();
    if (!*record) break;
    watched.records.push_back((*record)->hash);
    if (!(*record)->name.empty() && watched.names.size() < kNames) {
      watched.names.emplace((*record)->hash, (*record)->name);
    }
  }
  if (watched.records.empty()) {
    return absl::InvalidArgumentError("there is no record in the input");
  }
  return watched;
}

absl::StatusOr<WatchInput> ReadInput(const WatchFlags& flags, LogSession& log,
                                     Output& out) {
  // Hashes are read before anything is asked; what a FILE's records are only the
  // manifest says.
  RecordScheme scheme = *RecordScheme::FromManifest({.scheme = "bytes/1"});
  if (!flags.input.files.empty()) {
    const absl::StatusOr<VerifiedHead> head = log.Head({}, {});
    if (!head.ok()) return head.status();
    absl::StatusOr<RecordScheme> own =
        RecordScheme::FromManifest(head->version.manifest);
    if (!own.ok()) return own.status();
    scheme = *std::move(own);
  }
  absl::StatusOr<RecordSource> source =
      RecordSource::Open(flags.input, flags.hashes, scheme, 0);
  if (!source.ok()) return source.status();
  absl::StatusOr<WatchInput> watched = ReadAll(*source);
  if (source->skipped() > 0) {
    out.Error(
        absl::StrFormat("passed over %d records that the scheme refuses: they "
                        "are not watched",
                        source->skipped()));
    for (const std::string& why : source->skipped_messages()) out.Error("  " + why);
  }
  return watched;
}

ExitCode RunWatch(const WatchFlags& flags, Session& session) {
  Output& out = session.out;
  if (flags.hashes.empty()) {
    const absl::Status input = CheckOneInput(flags.input);
    if (!input.ok()) return out.Fail(input);
  }
  if (!flags.options.once) {
    session.server.retry_for_us = std::min(session.server.retry_for_us, kLongestTryUs);
  }
  absl::StatusOr<LogSession> log = LogSession::Open(session, flags.trust, flags.origin);
  if (!log.ok()) return out.Fail(log.status());
  absl::StatusOr<WatchInput> watched = ReadInput(flags, *log, out);
  if (!watched.ok()) return log->Fail(watched.status());

  const std::string key = InputKey(flags);
  absl::StatusOr<WatchStore> store =
      WatchStore::Open(log->state().path() + "/watch", flags.origin, key);
  if (!store.ok()) return out.Fail(store.status());
  absl::StatusOr<std::optional<WatchState>> before = store->Load();
  if (!before.ok()) return out.Fail(before.status());
  if (*before) {
    const absl::StatusOr<std::optional<KnownLog>> known =
        log->state().Load(flags.origin);
    if (!known.ok()) return out.Fail(known.status());
    if (*known && FormatVkey((*known)->key) != (*before)->vkey) {
      out.Note(absl::StrFormat("%s is another key's: what it kept does not count",
                               store->path()));
      before->reset();
    }
  }
  watched->before = *std::move(before);
  watched->vrf = flags.vrf;
  WatchOptions options = flags.options;
  options.input = InputWords(key);
  return WatchLoop(session, *log, *store, *std::move(watched), std::move(options))
      .Run();
}

}  // namespace

Runner DeclareWatch(CLI::App& app) {
  auto flags = std::make_unique<WatchFlags>();
  AddOrigin(app, flags->origin);
  AddInputFlags(app, flags->input);
  AddHashes(app, "--hash", flags->hashes, "a record's hash instead; may be repeated");
  app.add_option(
         "--exec", flags->options.command,
         "run CMD for each event: sh -c CMD, with SETLOG_EVENT (entered, left), "
         "SETLOG_HASH, SETLOG_LABEL (private logs), SETLOG_ORIGIN, SETLOG_INDEX_SIZE "
         "and SETLOG_POSITION in its environment")
      ->type_name("CMD");
  AddDuration(app, "--interval", flags->options.interval_us,
              "look at least so often, whatever the server tells (1m)");
  app.add_flag("--once", flags->options.once,
               "tell what happened since the last run, and end");
  AddNumber(app, "--max-lag", flags->options.max_lag,
            "UNVERIFIED while the set is more entries behind the head");
  AddVrfFlags(app, flags->vrf);
  AddVerdictFlags(app, flags->trust);
  app.footer(
      "  setlog watch example.org/pets --hashes mine.txt --exec 'mail -s "
      "\"$SETLOG_EVENT $SETLOG_HASH\" me'\n"
      "  2026-01-02T03:04:05Z ENTERED 9f86d0... by entry 1702; set at m = 1710 of "
      "...\n\n"
      "It says what each record is now, and then what happens to it, from verified\n"
      "answers only. What it told is kept in SETLOG_HOME/watch, for this log and this\n"
      "input: the next run begins with what happened in between. A run that was "
      "killed\n"
      "may tell its last events once more. A record that came and went between two\n"
      "looks is told as two events, unless more than 65,536 entries (and four for "
      "each\n"
      "record) lie between them: then only what it is at the end counts.\n"
      "Of more than 4,096 records all are asked about at the start, and later those\n"
      "that an entry names.\n\n"
      "The entries after the newest version are read at each --interval too: a newer\n"
      "version among them was withheld (exit code 3); adds and removes that no "
      "version\n"
      "covers for longer than that are told (lag).\n\n"
      "In a private log it watches the labels of the records, which --vrf-key, "
      "--prover or\n"
      "the server makes once a run.\n\n"
      "A lost server is waited for (--once: for --retry-for). Exit code: 0 ended by a\n"
      "signal, or by --once; 3 a head or an answer could not be verified; 4\n"
      "MISBEHAVIOUR, with an evidence file.");
  return [flags = std::move(flags)](Session& session) {
    return RunWatch(*flags, session);
  };
}

}  // namespace setlog
