// `setlog inclusion`: the RFC 6962 proof that an entry stands in a tree.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/tlog_proof.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

constexpr unsigned kFileMode = 0644;

struct InclusionFlags {
  std::string origin;
  uint64_t index = 0;
  std::optional<uint64_t> size;
  std::string out_file;
  std::string from;
  TrustFlags trust;
};

absl::Status WriteTlogProof(const InclusionResult& proof, const VerifiedHead& head,
                            const std::string& file) {
  absl::StatusOr<std::string> text = FormatTlogProof(
      {.index = proof.index, .path = proof.path, .checkpoint = head.proof.checkpoint});
  if (!text.ok()) return text.status();
  return ReplaceFile(file, *text, kFileMode);
}

ExitCode ShowInclusion(const InclusionFlags& flags, Session& session) {
  Output& out = session.out;
  absl::StatusOr<LogSession> log =
      LogSession::Open(session, flags.trust, flags.origin, {.from = flags.from});
  if (!log.ok()) return out.Fail(log.status());
  absl::StatusOr<VerifiedHead> head = log->Head({}, {});
  if (!head.ok()) return log->Fail(head.status());
  if (!flags.out_file.empty() && !flags.size) {
    // A file is for others, who may ask for a quorum of witnesses.
    absl::StatusOr<VerifiedHead> cosigned = log->client().Cosigned(*head, {});
    if (!cosigned.ok()) return log->Fail(cosigned.status());
    if (flags.index < cosigned->version.checkpoint.size) head = *std::move(cosigned);
  }
  const Checkpoint& checkpoint = head->version.checkpoint;
  const uint64_t size = flags.size.value_or(checkpoint.size);
  if (!flags.out_file.empty() && size != checkpoint.size) {
    return out.Fail(absl::FailedPreconditionError(absl::StrFormat(
        "--out needs a signed head, and the server has no note of size %d any more: "
        "leave out --size (the newest is %d)",
        size, checkpoint.size)));
  }
  const TreeClient tree(&log->connection(), checkpoint);
  const absl::StatusOr<InclusionResult> proof = tree.Inclusion(flags.index, size);
  if (!proof.ok()) return log->Fail(proof.status());
  if (!flags.out_file.empty()) {
    const absl::Status written = WriteTlogProof(*proof, *head, flags.out_file);
    if (!written.ok()) return out.Fail(written);
  }
  Json path = Json::array();
  for (const Hash& hash : proof->path) path.push_back(ToHex(hash));
  out.Result({{"leaf_hash", ToHex(proof->leaf_hash)},
              {"index", proof->index},
              {"size", proof->size},
              {"root", ToHex(proof->root)},
              {"path", path}},
             absl::StrFormat("the entry at position %d is in the tree of size %d of %s",
                             proof->index, proof->size, flags.origin));
  out.Detail("  leaf    " + ToHex(proof->leaf_hash));
  out.Detail("  root    " + ToHex(proof->root));
  for (const Hash& hash : proof->path) out.Detail("  path    " + ToHex(hash));
  if (!flags.out_file.empty()) {
    out.Detail(absl::StrFormat("  Next: setlog verify %s --hash HEX", flags.out_file));
  }
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareInclusion(CLI::App& app) {
  auto flags = std::make_unique<InclusionFlags>();
  AddOrigin(app, flags->origin);
  AddNumber(app, "INDEX", flags->index, "position of the entry, from 0");
  AddNumber(app, "--size", flags->size,
            "of the tree; any up to the head's (default), published or not");
  app.add_option("--out", flags->out_file, "write it as a C2SP tlog-proof@v1")
      ->type_name("FILE");
  AddFrom(app, flags->from);
  AddVerdictFlags(app, flags->trust);
  app.footer("  setlog inclusion example.org/pets 17 --out cat.tlog-proof");
  return [flags = std::move(flags)](Session& session) {
    return ShowInclusion(*flags, session);
  };
}

}  // namespace setlog
