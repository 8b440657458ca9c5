// tools/log_session.h -- what a command needs to talk about one log with a server.
//
//   absl::StatusOr<LogSession> log = LogSession::Open(session, trust_flags, origin);
//   // ... {.from = "/srv/www/pets"}: or with its published files
//   absl::StatusOr<VerifiedHead> head = log->Head({}, {});
//   if (!head.ok()) return log->Fail(head.status());
//
// Fail turns a status into words that name the thing and the remedy, and into the exit
// code; what convicts the log is exit 4 and names its evidence file. Not thread-safe.
#ifndef SETLOG_TOOLS_LOG_SESSION_H_
#define SETLOG_TOOLS_LOG_SESSION_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/log_client.h"
#include "client/state.h"
#include "client/static_connection.h"
#include "tools/command.h"
#include "tools/trust_flags.h"

namespace setlog {

// A connection as the flags say; it connects when first used.
absl::StatusOr<Connection> Connect(const ServerFlags& flags);

// The same with a log's published files: --from, in the place of --server.
absl::StatusOr<StaticConnection> ConnectToFiles(const std::string& from,
                                                const ServerFlags& flags);

// A status whose words say what to do: they are left as they are.
absl::Status Explained(absl::StatusCode code, std::string words);

// The message of `status` and what to do about it. Pure.
std::string WithRemedy(const absl::Status& status, const ServerFlags& flags);
std::string WithFilesRemedy(const absl::Status& status, const std::string& from,
                            const ServerFlags& flags);

struct LogSessionOptions {
  std::string home;  // of keys and heads; empty: SETLOG_HOME
  std::string from;  // a directory or URL of its files in the place of a server
  std::optional<ServerFlags> server;  // in the place of the session's
  // Takes the key of an unknown log from the server. Never with `from`.
  bool trust_on_first_use = true;
  // For who writes: what was appended a moment ago is in no cosigned head yet, and need
  // not be. The policy then says which key is the log's, and no more.
  bool without_quorum = false;
};

class LogSession {
 public:
  // InvalidArgument for flags that make no sense, or the error of opening the state.
  // Warns of a log that was convicted before; a command that gives verdicts then ends
  // with exit code 4.
  static absl::StatusOr<LogSession> Open(Session& session, const TrustFlags& trust,
                                         std::string origin,
                                         LogSessionOptions options = {});

  const std::string& origin() const { return client_->origin(); }
  const Connection& connection() const {
    return files_ ? files_->connection() : *connection_;
  }
  const StateDirectory& state() const { return *state_; }
  LogClient& client() { return *client_; }

  // client().Head, as fresh as the flags ask for; shows the fingerprint of a key that
  // was met for the first time.
  absl::StatusOr<VerifiedHead> Head(const At& at, const Demands& demands);
  // The same note for a head that came in another way.
  void NoteFirstUse(const VerifiedHead& head);

  // Says once, if a log's tag of this name hands it over, which log goes on.
  void NoteSuccessor(std::string_view tag);

  // Reports why a command ends.
  ExitCode Fail(const absl::Status& status);
  // Fail without the words: for a command that says them in its own way.
  std::string Explain(const absl::Status& status);
  ExitCode CodeOf(const absl::Status& status) const;

 private:
  LogSession(Session* session, TrustFlags trust)
      : session_(session), trust_(std::move(trust)) {}

  Session* session_;
  TrustFlags trust_;
  ServerFlags server_;
  std::string from_;
  bool successor_noted_ = false;
  std::unique_ptr<Connection> connection_;  // one of them
  std::unique_ptr<StaticConnection> files_;
  std::unique_ptr<StateDirectory> state_;
  std::unique_ptr<LogClient> client_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_LOG_SESSION_H_
