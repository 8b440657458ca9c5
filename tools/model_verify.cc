// `setlog model verify`: are these the files that were signed?

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "tools/data_report.h"
#include "tools/model_check.h"
#include "tools/model_commands.h"
#include "tools/model_report.h"
#include "tools/trust_flags.h"
#include "tools/verdict.h"
#include "tools/verify_flags.h"

namespace setlog {
namespace {

struct VerifyFlags {
  ModelCheckFlags check;
  TrustFlags trust;  // of the logs whose data the model names
};

ExitCode Verify(const VerifyFlags& flags, Output& out) {
  const ModelCheckFlags& check = flags.check;
  const absl::StatusOr<CheckedModel> checked = CheckModel(check, out);
  if (!checked.ok()) return PrintUndecided(checked.status(), check, out);
  Json report = ReportOf(check, *checked);
  if (!checked->verified()) return PrintReport(report, check, *checked, out);
  const DataReport data =
      ReportData(check.model, checked->claimed->statement, flags.trust, out);
  if (data.code == ExitCode::kUsage) {
    return out.Fail(absl::InvalidArgumentError(data.error));
  }
  report["data"] = data.json;
  if (data.conviction) {
    return PrintMemoryConviction(*data.conviction, std::move(report), out);
  }
  if (data.code != ExitCode::kHolds) {
    report["verdict"] = kUnverified;
    report["error"] = data.error;
  }
  PrintReport(report, check, *checked, out);
  for (const std::string& line : data.lines) out.Detail(line);
  return data.code;
}

}  // namespace

Runner DeclareModelVerify(CLI::App& app) {
  auto flags = std::make_unique<VerifyFlags>();
  app.require_subcommand(1);
  CLI::App* key = app.add_subcommand("key", "signed with a key that you have");
  CLI::App* certificate = app.add_subcommand(
      "certificate", "signed under a certificate whose root you have");
  CLI::App* sigstore = app.add_subcommand(
      "sigstore", "signed without a key of one's own; judged offline");
  for (CLI::App* method : {key, certificate, sigstore}) {
    method->fallthrough();
    AddModelCheckFlags(*method, flags->check);
    AddVerdictFlags(*method, flags->trust);
  }
  AddKeyFlags(*key, flags->check);
  AddCertificateFlags(*certificate, flags->check);
  AddSigstoreFlags(*sigstore, flags->check);
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
      "Of a model that names the data it was trained on (`setlog model sign --data`), "
      "the\n"
      "versions are verified under the keys that are known for their logs; with --key "
      "or\n"
      "--policy all must be, else they are the signer's claims.\n\n"
      "Exit codes: 0 VERIFIED; 1 REFUSED, with all that differs; 2 usage, or a file "
      "that\n"
      "is missing; 3 nothing was decided (interrupted; a digest that is not known "
      "here).");
  return [flags = std::move(flags)](Session& session) {
    return Verify(*flags, session.out);
  };
}

}  // namespace setlog
