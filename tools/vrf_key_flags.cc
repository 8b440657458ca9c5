#include "tools/vrf_key_flags.h"

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "client/key_file.h"
#include "tools/passphrase.h"

namespace setlog {

void AddVrfKeyFlags(CLI::App& app, VrfKeyFlags& flags, const char* what) {
  app.add_option("--vrf-key", flags.file, what)->type_name("FILE");
  AddVrfPassphraseFile(app, flags.passphrase_file);
}

void AddVrfPassphraseFile(CLI::App& app, std::string& passphrase_file) {
  app.add_option("--vrf-passphrase-file", passphrase_file,
                 "its first line opens an encrypted --vrf-key (default: "
                 "SETLOG_VRF_PASSPHRASE_FILE, else the terminal is asked)")
      ->type_name("FILE")
      ->needs("--vrf-key");
}

absl::StatusOr<VrfSecretKey> LoadVrfKey(const VrfKeyFlags& flags) {
  if (flags.file.empty()) {
    return absl::InvalidArgumentError(
        "no VRF key was named: give --vrf-key FILE (setlog key vrf makes one)");
  }
  return ReadVrfKeyFile(flags.file, [&flags] {
    return OldPassphrase(
        flags.file, PassphraseFileNamed(flags.passphrase_file),
        std::string("--vrf-passphrase-file or ") + kPassphraseFileVariable);
  });
}

}  // namespace setlog
