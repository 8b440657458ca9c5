#include "model/sign_model.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "model/bundle_signature.h"
#include "model/certificate_chain.h"
#include "model/dsse.h"

namespace setlog {
namespace {

absl::Status Unsignable(const absl::Status& why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("this cannot be signed: %s", std::string(why.message())));
}

// As who verifies does it, but for roots, which are the verifier's.
absl::Status CheckWritten(std::string_view bytes, const EcdsaPublicKey& key) {
  const absl::StatusOr<ModelBundle> bundle = ParseModelBundle(bytes);
  if (!bundle.ok()) return bundle.status();
  if (absl::Status s = ParseStatement(bundle->payload).status(); !s.ok()) return s;
  if (std::holds_alternative<KeyMaterial>(bundle->material)) {
    return VerifyBundleSignature(*bundle, TrustedKey{key}).status();
  }
  return key.Verify(AsBytes(DssePae(bundle->payload)), AsBytes(bundle->signature));
}

}  // namespace

absl::Status CheckSigner(const EcdsaPublicKey& key, const SignerMaterial& material,
                         int64_t now_us) {
  const auto* chain = std::get_if<ChainMaterial>(&material);
  if (chain == nullptr) return absl::OkStatus();
  const absl::StatusOr<CertifiedSigner> certified =
      CheckOwnChain(chain->certificates, now_us);
  if (!certified.ok()) return Unsignable(certified.status());
  if (certified->key.Hint() == key.Hint()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the private key is not that of the signing certificate");
}

ModelStatement StatementOf(const ModelTree& tree, std::vector<ModelResource> resources,
                           const Serialization& how) {
  return {
      .subject = tree.subject, .serialization = how, .resources = std::move(resources)};
}

void NameAsPython(const ModelTree& tree, ModelStatement& statement) {
  if (!tree.single_file || statement.resources.size() != 1) return;
  statement.resources[0].name = std::string(1, '.');
}

absl::StatusOr<std::string> SignModel(const ModelStatement& statement,
                                      const EcdsaPrivateKey& key,
                                      const SignerMaterial& material) {
  const EcdsaPublicKey public_key = key.public_key();
  const int64_t now_us = absl::ToUnixMicros(absl::Now());
  if (absl::Status s = CheckSigner(public_key, material, now_us); !s.ok()) return s;
  ModelBundle bundle;
  bundle.payload = FormatStatement(statement);
  absl::StatusOr<std::string> signature = key.Sign(AsBytes(DssePae(bundle.payload)));
  if (!signature.ok()) return signature.status();
  bundle.signature = *std::move(signature);
  std::visit([&bundle](const auto& of) { bundle.material = of; }, material);
  std::string bytes = FormatModelBundle(bundle);
  if (absl::Status s = CheckWritten(bytes, public_key); !s.ok()) return Unsignable(s);
  return bytes;
}

}  // namespace setlog
