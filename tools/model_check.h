// tools/model_check.h -- a model on the disk against its signature: what `model verify`
// does, and what every command that takes a model's word for something begins with.
//
//   ModelCheckFlags flags;  AddModelCheckFlags(app, flags);  AddKeyFlags(app, flags);
//   absl::StatusOr<CheckedModel> checked = CheckModel(flags, session.out);
//   if (!checked.ok()) return out.Fail(checked.status());  // nothing was decided
//   if (!checked->verified()) return PrintRefused(flags, *checked, out);
#ifndef SETLOG_TOOLS_MODEL_CHECK_H_
#define SETLOG_TOOLS_MODEL_CHECK_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/verify_model.h"
#include "tools/cli_types.h"
#include "tools/output.h"

namespace setlog {

struct ModelCheckFlags {
  std::string model;
  std::string signature;
  std::vector<std::string> ignore_paths;
  bool ignore_unsigned = false;
  bool allow_symlinks = false;
  // Whom to trust: by one of these three.
  std::string public_key;          // PEM file
  std::vector<std::string> chain;  // PEM files
  ExpectedSigner expected;         // of a certificate
  std::optional<std::string> at;   // RFC 3339; default: now
  std::string trusted_root;        // file of Sigstore's
  ExpectedIdentity identity;
};

// MODEL, --signature and how the directory is read.
void AddModelCheckFlags(CLI::App& app, ModelCheckFlags& flags);
// Whom to trust: --public-key; --certificate-chain, --trusted-root and what goes with
// them.
void AddKeyFlags(CLI::App& app, ModelCheckFlags& flags);
void AddCertificateFlags(CLI::App& app, ModelCheckFlags& flags);
void AddSigstoreFlags(CLI::App& app, ModelCheckFlags& flags);

struct CheckedModel {
  // Not OK: why the signature file was refused, and no file looked at.
  absl::Status refused;
  std::optional<SignedModel> claimed;
  std::vector<ModelDifference> differences;
  std::vector<std::string> warnings;
  uint64_t files = 0;
  uint64_t bytes = 0;
  double seconds = 0;

  bool verified() const { return refused.ok() && claimed && differences.empty(); }
  // Nothing speaks against the model, but not all of it could be read here.
  bool undecided() const;
};

// Draws a progress bar; Ctrl-C ends it (Cancelled). An error is what kept it from a
// decision: no such file, a key that is none, a digest that is not known here.
absl::StatusOr<CheckedModel> CheckModel(const ModelCheckFlags& flags,
                                        const Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_MODEL_CHECK_H_
