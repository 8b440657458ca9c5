// `setlog pads`: shows how many records a private log has at most.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/pad_numbers.h"
#include "client/pads_file.h"
#include "client/prove_pads.h"
#include "client/vrf_key_uses.h"
#include "port/parallel.h"
#include "tools/answer_flags.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"
#include "tools/progress.h"
#include "tools/verdict.h"
#include "tools/vrf_flags.h"

namespace setlog {
namespace {

constexpr unsigned kFileMode = 0644;

struct PadsFlags {
  std::string origin;
  AnswerFlags at;  // --at only
  std::string out_file;
  VrfFlags vrf;
  TrustFlags trust;
};

// The version that was asked for, cosigned if it can be had so.
absl::StatusOr<VerifiedHead> FindVersion(const PadsFlags& flags, LogSession& log) {
  const absl::StatusOr<At> at = AtOf(flags.at);
  if (!at.ok()) return at.status();
  const absl::StatusOr<VerifiedHead> head = log.Head(*at, {});
  if (!head.ok()) return head;
  return log.client().Cosigned(*head, WithFreshness({}, flags.trust));
}

struct FoundPads {
  std::vector<uint64_t> pads;
  bool all = true;
};

// The pads in the set, as many as fit into a file.
absl::StatusOr<FoundPads> PadsIn(const Version& version, const VrfSource& source,
                                 const LogSession& log, Output& out) {
  const VrfKeyUses uses(log.state().path());
  const auto use = uses.Load(version.manifest.labels->public_key);
  if (!use.ok()) return use.status();
  const absl::StatusOr<uint64_t> end =
      NextFreePad(log.connection(), version, source, *use ? (*use)->next_pad : 0);
  if (!end.ok()) return end.status();
  Progress progress("looking for pads", *end, out.quiet());
  absl::StatusOr<std::vector<uint64_t>> pads =
      FindPads(log.connection(), version, source, *end, kMaxOpenedPads + 1,
               [&progress](uint64_t done) { progress.Update(done); });
  if (!pads.ok()) return pads.status();
  FoundPads found{.pads = *std::move(pads)};
  if (found.pads.size() > kMaxOpenedPads) {
    found.pads.pop_back();
    found.all = false;
  }
  return found;
}

absl::StatusOr<PadProofs> Prove(const Version& version, const VrfSource& source,
                                std::vector<uint64_t> pads, const LogSession& log,
                                Output& out) {
  Parallel parallel(std::max(1u, std::thread::hardware_concurrency()));
  Progress progress("proving pads", pads.size(), out.quiet());
  return ProvePads(log.connection(), version, source, std::move(pads),
                   std::ref(parallel),
                   [&progress](uint64_t done) { progress.Update(done); });
}

ExitCode Open(const PadsFlags& flags, Session& session) {
  Output& out = session.out;
  absl::StatusOr<LogSession> log = LogSession::Open(session, flags.trust, flags.origin);
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = FindVersion(flags, *log);
  if (!head.ok()) return log->Fail(head.status());
  const Version& version = head->version;
  const absl::StatusOr<VrfPublicKey> key = LabelKeyOf(version.manifest);
  if (!key.ok()) return out.Fail(key.status());
  const absl::StatusOr<std::unique_ptr<VrfSource>> source =
      OpenVrfSource(flags.vrf, session.server, version.manifest, log->connection());
  if (!source.ok()) return out.Fail(source.status());

  absl::StatusOr<FoundPads> found = PadsIn(version, **source, *log, out);
  if (!found.ok()) return log->Fail(found.status());
  if (found->pads.empty()) {
    return out.Fail(absl::NotFoundError(absl::StrFormat(
        "no pad is in the set of %s at size %d: there is nothing to open, and its %d "
        "members are all that can be said",
        flags.origin, version.index.m, version.index.n)));
  }
  absl::StatusOr<PadProofs> proofs =
      Prove(version, **source, std::move(found->pads), *log, out);
  if (!proofs.ok()) return log->Fail(proofs.status());
  const uint64_t pads = proofs->pads.size();
  const absl::Status written = ReplaceFile(
      flags.out_file, FormatPadsFile({head->proof, *std::move(proofs)}), kFileMode);
  if (!written.ok()) return out.Fail(written);
  out.Result({{"origin", flags.origin},
              {"index_size", version.index.m},
              {"set_count", version.index.n},
              {"pads", pads},
              {"records_at_most", version.index.n - pads},
              {"all", found->all},
              {"file", flags.out_file}},
             absl::StrFormat("opened %d pads of %s: at most %d of the %d members at "
                             "size %d are records",
                             pads, flags.origin, version.index.n - pads,
                             version.index.n, version.index.m));
  if (!found->all) {
    out.Detail(absl::StrFormat(
        "  a file takes %d pads, and there are more, so the true number is lower",
        kMaxOpenedPads));
  }
  out.Detail("  file    " + flags.out_file);
  out.Detail("  Next: setlog verify " + flags.out_file + " --key VKEY, by anybody");
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclarePads(CLI::App& app) {
  auto flags = std::make_unique<PadsFlags>();
  app.require_subcommand(1);
  CLI::App* open =
      app.add_subcommand("open", "writes a file that shows which members are pads");
  open->fallthrough();
  AddOrigin(*open, flags->origin);
  open->add_option("--at", flags->at.at,
                   "the version: a tag, or the newest one in the first SIZE entries")
      ->type_name("TAG|SIZE");
  open->add_option("--out", flags->out_file, "the file, like NAME.pads")
      ->required()
      ->type_name("FILE");
  AddVrfFlags(*open, flags->vrf);
  AddVerdictFlags(*open, flags->trust);
  app.footer(
      "  setlog pads open example.org/faces --vrf-key faces.vrf --at v1 --out v1.pads\n"
      "  setlog verify v1.pads --key example.org/faces+...\n"
      "  OPENED 92 pads among the 1792 members of the set that example.org/faces\n"
      "  committed to at size 1794 (version v1, bytes/1): at most 1700 are records "
      "...\n"
      "\n"
      "A private log's batches are rounded up with pads. Only who makes its labels "
      "can\n"
      "show which members they are; whoever is shown it knows that these are no "
      "records,\n"
      "and nothing new of the others. Members that are not opened may be pads too, so\n"
      "the number of records is at most what is shown. The members are counted by the\n"
      "log's own word, unless it was replayed.");
  return [flags = std::move(flags)](Session& session) { return Open(*flags, session); };
}

}  // namespace setlog
