// tests/crash/crash_client.cc -- what a crash test asks of a server without `setlog`.
//
//   crash_client append ADDRESS TOKEN_FILE ORIGIN SESSION add|remove PACKED LEDGER
//   RETRY_MS crash_client watch ADDRESS ORIGIN LEDGER RETRY_MS
//
// `append` sends the records of PACKED (32 bytes each) under SESSION (32 hex digits)
// and writes each acknowledgement to LEDGER before it goes on, so that what was
// acknowledged is known even when this process is killed a moment later. Run again with
// the same arguments it goes on. `watch` writes each head that the server shows,
// unverified: the caller compares them with the log itself.
//
//   ack SESSION COUNT          COUNT records of the session are acknowledged
//   end SESSION COUNT FIRST END SIZE
//   head ORIGIN SIZE ROOT_IN_BASE64
//
// Exit code 0; 3 when the server was lost for RETRY_MS; 1 for whatever must not happen.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/appender.h"
#include "client/atomic_file.h"
#include "client/connection.h"

namespace setlog {
namespace {

constexpr size_t kMaxPacked = size_t{256} << 20;
constexpr size_t kPiece = 777;  // records given at a time

int Failed(const absl::Status& status) {
  std::fprintf(stderr, "crash_client: %s\n", status.ToString().c_str());
  const bool lost = absl::IsUnavailable(status) || absl::IsAborted(status) ||
                    absl::IsCancelled(status) || absl::IsResourceExhausted(status) ||
                    absl::IsDeadlineExceeded(status);
  return lost ? 3 : 1;
}

// One write a line: a kill leaves whole lines, and the kernel keeps what was written.
class Ledger {
 public:
  explicit Ledger(const char* path)
      : file_(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}
  void Line(const std::string& line) const {
    if (write(file_, line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
      return;
    }
    std::perror("crash_client: the ledger");
    std::exit(1);
  }

 private:
  int file_;
};

absl::StatusOr<Connection> Connect(const char* address, const char* token_file,
                                   const char* retry_ms) {
  return Connection::Open(
      {.address = address,
       .token_file = token_file,
       .retry_for = std::chrono::milliseconds(std::atoi(retry_ms))});
}

int Append(char** arguments) {
  const absl::StatusOr<Connection> server =
      Connect(arguments[0], arguments[1], arguments[7]);
  if (!server.ok()) return Failed(server.status());
  const std::string session = arguments[3];
  const Ledger ledger(arguments[6]);
  const absl::StatusOr<std::string> packed = ReadSmallFile(arguments[5], kMaxPacked);
  if (!packed.ok()) return Failed(packed.status());
  std::vector<Hash> records(packed->size() / Hash::kSize);
  if (!records.empty()) {
    std::memcpy(static_cast<void*>(records.data()), packed->data(),
                records.size() * Hash::kSize);
  }

  Appender appender(
      &*server,
      {.origin = arguments[2],
       .session = *BytesFromHex(session),
       .operation =
           std::strcmp(arguments[4], "add") == 0 ? Operation::kAdd : Operation::kRemove,
       .progress = [&](uint64_t count) {
         ledger.Line(absl::StrFormat("ack %s %d\n", session, count));
       }});
  const absl::StatusOr<uint64_t> durable = appender.Open();
  if (!durable.ok()) return Failed(durable.status());
  std::span<const Hash> rest = std::span<const Hash>(records).subspan(*durable);
  while (!rest.empty()) {
    const std::span<const Hash> piece = rest.first(std::min(kPiece, rest.size()));
    if (absl::Status s = appender.Write(piece); !s.ok()) return Failed(s);
    rest = rest.subspan(piece.size());
  }
  const absl::StatusOr<AppendResult> all = appender.Finish();
  if (!all.ok()) return Failed(all.status());
  ledger.Line(absl::StrFormat("end %s %d %d %d %d\n", session, all->added, all->first,
                              all->end, all->size));
  return 0;
}

int Watch(char** arguments) {
  const absl::StatusOr<Connection> server = Connect(arguments[0], "", arguments[3]);
  if (!server.ok()) return Failed(server.status());
  const Ledger ledger(arguments[2]);
  Retry retry(server->retry_for());
  while (true) {
    v1::GetHeadRequest request;
    request.set_origin(arguments[1]);
    const auto context = server->NewContext(std::chrono::milliseconds(0));
    const auto stream = server->reader().WatchHeads(context.get(), request);
    v1::Head head;
    while (stream->Read(&head)) {
      retry.Progress();
      // ORIGIN LF SIZE LF ROOT LF ...
      const std::string& note = head.checkpoint();
      const size_t first = note.find('\n'), second = note.find('\n', first + 1),
                   third = note.find('\n', second + 1);
      if (third == note.npos) return Failed(absl::DataLossError("no note: " + note));
      ledger.Line(absl::StrFormat("head %s %s %s\n", note.substr(0, first),
                                  note.substr(first + 1, second - first - 1),
                                  note.substr(second + 1, third - second - 1)));
    }
    const absl::Status status = FromGrpc(stream->Finish(), *context);
    if (!retry.WaitAfter(status)) return Failed(status);
  }
}

int Main(int argc, char** argv) {
  if (argc == 10 && std::strcmp(argv[1], "append") == 0) return Append(argv + 2);
  if (argc == 6 && std::strcmp(argv[1], "watch") == 0) return Watch(argv + 2);
  std::fprintf(stderr, "crash_client: see the first lines of crash_client.cc\n");
  return 2;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) { return setlog::Main(argc, argv); }
