#include "tools/signed_data.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/show_bytes.h"
#include "tools/model_report.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

std::string NameOf(const ModelSigner& signer) {
  if (signer.method != "key") {
    return ShowForeign(signer.names.empty() ? signer.subject : signer.names[0]);
  }
  return absl::StrFormat("the %s key %s", signer.curve, signer.hint);
}

ExitCode NoData(const std::string& model, const absl::Status& why, Output& out) {
  if (absl::IsInvalidArgument(why)) return out.Fail(why);
  const std::string words(why.message());
  out.Verdict({{"verdict", WordOf(why)}, {"model", model}, {"error", words}},
              WordOf(why), ": " + words);
  return ExitCode::kUnverified;
}

std::string ClaimDetail(const SignedData& data, const DataHead& head) {
  return absl::StrFormat(
      "  model   %s, signed by %s\n"
      "          Its signer says that it was trained on %s; the log shows\n"
      "          what is in that set, and not what anybody trained on",
      data.model, data.signer, head.Name());
}

}  // namespace

void AddSignedDataFlags(CLI::App& app, SignedDataFlags& flags) {
  AddModelCheckFlags(app, flags.check);
  AddKeyFlags(app, flags.check);
  AddCertificateFlags(app, flags.check);
  AddSigstoreFlags(app, flags.check);
  // One of the three ways, and what goes with it.
  CLI::Option* key = app.get_option("--public-key")->required(false);
  CLI::Option* chain = app.get_option("--certificate-chain")->required(false);
  CLI::Option* root = app.get_option("--trusted-root")->required(false);
  chain->excludes(key);
  root->excludes(key)->excludes(chain);
  for (const char* name : {"--identity", "--identity-provider"}) {
    CLI::Option* option = app.get_option(name)->required(false)->needs(root);
    root->needs(option);
  }
  app.add_option("--data", flags.data,
                 "of the versions that the model names, this one only; may be repeated")
      ->type_name("ORIGIN@TAG")
      ->expected(1)
      ->take_all();
  AddVerdictFlags(app, flags.trust);
}

std::variant<ExitCode, SignedData> OpenSignedData(const SignedDataFlags& flags,
                                                  Output& out) {
  const ModelCheckFlags& check = flags.check;
  if (check.public_key.empty() && check.chain.empty() && check.trusted_root.empty()) {
    return out.Fail(absl::InvalidArgumentError(
        "whose signature is believed? --public-key PEM, --certificate-chain PEM, or "
        "--trusted-root FILE with --identity and --identity-provider"));
  }
  const absl::StatusOr<CheckedModel> checked = CheckModel(check, out);
  if (!checked.ok()) return PrintUndecided(checked.status(), check, out);
  if (!checked->verified()) {
    PrintReport(ReportOf(check, *checked), check, *checked, out);
    out.Detail("  So nothing that it says of its data was looked at.");
    return ExitCode::kUnverified;
  }
  absl::StatusOr<std::vector<DataHead>> heads =
      SignedDataHeads(check.model, checked->claimed->statement);
  // What is wrong with the file is no mistake of who asks.
  if (!heads.ok() && !absl::IsUnimplemented(heads.status())) {
    return NoData(check.model, absl::DataLossError(heads.status().message()), out);
  }
  if (heads.ok()) heads = HeadsNamed(*std::move(heads), flags.data);
  if (!heads.ok()) return NoData(check.model, heads.status(), out);
  return SignedData{.model = check.model,
                    .signer = NameOf(checked->claimed->signer),
                    .heads = *std::move(heads)};
}

ExitCode AnswerEach(const SignedData& data, Output& out,
                    const std::function<ExitCode(const DataHead&)>& answer) {
  out.AddToResults("model", data.model);
  ExitCode worst = ExitCode::kHolds;
  for (const DataHead& head : data.heads) {
    worst = Worst(worst, answer(head));
    out.Detail(ClaimDetail(data, head));
  }
  return worst;
}

std::string WhyNotBelieved(const DataHead& head, const JudgedHead& judged) {
  std::string why(judged.status.message());
  if (absl::IsNotFound(judged.status)) {
    absl::StrAppendFormat(&why, " (the signer names %s)",
                          FormatVkey(head.version.log_key));
  }
  return why;
}

}  // namespace setlog
