// tools/vrf_flags.h -- who makes the labels of a private log, as flags name it.
//
//   VrfFlags flags;                 // --vrf-key FILE, or --prover HOST:PORT
//   AddVrfFlags(app, flags);
//   if (manifest.labels || flags.named()) {
//     absl::StatusOr<std::unique_ptr<VrfSource>> vrf =
//         OpenVrfSource(flags, session.server, manifest, log.connection());
//   }
//
// Without flags it is the log's own server. Errors of a prover name it and say what to
// do, so they need no LogSession::Explain, which leaves them as they are.
#ifndef SETLOG_TOOLS_VRF_FLAGS_H_
#define SETLOG_TOOLS_VRF_FLAGS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/vrf_source.h"
#include "log/manifest.h"
#include "tools/cli_types.h"
#include "tools/command.h"
#include "tools/vrf_key_flags.h"

namespace setlog {

struct VrfFlags {
  VrfKeyFlags key;
  std::string prover;  // an address
  // Of --token-file, --insecure-plaintext and --client-cert nothing is for the prover.
  std::string prover_token_file;
  bool prover_insecure_plaintext = false;

  bool named() const { return !key.file.empty() || !prover.empty(); }
};

// --vrf-key and --vrf-passphrase-file, or --prover and --prover-token-file.
void AddVrfFlags(CLI::App& app, VrfFlags& flags);

// The key, read and found to be that of the manifest, with as many threads as the
// machine has; or a prover, which is not asked yet. `connection` is the one to --server
// and must outlive it. InvalidArgument for a plain log, or flags that make no sense;
// FailedPrecondition for another key than the manifest's; else the error of reading the
// key. One caller at a time.
absl::StatusOr<std::unique_ptr<VrfSource>> OpenVrfSource(const VrfFlags& flags,
                                                         const ServerFlags& server,
                                                         const Manifest& manifest,
                                                         const Connection& connection);

}  // namespace setlog

#endif  // SETLOG_TOOLS_VRF_FLAGS_H_
