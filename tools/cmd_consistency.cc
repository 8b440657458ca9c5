// `setlog consistency`: the RFC 6962 proof that a log only grew.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

struct ConsistencyFlags {
  std::string origin;
  uint64_t size1 = 0;
  std::optional<uint64_t> size2;
  std::string from;
  TrustFlags trust;
};

ExitCode ShowConsistency(const ConsistencyFlags& flags, Session& session) {
  Output& out = session.out;
  absl::StatusOr<LogSession> log =
      LogSession::Open(session, flags.trust, flags.origin, {.from = flags.from});
  if (!log.ok()) return out.Fail(log.status());
  const absl::StatusOr<VerifiedHead> head = log->Head({}, {});
  if (!head.ok()) return log->Fail(head.status());
  const Checkpoint& checkpoint = head->version.checkpoint;
  const TreeClient tree(&log->connection(), checkpoint);
  const absl::StatusOr<ConsistencyResult> proof =
      tree.Consistency(flags.size1, flags.size2.value_or(checkpoint.size));
  if (!proof.ok()) return log->Fail(proof.status());
  Json path = Json::array();
  for (const Hash& hash : proof->path) path.push_back(ToHex(hash));
  out.Result({{"size1", proof->size1},
              {"size2", proof->size2},
              {"root1", ToHex(proof->root1)},
              {"root2", ToHex(proof->root2)},
              {"path", path}},
             absl::StrFormat("%s only grew from size %d to size %d", flags.origin,
                             proof->size1, proof->size2));
  out.Detail("  root1   " + ToHex(proof->root1));
  out.Detail("  root2   " + ToHex(proof->root2));
  for (const Hash& hash : proof->path) out.Detail("  path    " + ToHex(hash));
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareConsistency(CLI::App& app) {
  auto flags = std::make_unique<ConsistencyFlags>();
  AddOrigin(app, flags->origin);
  AddNumber(app, "SIZE1", flags->size1, "the smaller tree, at least 1");
  AddNumber(app, "SIZE2", flags->size2, "the larger one (default: the head)");
  AddFrom(app, flags->from);
  AddVerdictFlags(app, flags->trust);
  app.footer("  setlog consistency example.org/pets 100 200");
  return [flags = std::move(flags)](Session& session) {
    return ShowConsistency(*flags, session);
  };
}

}  // namespace setlog
