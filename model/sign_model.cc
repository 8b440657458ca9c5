#include "model/sign_model.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "model/certificate_chain.h"
#include "model/dsse.h"

namespace setlog {
namespace {

absl::Status CheckOwn(const EcdsaPublicKey& key, const SignerMaterial& material) {
  const auto* chain = std::get_if<ChainMaterial>(&material);
  if (chain == nullptr) return absl::OkStatus();
  if (chain->certificates.empty()) {
    return absl::InvalidArgumentError("there is no signing certificate");
  }
  const absl::StatusOr<CertifiedSigner> certified =
      DescribeCertificate(chain->certificates[0]);
  if (!certified.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the signing certificate: %s", certified.status().message()));
  }
  if (certified->key.Hint() == key.Hint()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the private key is not that of the signing certificate");
}

}  // namespace

ModelStatement StatementOf(const ModelTree& tree, std::vector<ModelResource> resources,
                           const Serialization& how) {
  return {
      .subject = tree.subject, .serialization = how, .resources = std::move(resources)};
}

void NameAsPython(const ModelTree& tree, ModelStatement& statement) {
  if (!tree.single_file || statement.resources.size() != 1) return;
  statement.resources[0].name = ".";
}

absl::StatusOr<std::string> SignModel(const ModelStatement& statement,
                                      const EcdsaPrivateKey& key,
                                      const SignerMaterial& material) {
  const EcdsaPublicKey public_key = key.public_key();
  if (absl::Status s = CheckOwn(public_key, material); !s.ok()) return s;
  ModelBundle bundle;
  bundle.payload = FormatStatement(statement);
  if (const auto parsed = ParseStatement(bundle.payload); !parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("this cannot be signed: %s", parsed.status().message()));
  }
  absl::StatusOr<std::string> signature = key.Sign(AsBytes(DssePae(bundle.payload)));
  if (!signature.ok()) return signature.status();
  bundle.signature = *std::move(signature);
  std::visit([&bundle](const auto& of) { bundle.material = of; }, material);
  return FormatModelBundle(bundle);
}

}  // namespace setlog
