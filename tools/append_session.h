// tools/append_session.h -- which session an `add` or `remove` goes on with.
//
//   AppendSession session = *AppendSession::Find(state.path(), command, restart);
//   Appender appender(&connection, {.origin = ..., .session = session.id()});
//   ...                        // records sent, indexed, the success printed
//   session.Forget();          // the same command then appends again
//
//   SETLOG_HOME/sessions/<hex>.json     one unfinished command; hex = SHA-256 of what
//                                       finds it: key, command, form and names of
//                                       inputs
//   SETLOG_HOME/sessions/<hex>.lock     held while the command runs
//
//   {"command":"add","digest":"<hex>","inputs":[{"mtime_us":...,"name":"<hex>",
//    "size":...}],"origin":"...","records":7,"session":"<hex>"}
//
// A command that was killed finds its session again, whatever server it talks to now,
// and so appends nothing twice. Inputs that changed in between are refused: what was
// sent before would not be what stands in them now. So are inputs that have only got
// other names. Standard input is known by its content alone: the same bytes, piped in
// again, go on. `init` has one too, without inputs, so that it knows a log of its own
// whose creation it was not told of. In a private log's session "digest" is that of the
// labels, so that no record can be guessed from it, and "first_pad" and "pads" say
// which pads go with them. Not thread-safe.
#ifndef SETLOG_TOOLS_APPEND_SESSION_H_
#define SETLOG_TOOLS_APPEND_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/atomic_file.h"
#include "client/vrf_source.h"
#include "log/bytes.h"

namespace setlog {

struct AppendCommand {
  std::string command;  // "add" or "remove"
  std::string origin;
  std::string vkey;
  std::string form;  // how the inputs are read: "files", "hashes", "packed"
  std::vector<std::string> inputs;  // as named; "-" is standard input
  uint64_t records = 0;
  Hash digest;  // of all record hashes, or of their labels
};

class AppendSession {
 public:
  // The unfinished session of this command, or a new one, which is stored before it is
  // returned. FailedPrecondition, naming --restart, if the inputs are not those of the
  // unfinished one, or an unfinished one of other names has the very same records.
  // Waits while another process runs the same command: two at once are as one after the
  // other.
  static absl::StatusOr<AppendSession> Find(const std::string& state_path,
                                            const AppendCommand& command, bool restart);

  const std::string& id() const { return id_; }  // 16 bytes
  // Nothing was sent in it by an earlier run.
  bool is_new() const { return is_new_; }
  // The pads that go with the records, once they are kept.
  const std::optional<PadRange>& pads() const { return pads_; }
  // Stores them, before the first of them is sent.
  absl::Status KeepPads(PadRange pads);
  // The session is finished. OK if there is nothing to forget.
  absl::Status Forget();
  bool is_forgotten() const { return is_forgotten_; }

 private:
  AppendSession(std::string path, std::string id, bool is_new, FileLock lock)
      : path_(std::move(path)),
        id_(std::move(id)),
        is_new_(is_new),
        lock_(std::move(lock)) {}

  std::string path_;
  std::string id_;
  bool is_new_;
  std::optional<PadRange> pads_;
  bool is_forgotten_ = false;
  FileLock lock_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_APPEND_SESSION_H_
