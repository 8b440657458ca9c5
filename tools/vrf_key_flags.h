// tools/vrf_key_flags.h -- the VRF key of a private log, as flags name it.
//
//   VrfKeyFlags flags;
//   AddVrfKeyFlags(app, flags, "the log's VRF key: labels are made here");
//   if (!flags.file.empty()) {
//     absl::StatusOr<VrfSecretKey> key = LoadVrfKey(flags);
//   }
//
// The one way by which programs come to a VRF key, so that what a key file may look
// like, and where a passphrase is taken from, is the same everywhere. Not thread-safe:
// it may ask on the terminal.
#ifndef SETLOG_TOOLS_VRF_KEY_FLAGS_H_
#define SETLOG_TOOLS_VRF_KEY_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "log/vrf.h"
#include "tools/cli_types.h"

namespace setlog {

struct VrfKeyFlags {
  std::string file;  // empty: none was named
  std::string passphrase_file;
};

// --vrf-key FILE, with `what` as its help, and --vrf-passphrase-file FILE.
void AddVrfKeyFlags(CLI::App& app, VrfKeyFlags& flags, const char* what);
// The second alone, behind a --vrf-key of another kind.
void AddVrfPassphraseFile(CLI::App& app, std::string& passphrase_file);

// The key in the file; of an encrypted one the passphrase is read from the file named,
// else from that which SETLOG_VRF_PASSPHRASE_FILE names, else asked on the terminal:
// before anything else is read from standard input, and before there are threads.
// InvalidArgument if no key was named, NotFound if there is no such file;
// FailedPrecondition, with the remedy, if others may read it, it holds no VRF key, the
// passphrase is wrong, or there is nobody to ask for it. Half a second if encrypted.
absl::StatusOr<VrfSecretKey> LoadVrfKey(const VrfKeyFlags& flags);

}  // namespace setlog

#endif  // SETLOG_TOOLS_VRF_KEY_FLAGS_H_
