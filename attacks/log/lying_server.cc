// A server of a log that tells the truth until SIGUSR1, and then one lie (--help). For
// attacks/log/*.py and experiments: its log is in memory and its clients are the true
// ones.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_format.h"
#include "attacks/log/lies.h"
#include "client/key_file.h"

namespace setlog {
namespace {

struct Flags {
  std::string lie;
  std::string listen;
  std::string key_file;
  std::string cosignatures;
};

std::string ListOfLies() {
  std::string list =
      "Prints `ready grpc=ADDRESS vkey=VKEY` and tells the truth; `lying` when "
      "SIGUSR1\n"
      "has made it lie, with about=HASH if the lie is about a record of its choice.\n\n"
      "Lies:\n";
  for (const Lie& lie : Lies()) {
    absl::StrAppendFormat(&list, "  %-46s %s\n", lie.name, lie.says);
  }
  return list;
}

// The log that is served; with a key from a file, it is of that key's name.
absl::Status MakeLog(const Flags& flags, bool is_private, const FakeProver& prover,
                     FakeServer& server) {
  std::string origin = "example.org/a";
  Hash secret = Sha256(AsBytes("key"));
  if (!flags.key_file.empty()) {
    absl::StatusOr<SigningKey> key = ReadKeyFile(flags.key_file);
    if (!key.ok()) return key.status();
    origin = key->name;
    secret = HashFromBytes(key->key.Seed());
  }
  server.CreateFrom(
      is_private ? PrivateManifest(origin, prover.key()) : ManifestFor(origin), secret);
  FillExample(server.log(), is_private ? &prover : nullptr);
  return absl::OkStatus();
}

// Each head gets the lines of the file named for its size, if there is one.
void ShowCosignatures(const std::string& directory, FakeServer& server) {
  if (directory.empty()) return;
  server.on_head = [directory, lie = server.on_head](v1::Head& head) {
    if (lie) lie(head);
    const Checkpoint shown =
        ParseCheckpoint(ParseNote(head.checkpoint()).value().text).value();
    std::ifstream file(
        std::filesystem::path(directory) / absl::StrFormat("%d", shown.size),
        std::ios::binary);
    std::ostringstream lines;
    if (file) lines << file.rdbuf();
    head.mutable_checkpoint()->append(lines.str());
  };
}

int Run(const Flags& flags) {
  const Lie* lie = FindLie(flags.lie);
  if (lie == nullptr) {
    std::cerr << "lying_server: there is no lie called \"" << flags.lie
              << "\"; --help lists them\n";
    return 2;
  }
  // Blocked before any thread exists, so that they all leave the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  FakeProver prover;
  auto server = std::make_unique<FakeServer>(flags.listen,
                                             lie->of_private_log ? &prover : nullptr);
  if (absl::Status s = MakeLog(flags, lie->of_private_log, prover, *server); !s.ok()) {
    std::cerr << "lying_server: " << s.message() << "\n";
    return 2;
  }
  Liar liar{*server, &prover};
  ShowCosignatures(flags.cosignatures, *server);
  std::cout << "ready grpc=" << flags.listen
            << " vkey=" << FormatVkey(server->log().key()) << std::endl;
  int received = 0;
  while (sigwait(&signals, &received) == 0 && received == SIGUSR1) {
    server->Change([&](FakeLog&) {
      server->on_head = nullptr;
      lie->tell(liar);
      ShowCosignatures(flags.cosignatures, *server);
    });
    std::cout << "lying";
    if (liar.about) std::cout << " about=" << ToHex(*liar.about);
    std::cout << std::endl;
  }
  server.reset();  // before the liar, whom its calls ask
  return 0;
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  setlog::Flags flags;
  CLI::App app("Serves a small log, and tells one lie about it.", "lying_server");
  app.add_option("--lie", flags.lie, "which one, of those below")->required();
  app.add_option("--listen", flags.listen, "gRPC: unix:PATH or 127.0.0.1:PORT")
      ->required();
  app.add_option("--key", flags.key_file,
                 "a log's key file: the log is of its name, and signed by it");
  app.add_option("--cosignatures", flags.cosignatures,
                 "a directory of files of signature lines, each named for the size of "
                 "the head that they are added to");
  app.footer(setlog::ListOfLies());
  CLI11_PARSE(app, argc, argv);
  return setlog::Run(flags);
}
