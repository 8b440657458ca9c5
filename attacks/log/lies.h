// attacks/log/lies.h -- what the server of a log can lie about, one lie at a time.
//
//   FakeServer server("unix:socket");
//   server.Create("example.org/a");
//   FillExample(server.log());
//   Liar liar{server};
//   FindLie("Fork")->tell(liar);             // from now on, to everybody
//
// Tests tell them in-process (tests/cli_liar_test.cc), attacks by a program of their
// own (lying_server.cc). Not thread-safe: tell between calls, or in FakeServer::Change.
#ifndef SETLOG_ATTACKS_LOG_LIES_H_
#define SETLOG_ATTACKS_LOG_LIES_H_

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/fake_prover.h"
#include "fakes/fake_server.h"

namespace setlog {

// "one" is in the set, "two" was removed from it, "never" never was. Positions: 0
// manifest, 1 index m = 1, 2 add one, 3 add two, 4 remove two, 5 index m = 5 (n = 1), 6
// tag v1. A private log holds the labels under the prover's key instead.
void FillExample(FakeLog& log, const FakeProver* prover = nullptr);

// Stays as long as its server does.
struct Liar {
  FakeServer& server;
  FakeProver* prover = nullptr;     // of a private log
  std::unique_ptr<FakeLog> shadow;  // another log, whose answers are shown
  std::optional<Hash> about;        // the record lied about, where the lie chooses it

  FakeLog& log() { return server.log(); }
  // The head shows this entry of the log as its newest index entry.
  void ShowAsIndex(uint64_t position);
  // Another history under the same key.
  void Rewrite(uint64_t size);
  // The newest index entry is of a set with "never" in the place of "one".
  void ShowWrongSet();
};

struct Lie {
  std::string name;
  std::string says;  // in a few words, for people
  std::function<void(Liar&)> tell;
  bool of_private_log = false;
};

std::span<const Lie> Lies();
// Null if none has this name.
const Lie* FindLie(std::string_view name);

// What is not escaped would be a second line of standard output, or steer the terminal.
std::string LooksLikeAVerdict();

// Changes the last bit.
void Flip(std::string* bytes);

// Lies()' parts: of heads and tree proofs; of sets, and appends to them; of single
// answers, also of provers.
std::vector<Lie> HeadLies();
std::vector<Lie> SetLies();
std::vector<Lie> AnswerLies();

}  // namespace setlog

#endif  // SETLOG_ATTACKS_LOG_LIES_H_
