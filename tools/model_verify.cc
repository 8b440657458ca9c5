// `setlog model verify`: are these the files that were signed?

#include <memory>
#include <utility>

#include "tools/model_check.h"
#include "tools/model_commands.h"
#include "tools/model_report.h"

namespace setlog {
namespace {

ExitCode Verify(const ModelCheckFlags& flags, Output& out) {
  const absl::StatusOr<CheckedModel> checked = CheckModel(flags, out);
  if (!checked.ok()) return PrintUndecided(checked.status(), flags, out);
  // What a verified model says of itself (its training data) is judged from here on.
  return PrintReport(ReportOf(flags, *checked), flags, *checked, out);
}

}  // namespace

Runner DeclareModelVerify(CLI::App& app) {
  auto flags = std::make_unique<ModelCheckFlags>();
  app.require_subcommand(1);
  CLI::App* key = app.add_subcommand("key", "signed with a key that you have");
  CLI::App* certificate = app.add_subcommand(
      "certificate", "signed under a certificate whose root you have");
  CLI::App* sigstore = app.add_subcommand(
      "sigstore", "signed without a key of one's own; judged offline");
  for (CLI::App* method : {key, certificate, sigstore}) {
    method->fallthrough();
    AddModelCheckFlags(*method, *flags);
  }
  AddKeyFlags(*key, *flags);
  AddCertificateFlags(*certificate, *flags);
  AddSigstoreFlags(*sigstore, *flags);
  key->footer(
      "Example:\n"
      "  setlog model verify key demo --signature demo.sig --public-key signer.pub\n"
      "  VERIFIED demo is what was signed as \"demo\": 4 files ...\n");
  certificate->footer(
      "Example:\n"
      "  setlog model verify certificate demo --signature demo.sig \\\n"
      "      --certificate-chain root.pem --expect-san ml@example.org\n\n"
      "Every certificate of the chain must be valid now, or --at another time. "
      "Without\n"
      "--expect-... anybody whom the root certified may have signed.");
  sigstore->footer(
      "Example:\n"
      "  setlog model verify sigstore demo --signature demo.sig \\\n"
      "      --trusted-root trusted_root.json --identity ml@example.org \\\n"
      "      --identity-provider https://accounts.example.org\n\n"
      "The certificate, the log's entry and the times must be in the signature file;\n"
      "nothing is fetched.");
  app.footer(
      "Exit codes: 0 VERIFIED; 1 REFUSED, with all that differs; 2 usage, or a file "
      "that\n"
      "is missing; 3 nothing was decided (interrupted; a digest that is not known "
      "here).");
  return [flags = std::move(flags)](Session& session) {
    return Verify(*flags, session.out);
  };
}

}  // namespace setlog
