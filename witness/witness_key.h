// witness/witness_key.h -- a witness's key, and the one memory that it cosigns with.
//
//   absl::StatusOr<SigningKey> key = OpenWitnessKey(
//       {.directory = "state", .file = "w.key", .name = "witness.example/w1"});
//
//   w.key                  the skey: client/key_file.h
//   w.key.state            the marker: which state the key cosigns with
//   state/cosigned/state   the same bytes: which state this is
//
//   setlog witness state LF
//   id <32 hex digits> LF
//   key <vkey> LF
//
// A key that meets an empty state takes every log for a first contact, and would cosign
// a second history. So a key that was there before its state is refused, marker or not:
// nobody can tell it from one whose state was lost. The first start writes the state,
// then the marker, then the key: a kill between them leaves no key that could have
// cosigned. What nobody can see is an older copy of the same state.
#ifndef SETLOG_WITNESS_WITNESS_KEY_H_
#define SETLOG_WITNESS_WITNESS_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "log/skey.h"

namespace setlog {

struct WitnessKeyOptions {
  std::string directory;   // of the state
  std::string file;        // of the key
  std::string name;        // makes the key under it if there is no file; "" = never
  bool new_state = false;  // begins with this state, whatever the key cosigned before
};

// The key of the file, bound to the state; both are made if neither is there. What a
// release before the marker has cosigned counts as bound. All that is written is
// durable on OK, and held under the lock of the state.
//
// InvalidArgument if there is no key and no name, or the key has another one;
// FailedPrecondition, which says what to do, for a state in use, of another key or not
// this key's, and for `new_state` where there is nothing to accept: it must not become
// a habit. DataLoss for a damaged state file.
absl::StatusOr<SigningKey> OpenWitnessKey(const WitnessKeyOptions& options);

}  // namespace setlog

#endif  // SETLOG_WITNESS_WITNESS_KEY_H_
